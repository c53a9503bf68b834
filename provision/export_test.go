package provision

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/docker/docker/api/types/volume"

	"github.com/offshoot-dev/offshoot/compose"
)

// PostgresImage is what the databases of the tests run.
const PostgresImage = "postgres:15"

// Missing skips a test on a laptop, and fails it where everything has to be.
func Missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// NeedEngine connects to an engine that has the image.
func NeedEngine(t *testing.T) *compose.Engine {
	t.Helper()
	engine, err := compose.Connect(t.Context())
	if err != nil {
		Missing(t, "no docker engine: %v", err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	if _, err := engine.Client().ImageInspect(t.Context(), PostgresImage); err != nil {
		Missing(t, "no image %s: run testdata/machine/postgres-image", PostgresImage)
	}
	return engine
}

// EnsureGateway makes the gateway run without telling it any route.
func EnsureGateway(ctx context.Context, e Engine) error { return e.ensureGateway(ctx) }

// ThinTemplates keeps so many templates.
func ThinTemplates(ctx context.Context, e Engine, most int) error {
	return e.thinTemplates(ctx, most, DefaultTemplateSpace)
}

// Hold makes a gateway stay: it is marked that a preview is begun which nobody makes.
func Hold(ctx context.Context, e Engine, p Preview) error {
	return generation{Preview: p, Number: 1, Via: e.gateway()}.set(ctx, e.Docker.Client(), markBegun, nil)
}

// WouldClone names the template that an up wants, if it may have one, and tells whether it would begin with a clone of
// it. It does all that comes before, decides as an up does, and takes it back.
func WouldClone(
	ctx context.Context, e Engine, options Options, observe func(Event),
) (name string, clone bool, err error) {
	r := newRun(e, options, observe)
	if err := r.step(ctx, StepLock, r.takeLock); err != nil {
		return "", false, err
	}
	defer r.lock.release()
	if err := r.prepare(ctx); err != nil {
		return "", false, err
	}
	before := slices.DeleteFunc(r.loading(r.prepareCopies), func(t task) bool {
		return slices.Contains([]Step{StepDatabase, StepAccept, StepLoad}, t.name)
	})
	if err = r.perform(ctx, before); err == nil {
		err = r.settleDatabase(ctx)
	}
	if err == nil {
		r.template = r.wantedTemplate(ctx)
	}
	if err == nil && r.template.name != "" {
		clone, err = r.isWhole(ctx)
	}
	return r.template.name, clone, r.undo(ctx, err)
}

// PretendTemplate makes what looks like a whole template, and was never cloned.
func PretendTemplate(ctx context.Context, e Engine, name string) error {
	s := template{name: e.gateway() + "-seed-" + name}
	for _, volumeName := range []string{s.name, s.mark()} {
		options := volume.CreateOptions{Name: volumeName, Labels: e.templateLabels(s)}
		if _, err := e.Docker.Client().VolumeCreate(ctx, options); err != nil {
			return err
		}
	}
	return nil
}

// LoadInto fills a database of the preview that serves, as an up does.
func LoadInto(ctx context.Context, e Engine, p Preview, database, path string) error {
	s, g, err := e.find(ctx, p)
	if err != nil {
		return err
	}
	a, err := openArchive(path)
	if err != nil {
		return err
	}
	r := newRun(e, Options{}, nil)
	r.next = g
	for _, c := range s.containersOf(p.ID, g.Number) {
		if c.service() != g.Database {
			continue
		}
		if r.server, err = serverIn(ctx, e.Docker.Client(), c.ID); err != nil {
			return err
		}
		return r.failed(ctx, r.loadInto(ctx, r.server.using(database), "", a))
	}
	return ErrNoPreview
}
