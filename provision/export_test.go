package provision

import (
	"context"
	"os"
	"testing"

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
