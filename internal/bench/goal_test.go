package bench

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// measured is a shop whose steps took so many seconds, once each.
func measured(scale float64, rows int64, seconds map[string]float64) Shop {
	s := Shop{Scale: scale, Rows: rows}
	for _, step := range []string{Scan, Schema, Sample, Dump, Archive, Database} {
		if n, ok := seconds[step]; ok {
			s.Add(step, Cost{Seconds: n, Memory: 32 << 20, Rows: 1 << 20, Target: 1 << 20})
		}
	}
	return s
}

func names(goals []Goal) map[string]float64 {
	byName := map[string]float64{}
	for _, g := range goals {
		byName[g.Name] = g.Value
	}
	return byName
}

func TestSpeed_ComparesWithTheYardsticksAndTheScales(t *testing.T) {
	small := measured(1, 12_000_000,
		map[string]float64{Scan: 3, Schema: 1, Sample: 2, Dump: 12, Archive: 4, Database: 6})
	big := measured(4, 48_000_000,
		map[string]float64{Scan: 12, Schema: 1, Sample: 4, Dump: 60, Archive: 8, Database: 15})
	want := map[string]float64{
		"12.0 M rows: database / (scan + schema)":                       1.5,
		"12.0 M rows: archive / (scan + schema)":                        1,
		"12.0 M rows: archive / sample":                                 2,
		"12.0 M rows: database / dump":                                  0.5,
		"12.0 M rows: archive, peak memory / (64 MB + 32 bytes a row)":  1. / 3,
		"12.0 M rows: database, peak memory / (64 MB + 32 bytes a row)": 1. / 3,
		"48.0 M rows: database / (scan + schema)":                       15. / 13,
		"48.0 M rows: archive / (scan + schema)":                        8. / 13,
		"48.0 M rows: archive / sample":                                 2,
		"48.0 M rows: database / dump":                                  0.25,
		"48.0 M rows: archive, peak memory / (64 MB + 32 bytes a row)":  1. / 3,
		"48.0 M rows: database, peak memory / (64 MB + 32 bytes a row)": 1. / 3,
		"archive, 48.0 M rows / 12.0 M rows":                            2,
		"database, 48.0 M rows / 12.0 M rows":                           2.5,
	}
	if diff := cmp.Diff(want, names(Speed([]Shop{small, big})), cmpopts.EquateApprox(0.0001, 0)); diff != "" {
		t.Error(diff)
	}
}

func TestSpeed_HasAGoalForEachScale(t *testing.T) {
	for scale, want := range map[float64]string{1: "at most 1.6: held", 4: "at most 1.3: held", 2: ""} {
		s := measured(scale, 12_000_000, map[string]float64{Scan: 3, Schema: 1, Database: 5})
		if got := Speed([]Shop{s})[0].Verdict(); got != want {
			t.Errorf("scale %g: %q", scale, got)
		}
	}
}

func TestSpeed_SaysWhatDistanceAndADiskCost(t *testing.T) {
	s := measured(4, 48_000_000, map[string]float64{Archive: 3})
	s.Add(Far20, Cost{Seconds: 5, Trips: 60})
	s.Add(Far80, Cost{Seconds: 8, Trips: 80})
	s.Add(Cold, Cost{Seconds: 30, Reads: 90_000})
	s.Add(ColdDump, Cost{Seconds: 60})
	got := map[string]string{}
	for _, g := range s.away() {
		got[g.Name] = fmt.Sprintf("%g, %s", g.Value, g.Verdict())
	}
	want := map[string]string{
		"48.0 M rows: far20 - archive, seconds": "2, at most 1.6: MISSED",
		"48.0 M rows: far20, round trips":       "60, at most 75: held",
		"48.0 M rows: far80 - archive, seconds": "5, at most 6: held",
		"48.0 M rows: far80, round trips":       "80, at most 75: MISSED",
		"48.0 M rows: cold / cold-dump":         "0.5, at most 0.6: held",
		"48.0 M rows: cold, disk reads":         "90000, at most 85000: MISSED",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := measured(1, 1, map[string]float64{Archive: 3}).away(); got != nil {
		t.Errorf("nothing was measured: %v", got)
	}
}

func TestSpeed_SaysNothingAboutWhatWasNotMeasured(t *testing.T) {
	for _, seconds := range []map[string]float64{nil, {Scan: 1, Database: 2}, {Scan: 1, Schema: 1, Dump: 3}} {
		for name := range names(Speed([]Shop{measured(1, 1, seconds)})) {
			if name != "0.0 k rows: database, peak memory / (64 MB + 32 bytes a row)" {
				t.Errorf("%v: %s", seconds, name)
			}
		}
	}
}

func TestGoal_SaysHowItStands(t *testing.T) {
	for want, g := range map[string]Goal{
		"":                     {Value: 5},
		"none: held":           {None: true},
		"none: MISSED":         {None: true, Value: 1},
		"at most 2: held":      {Value: 2, Most: 2},
		"at most 2: MISSED":    {Value: 2.1, Most: 2},
		"at least 0.5: held":   {Value: 0.5, Least: 0.5},
		"at least 0.5: MISSED": {Value: 0.4, Least: 0.5},
		"0.8 to 1.3: held":     {Value: 1, Least: 0.8, Most: 1.3},
		"0.8 to 1.3: MISSED":   {Value: 1.4, Least: 0.8, Most: 1.3},
	} {
		if got := g.Verdict(); got != want {
			t.Errorf("%+v: %q", g, got)
		}
	}
}

func TestBalance_NamesTheTableThatGotLeast(t *testing.T) {
	s := Shop{Rows: 12_000_000, Loose: 2, Tables: []Table{
		{Name: "orders", Target: 100, Kept: 120},
		{Name: "coupons"},
		{Name: "refunds", Target: 100, Kept: 40},
		{Name: "users", Target: 100, Kept: 60},
	}}
	want := map[string]float64{
		"12.0 M rows: dangling rows":                   2,
		"12.0 M rows: kept / target, whole database":   220. / 300,
		"12.0 M rows: kept / target, lowest (refunds)": 0.4,
	}
	goals := s.Balance()
	if diff := cmp.Diff(want, names(goals)); diff != "" {
		t.Error(diff)
	}
	for _, g := range goals {
		if g.Held() {
			t.Errorf("%s is %g and held", g.Name, g.Value)
		}
	}
}

func TestBalance_OfNoSubsetIsNothing(t *testing.T) {
	if got := (Shop{}).Balance(); got != nil {
		t.Errorf("%v", got)
	}
	if got := (Shop{Tables: []Table{{Name: "empty"}}}).Balance(); len(got) != 1 {
		t.Errorf("%v", got)
	}
}
