package bench_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/bench"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// far is archive, of a source that lies so far away. What was waited for is
// listed beside the results.
func far(roundTrip time.Duration) func(*testing.B, *round) bench.Cost {
	return func(b *testing.B, r *round) bench.Cost {
		way := pgtest.NewFar(b, r.url, roundTrip)
		cost := archiveOf(b, r, way.URL)
		cost.Trips = int64(math.Ceil(way.Depth()))
		list := filepath.Join(results, "turns-"+roundTrip.String()+".txt")
		if err := os.MkdirAll(results, 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(list, []byte(way.String()), 0o644); err != nil {
			b.Fatal(err)
		}
		return cost
	}
}
