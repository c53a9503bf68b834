package checks_test

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/checks"
	"github.com/offshoot-dev/offshoot/internal/compat"
	"github.com/offshoot-dev/offshoot/internal/queries"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

func TestSettings_DigestKnowsWhatDecidesAndNoSecret(t *testing.T) {
	t.Parallel()
	full := func() checks.Settings {
		return checks.Settings{
			Pages: []string{"/"}, Headers: map[string]string{"Cookie": "hunter2"},
			Login: &checks.Login{Path: "/in", Form: map[string]string{"password": "hunter2"}},
			Run:   &checks.Run{Service: "web", Command: []string{"e2e"}},
		}
	}
	same, want := full(), full().Digest()
	same.Headers["Cookie"], same.Login.Form["password"] = "other", "other"
	same.FailOn, same.Pages = []string{"fails"}, nil
	if got := same.Digest(); got != want {
		t.Errorf("another digest, %s, for other secrets and limits", got)
	}
	for name, change := range map[string]func(*checks.Settings){
		"page":      func(s *checks.Settings) { s.Pages = append(s.Pages, "/orders") },
		"most":      func(s *checks.Settings) { s.Most = 5 },
		"header":    func(s *checks.Settings) { s.Headers["X"] = "y" },
		"no secret": func(s *checks.Settings) { s.Headers["Cookie"] = "" },
		"login":     func(s *checks.Settings) { s.Login.Path = "/sign-in" },
		"nobody":    func(s *checks.Settings) { s.Login = nil },
		"command":   func(s *checks.Settings) { s.Run.Command = []string{"e2e", "-v"} },
	} {
		other := full()
		change(&other)
		if other.Digest() == want {
			t.Errorf("%s: the same digest", name)
		}
	}
	if got := strings.Join(full().Secrets(), " "); got != "hunter2 hunter2" {
		t.Errorf("secrets %q", got)
	}
}

func compared(kinds ...queries.Kind) *checks.Report {
	c := &queries.Comparison{Pages: 9}
	for i, kind := range kinds {
		c.Worse = append(c.Worse, queries.Change{Path: "/" + string(rune('a'+i)), Kind: kind, Before: 1, After: 90})
	}
	return &checks.Report{Compared: c}
}

func TestLimits_NameWhatIsBeyondThem(t *testing.T) {
	t.Parallel()
	none, one := 0, 1
	broken := compared()
	broken.Migrated = &checks.Migrated{Pages: 9, Broken: []*checks.Broken{{Path: "/x", Status: 500, Code: "42703"}}}
	for _, c := range []struct {
		settings checks.Settings
		report   *checks.Report
		want     string
	}{
		{checks.Settings{FailOn: []string{"worse", "fails", "breaks"}}, compared(), ""},
		{checks.Settings{FailOn: checks.FailWords}, nil, ""},
		{checks.Settings{FailOn: checks.FailWords, WorsePages: &none}, &checks.Report{Missing: "x"}, ""},
		{checks.Settings{FailOn: []string{"fails"}}, compared(queries.KindRows), ""},
		{checks.Settings{FailOn: []string{"rows"}}, compared(queries.KindRows), "/a reads 90 rows in place of 1"},
		{
			checks.Settings{FailOn: []string{"worse"}},
			compared(queries.KindRows),
			"1 page of 9 is worse: /a reads 90 rows in place of 1",
		},
		{checks.Settings{WorsePages: &one}, compared(queries.KindRows), ""},
		{
			checks.Settings{WorsePages: &one},
			compared(queries.KindRows, queries.KindRows),
			"2 pages are worse, and 1 may be",
		},
		{
			checks.Settings{FailOn: []string{"breaks"}},
			broken,
			"main's code fails on the migrated database: /x answers 500 (SQLSTATE 42703)",
		},
	} {
		if got := strings.Join(c.settings.Exceeded(c.report), "; "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.settings.FailOn, got, c.want)
		}
	}
}

func TestReport_SaysItInALine(t *testing.T) {
	t.Parallel()
	rehearsed := func(breaks, plans int) *rehearse.Report {
		r := &rehearse.Report{Code: &compat.Report{Asked: 5}, Plans: &rehearse.Plans{}}
		for range breaks {
			r.Code.Breaks = append(r.Code.Breaks, &compat.Break{})
		}
		for i := range plans {
			r.Plans.Changed = append(r.Plans.Changed, &rehearse.PlanChange{Worse: i == 0})
		}
		return r
	}
	for want, c := range map[string]struct {
		report    *checks.Report
		rehearsal *rehearse.Report
	}{
		"no page worse": {compared(), nil},
		"compatible with main's code · 2 pages worse · 1 plan worse": {compared("rows", "blocks"), rehearsed(0, 2)},
		"compatible with main's code · no page worse":                {compared(), rehearsed(0, 0)},
		"2 statements of main's code broken · 1 page worse":          {compared("fails"), rehearsed(2, 0)},
		"not compared with main: it took longer than 5m0s":           {&checks.Report{Missing: "it took longer than 5m0s"}, nil},
	} {
		if got := c.report.Headline(c.rehearsal); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if compared().Noteworthy() || !compared("rows").Noteworthy() {
		t.Error("what has not changed is shown, or what has is not")
	}
}
