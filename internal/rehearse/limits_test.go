package rehearse_test

import (
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// slow is a report of a rewrite that keeps everybody waiting for so many seconds in production, and of an index.
func slow(seconds float64) *rehearse.Report {
	there := &rehearse.Forecast{Seconds: seconds}
	return &rehearse.Report{Statements: []*rehearse.Statement{
		{
			Number: 1, Transaction: 1, Rewrites: []string{"public.t"}, Held: there,
			Locks: []rehearse.Lock{{Table: "public.t", Mode: "AccessExclusiveLock", Reads: true, Writes: true}},
		},
		{
			Number: 2, Transaction: 2, Builds: []rehearse.Build{{Index: "i", Table: "public.t"}}, Held: there,
			Locks: []rehearse.Lock{{Table: "public.t", Mode: "ShareLock", Writes: true}},
		},
	}}
}

func TestLimits_JudgeByTheTimeInProductionAndByWords(t *testing.T) {
	two, none := 2*time.Second, time.Duration(0)
	for name, c := range map[string]struct {
		limits rehearse.Limits
		report *rehearse.Report
		want   []string
	}{
		"none":                    {rehearse.Limits{}, slow(60), nil},
		"writes":                  {rehearse.Limits{BlockWrites: &two}, slow(3), []string{"limit for writes", "limit for writes"}},
		"writes, below":           {rehearse.Limits{BlockWrites: &two}, slow(1.9), nil},
		"reads":                   {rehearse.Limits{BlockReads: &none}, slow(3), []string{"limit for reads"}},
		"nobody notices":          {rehearse.Limits{BlockReads: &none, BlockWrites: &none}, slow(0.2), nil},
		"rewrite":                 {rehearse.Limits{FailOn: []string{"rewrite"}}, slow(0), []string{"statement 1 rewrites t"}},
		"index":                   {rehearse.Limits{FailOn: []string{"index"}}, slow(0), []string{"statement 2 builds i"}},
		"validation":              {rehearse.Limits{FailOn: []string{"validation"}}, slow(60), nil},
		"unexplained":             {rehearse.Limits{FailOn: rehearse.FailWords[3:4]}, slow(0), nil},
		"of no report":            {rehearse.Limits{FailOn: rehearse.FailWords}, &rehearse.Report{Failed: "x"}, nil},
		"unexplained, with a gap": {rehearse.Limits{FailOn: rehearse.FailWords[3:4]}, gap(), []string{"a new file of x"}},
	} {
		got := c.limits.Exceeded(c.report)
		if len(got) != len(c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(got[i], want) {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
	}
}

func gap() *rehearse.Report {
	return &rehearse.Report{Audit: rehearse.Audit{Unexplained: []string{"a new file of x"}}}
}
