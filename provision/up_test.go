package provision_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
)

func isNoPreview(err error) bool { return errors.Is(err, provision.ErrNoPreview) }

func isOthers(err error) bool {
	var others *provision.OthersError
	return errors.As(err, &others)
}

func addPrice() *provision.Migrate {
	return &provision.Migrate{
		Service: "tool",
		Command: []string{"psql", "-X", "-c", "ALTER TABLE product ADD price int DEFAULT 7"},
	}
}

func TestUp_MakesAPreviewAndUpdatesItInPlace(t *testing.T) {
	f := newFixture(t, 12).alone().built()
	f.options.Archive = f.archive("apple")
	f.options.Migrate = addPrice()
	first := f.up()
	f.assertServes(first.Links[0], "one")
	if got := f.sql("SELECT name, price FROM product"); got != "apple|7" {
		t.Errorf("database holds %q", got)
	}
	t.Log(first.Timings)
	if first.Loaded == nil || first.Migrated == nil ||
		!strings.Contains(strings.Join(first.Migrated.Output, " "), "ALTER TABLE") {
		t.Errorf("result %+v", first)
	}
	if diff := cmp.Diff([]provision.Table{{Name: "public.product", Rows: 1}}, first.Loaded.Tables); diff != "" {
		t.Error("tables", diff)
	}
	f.sql("INSERT INTO product VALUES ('clicked')")
	f.assertPlanOnlyLooks(first)

	stop := f.watch(first.Links[0])
	f.options.Source.Env["GREETING"] = "two"
	f.options.Archive = f.archive("pear")
	second := f.up()
	if seen := stop(); seen != "" {
		t.Errorf("while it was updated the link gave %s", seen)
	}
	f.assertServes(second.Links[0], "two")
	if second.Links[0] != first.Links[0] {
		t.Errorf("the link changed from %v to %v", first.Links[0], second.Links[0])
	}
	if got := f.sql("SELECT name, price FROM product"); got != "pear|7" {
		t.Errorf("database holds %q after the update", got)
	}
	f.assertOneGeneration(second.Generation)

	if _, err := f.engine.Down(t.Context(), f.options.Preview, provision.Guard{}, nil); err != nil {
		t.Fatal(err)
	}
	f.assertNothingLeft(t.Context())
	if _, err := f.engine.Down(t.Context(), f.options.Preview, provision.Guard{}, nil); !isNoPreview(err) {
		t.Errorf("second down: %v", err)
	}
}

// watch asks for a link all the time until it is stopped, which returns the
// first answer that was not of a preview.
func (f *fixture) watch(link provision.Link) (stop func() string) {
	ctx, cancel := context.WithCancel(f.t.Context())
	bad := make(chan string, 1)
	go func() {
		defer close(bad)
		for ctx.Err() == nil {
			if status, body := get(f.t, link.URL); status != 200 || body != "one" && body != "two" {
				bad <- body
				return
			}
			time.Sleep(10 * time.Millisecond) // the update needs the processors too
		}
	}()
	return func() string { cancel(); return <-bad }
}

func TestUp_ThatFailsKeepsServingWhatServed(t *testing.T) {
	f := newLight(t, 5)
	served := f.up()
	healthy := *f

	cases := map[string]struct {
		change func()
		step   provision.Step
		tail   string
	}{
		"migration": {
			func() {
				f.write("compose.yaml", composeFile)
				f.options.Migrate = &provision.Migrate{
					Service: "tool",
					Command: []string{"psql", "-X", "-c", "SELECT * FROM nowhere"},
				}
			}, provision.StepMigrate, `relation "nowhere" does not exist`,
		},
		"build": {
			func() {
				f.built()
				f.write("Dockerfile",
					"FROM scratch\nCOPY program /program\nRUN [\"/program\", \"fail\", \"out of luck\"]\n")
			},
			provision.StepImages, "out of luck",
		},
		"service that ends": {
			func() {
				f.write("compose.yaml", strings.Replace(lightFile, `[web, ":8000"]`, `[fail, "cannot go on"]`, 1))
			}, provision.StepReady, "cannot go on",
		},
		"port without a server": {
			func() {
				f.options.Timeout = 5 * time.Second // which the services have to be there as well
				f.options.Expose = map[string]int{"web": 8001}
			}, provision.StepReady, "listening on",
		},
		"archive": {
			func() {
				f.write("compose.yaml", composeFile)
				f.options.Archive = f.write("broken.sql",
					"CREATE TABLE a (b int);\nCOPY a FROM stdin;\nverysecret\n\\.\n")
			}, provision.StepLoad, "COPY a, line 1, column b",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f.t = t
			f.options = healthy.options
			f.write("compose.yaml", lightFile)
			c.change()
			_, err := f.tryUp()
			var failed *provision.StepError
			if !errors.As(err, &failed) || failed.Step != c.step {
				t.Fatalf("error %v, want a failure of %s", err, c.step)
			}
			if tail := strings.Join(failed.Tail, "\n"); !strings.Contains(tail, c.tail) ||
				strings.Contains(tail+err.Error(), "verysecret") {
				t.Errorf("tail %q (%v), want %q in it", tail, err, c.tail)
			}
			f.assertServes(served.Links[0], "one")
			f.assertOneGeneration(served.Generation)
		})
	}
	f.t = t
}

func TestUp_FirstOneThatFailsLeavesNothing(t *testing.T) {
	f := newLight(t, 6).alone()
	f.options.Migrate = &provision.Migrate{Service: "tool", Command: []string{"fail", "no"}}
	_, err := f.tryUp()
	var failed *provision.StepError
	if !errors.As(err, &failed) || failed.Kept {
		t.Fatalf("error %v", err)
	}
	f.assertNothingLeft(t.Context())

	f.options.Keep = true
	if _, err = f.tryUp(); !errors.As(err, &failed) || !failed.Kept {
		t.Fatalf("error %v", err)
	}
	status, err := f.engine.Get(t.Context(), f.options.Preview)
	if err != nil || status.State != provision.Incomplete {
		t.Errorf("status %+v, %v", status, err)
	}
}

func TestUp_KeepDataCarriesTheVolumesOver(t *testing.T) {
	f := newFixture(t, 7)
	f.options.Archive = f.archive("apple")
	link := f.up().Links[0]
	f.sql("INSERT INTO product VALUES ('clicked')")
	f.options.KeepData = true
	f.options.Source.Env["GREETING"] = "two"
	f.write("compose.yaml", strings.Replace(composeFile, "POSTGRES_DB: shop,", "POSTGRES_DB: renamed,", 1))

	f.options.Migrate = &provision.Migrate{Service: "tool", Command: []string{"false"}}
	if _, err := f.tryUp(); err == nil {
		t.Fatal("no error of a failed migration")
	}
	f.assertServes(link, "one")
	if got := f.sql("SELECT string_agg(name, ',' ORDER BY name) FROM product"); got != "apple,clicked" {
		t.Errorf("after a failed update the database holds %q", got)
	}
	if !f.upAndDie(provision.StepMigrate, provision.Began) {
		t.Error("was not killed")
	}
	if status, _ := get(t, link.URL); status != 503 {
		t.Errorf("while stopped the link answers %d", status)
	}
	f.options.Migrate = nil
	result := f.up()
	f.assertServes(link, "two")
	if got := f.sql("SELECT string_agg(name, ',' ORDER BY name) FROM product"); got != "apple,clicked" || !result.Kept {
		t.Errorf("after the update the database holds %q, kept %v", got, result.Kept)
	}
	if result.Loaded != nil {
		t.Error("an archive was loaded over kept data")
	}
	if !f.noticed("the data that is kept has database shop, and db names renamed now") {
		t.Errorf("it is not said that the database is called otherwise: %+v", f.events)
	}
}

func TestUp_WhileAnotherRunsSaysWhoAndInterruptedLeavesNothing(t *testing.T) {
	f := newLight(t, 8).alone()
	ctx, interrupt := context.WithCancel(t.Context())
	var second error
	_, err := f.engine.Up(ctx, f.options, func(e provision.Event) {
		if e.Step == provision.StepDatabase && e.Kind == provision.Progress && ctx.Err() == nil {
			_, second = f.engine.Up(t.Context(), f.options, nil)
			interrupt()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	f.assertNothingLeft(t.Context())
	var locked *provision.LockedError
	if !errors.As(second, &locked) {
		t.Fatalf("second: %v", second)
	}
	if locked.Holder.Command != "up" || locked.Holder.PID == 0 || locked.Holder.User == "" ||
		len(hint.Of(second)) == 0 {
		t.Errorf("holder %+v, hints %q", locked.Holder, hint.Of(second))
	}
}

func TestUp_RefusesThePreviewOfAnotherRepositoryAndDownAllSparesIt(t *testing.T) {
	f := newLight(t, 9).alone()
	if !f.upAndDie(provision.StepImages, provision.Began) {
		t.Fatal("was not killed")
	}
	own, other := f.options.Preview.Repository, "example.com/other/"+f.options.Preview.Project
	f.options.Preview.Repository = other
	_, err := f.tryUp()
	if !errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), own) {
		t.Errorf("error %v", err)
	}
	if _, err := f.engine.DownAll(t.Context(), provision.Preview{Repository: other}, nil); !isNoPreview(err) {
		t.Errorf("down of all of another repository: %v", err)
	}
	removed, err := f.engine.DownAll(t.Context(), provision.Preview{Repository: own}, nil)
	if err != nil || len(removed.Volumes) != 1 {
		t.Errorf("removed %+v, %v", removed, err)
	}
	f.assertNothingLeft(t.Context())
}

func TestPreviews_SideBySideCannotReachEachOther(t *testing.T) {
	a := newLight(t, 1)
	b := a.neighbour(2)
	b.options.Source.Env["GREETING"] = "two"
	linkA, linkB := a.up().Links[0], b.up().Links[0]
	a.assertServes(linkA, "one")
	b.assertServes(linkB, "two")

	address := b.addressOf("db")
	if _, body := get(t, linkB.URL+"dial?to="+address+":5432"); body != "yes" {
		t.Errorf("its own database: %s", body)
	}
	// Whenever a network is made, as other tests do at this time, the engine takes the rule that keeps networks apart
	// out for a moment, to put it first again.
	body := "yes"
	for tries := 0; body == "yes" && tries < 5; tries++ {
		_, body = get(t, linkA.URL+"dial?to="+address+":5432")
	}
	if body != "no" {
		t.Errorf("another's database: %s", body)
	}
	host := strings.TrimSuffix(strings.TrimPrefix(linkB.URL, "http://"), "/")
	if _, body := get(t, linkA.URL+"get?from="+a.engine.Gateway+":8480&host="+host); body != "no answer" {
		t.Errorf("another's pages through the gateway: %s", body)
	}
	if _, err := a.engine.Down(t.Context(), a.options.Preview, provision.Guard{}, nil); err != nil {
		t.Fatal(err)
	}
	if status, _ := get(t, linkA.URL); status != 404 {
		t.Errorf("a removed preview answers %d", status)
	}
	b.assertServes(linkB, "two")
	previews, err := b.engine.List(t.Context(), provision.Filter{Repository: b.options.Preview.Repository})
	if err != nil || len(previews) != 1 || previews[0].State != provision.Serving || previews[0].Links[0] != linkB {
		t.Errorf("list %+v, %v", previews, err)
	}
	claim(t, "AndTheGatewayFollowsAContainerToItsNextAddress", func(*testing.T) { b.assertFollowed(linkB) }, b)
}

// addressOf is the address of a service's container in its own network.
func (f *fixture) addressOf(service string) string {
	f.t.Helper()
	containers, err := compose.List(f.t.Context(), f.engine.Docker,
		map[string]string{"dev.offshoot.preview": f.options.Preview.ID})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, c := range containers {
		if c.Service != service {
			continue
		}
		for _, address := range c.Networks {
			return address
		}
	}
	f.t.Fatalf("service %s has no address", service)
	return ""
}
