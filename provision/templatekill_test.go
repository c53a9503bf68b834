package provision_test

import (
	"compress/gzip"
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/offshoot-dev/offshoot/provision"
)

// slowArchive takes longer to load than the first word about its progress.
func (f *fixture) slowArchive(row string) string {
	f.t.Helper()
	var b strings.Builder
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, "CREATE TABLE public.product (name text NOT NULL);\nSELECT pg_catalog.pg_sleep(2);\n"+
		"INSERT INTO public.product VALUES ('"+row+"');\n")
	if err := w.Close(); err != nil {
		f.t.Fatal(err)
	}
	return f.write("slow.sql.gz", b.String())
}

func TestTemplate_IsMadeOnceByTwoUpsAtATime(t *testing.T) {
	f := newFixture(t, 42)
	other := fixtureOn(t, f.engine, f.options.Preview.Project, 43)
	f.options.Archive, f.options.NoTemplate = f.archive("Aster"), false
	other.options.Archive, other.options.NoTemplate = f.options.Archive, false
	var both sync.WaitGroup
	var results [2]*provision.Result
	var errs [2]error
	for i, one := range []*fixture{f, other} {
		both.Go(func() { results[i], errs[i] = one.tryUp() })
	}
	both.Wait()
	cloned := 0
	for i, one := range []*fixture{f, other} {
		if errs[i] != nil {
			t.Fatalf("%v\n%+v", errs[i], one.events)
		}
		if results[i].Loaded.Cloned != "" {
			cloned++
		}
		if got := one.sql("SELECT string_agg(name, ',') FROM product"); got != "Aster" {
			t.Errorf("it holds %q", got)
		}
	}
	if made := f.templates(); cloned != 1 || len(made) != 3 {
		t.Errorf("%d of the two are clones, of the templates %q", cloned, made)
	}
}

func TestTemplate_OfARunKilledInTheMiddleIsNotTakenForWhole(t *testing.T) {
	f := newFixture(t, 44)
	f.options.Archive, f.options.NoTemplate = f.slowArchive("Aster"), false
	if !f.upAndDie(provision.StepLoad, provision.Progress) {
		t.Fatal("not killed while it loads")
	}
	if got := f.templates(); len(got) != 0 {
		t.Fatalf("of a half loaded database: %q", got)
	}
	if !f.upAndDie(stepCopying, "") {
		t.Fatal("not killed while it copies")
	}
	left := f.templates()
	if len(left) != 1 {
		t.Fatalf("of a half copied database: %q", left)
	}
	// The template is another preview's as well, and what still writes to it goes.
	neighbour := fixtureOn(t, f.engine, f.options.Preview.Project, 45)
	neighbour.options.Archive, neighbour.options.NoTemplate = f.options.Archive, false
	if got := neighbour.up().Loaded; got.Cloned != "" {
		t.Error("the half of a template is cloned")
	}
	if got := f.templates(); len(got) != 2 || got[0] != left[0] {
		t.Errorf("made anew: %q, there was %q: %+v", got, left, neighbour.events)
	}
	if got := f.up().Loaded; got.Cloned == "" {
		t.Errorf("the template that was made anew is not cloned: %+v", f.events)
	}
	if got := f.sql("SELECT string_agg(name, ',') FROM product"); got != "Aster" {
		t.Errorf("the clone holds %q", got)
	}
}

// stepCopying stands for the moment at which a container copies a database into
// a template, of which there is no event.
const stepCopying provision.Step = "copying"

// dieCopying ends this process when a template of the gateway is being made.
func dieCopying(ctx context.Context, e provision.Engine, die func()) {
	for ctx.Err() == nil {
		found, err := e.Docker.Client().ContainerList(ctx, container.ListOptions{Filters: filters.NewArgs(
			filters.Arg("label", "dev.offshoot.via="+e.Gateway), filters.Arg("label", "dev.offshoot.seed"),
		)})
		if slices.ContainsFunc(found, func(c container.Summary) bool { return c.State == container.StateRunning }) {
			die()
		}
		if err != nil {
			os.Exit(2)
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
}
