package subset_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/score"
)

// scored measures a subset against its source.
func scored(t *testing.T, spec plan.Spec, target string) *score.Score {
	t.Helper()
	s, err := open(t, spec).Score(t.Context(), target, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestScore_OfSubsetsOfSampleDatabases(t *testing.T) {
	for name := range samples {
		t.Run(name, func(t *testing.T) {
			url := loadSample(t, name)
			pgtest.Exec(t, url, "ANALYZE")
			spec := plan.Spec{URL: url, Seed: 1}
			report, target := takeInto(t, spec)
			s := scored(t, spec, target)
			sum := s.Summary
			if sum.Rows != report.Rows || sum.Dangling != report.Dangling() || sum.Broken != 0 ||
				len(s.Keys) != len(report.Keys) {
				t.Errorf("%+v, but the report has %d rows", sum, report.Rows)
			}
			if sum.TargetError > 0.5 || sum.Shape.Median > 0.3 || sum.Covered == 0 {
				t.Errorf("%+v", sum)
			}
			t.Logf("%+v", sum)
		})
	}
}

// A report with a score has it after everything else, in each of its forms.
func TestReport_EndsWithItsScore(t *testing.T) {
	r := *reported
	r.Score = &score.Score{Version: 1, Database: "shop", Subset: "shop_small"}
	r.Tables[1].Position = &score.Distance{Value: 0.6, Chance: 0.1}
	defer func() { r.Tables[1].Position = nil }()
	var text, markdown, alone bytes.Buffer
	for _, err := range []error{r.WriteText(&text), r.WriteMarkdown(&markdown), r.Score.WriteText(&alone)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !strings.HasSuffix(text.String(), "\n\n"+alone.String()) {
		t.Errorf("no score at the end of:\n%s", text.String())
	}
	if !strings.Contains(markdown.String(), "\n\n- shop&#95;small holds") &&
		!strings.Contains(markdown.String(), "\n\n- shop_small holds") {
		t.Errorf("no score in:\n%s", markdown.String())
	}
	const uneven = "public.c: the kept rows lie unevenly over the table " +
		"(distance 0.60 of at most 1, chance explains 0.10)\n"
	if !strings.Contains(text.String(), uneven) {
		t.Errorf("no line %q in:\n%s", uneven, text.String())
	}
}
