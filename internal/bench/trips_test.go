package bench_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// takeAway makes a subset of a database that is far away, in a file.
func takeAway(t *testing.T, url, file string) {
	t.Helper()
	to, err := sink.Open(file, sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	source, err := subset.Open(t.Context(), plan.Spec{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	p, err := source.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Run(t.Context(), p, to, nil); err != nil {
		t.Fatal(err)
	}
	if err := source.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestTrips_OfTheShopAreFew counts round trips, not seconds: with -v it lists
// them.
func TestTrips_OfTheShopAreFew(t *testing.T) {
	const most = 300
	far := pgtest.NewFar(t, small(t), 40*time.Millisecond)
	takeAway(t, far.URL, filepath.Join(t.TempDir(), "shop.sql.zst"))
	t.Log(far)
	if n := far.Depth(); n > most {
		t.Errorf("%.1f round trips one behind the other, not %d", n, most)
	}
}
