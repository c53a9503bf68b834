package provision_test

import (
	"compress/gzip"
	"context"
	"io"
	"os"
	"slices"
	"strings"
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
