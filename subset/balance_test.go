package subset_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
)

// samples are databases that no one on this project wrote.
var samples = map[string][]string{
	"pagila":  {"pagila.sql"},
	"sakila":  {"sakila-schema.sql", "sakila-data.sql"},
	"chinook": {"chinook.sql"},
}

func loadSample(t *testing.T, files []string) string {
	t.Helper()
	var paths []string
	for _, f := range files {
		paths = append(paths, pgtest.Data(t, f))
	}
	url := pgtest.New(t)
	for _, p := range paths {
		pgtest.Load(t, url, p)
	}
	return url
}

func TestExplore(t *testing.T) {
	for name, files := range samples {
		t.Run(name, func(t *testing.T) {
			url := loadSample(t, files)
			r := take(t, subset.Spec{URL: url, Seed: 1}, &memory{})
			t.Logf("%d of %d target %d over %d in %.2fs %v", r.Rows, r.SourceRows, r.Target, r.Overflow, r.Seconds, r.Steps)
			for _, tab := range r.Tables {
				t.Logf("%-20s %6d target %5d rows %5d (%.2f) sampled %5d forced %5d %v", tab.Name, tab.Source, tab.Target, tab.Rows, float64(tab.Rows)/float64(tab.Target), tab.Sampled, tab.Forced, tab.ForcedBy)
			}
		})
	}
}
