package score_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/score"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// fixture is a database of one of the project's schemas that tests share and
// none may change.
func fixture(t *testing.T, schema string) string {
	t.Helper()
	return pgtest.Shared(t, schema, func(url string) {
		pgtest.Load(t, url, filepath.Join("../../testdata/schemas", schema))
	})
}

// load is a fixture that the test may change.
func load(t *testing.T, schema string) string {
	t.Helper()
	return pgtest.Clone(t, fixture(t, schema))
}

// measure measures a target against its source.
func measure(t *testing.T, spec plan.Spec, target string) (*score.Score, error) {
	t.Helper()
	source, err := snapshot.Open(t.Context(), snapshot.Options{URL: spec.URL, Connections: spec.Connections})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := source.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	return score.Measure(t.Context(), source, spec, target, nil)
}

// scored is what measure returns, which must be a score.
func scored(t *testing.T, spec plan.Spec, target string) *score.Score {
	t.Helper()
	s, err := measure(t, spec, target)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
