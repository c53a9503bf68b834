package subset_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/mask"
)

func TestRun_HandsTheFactsOfTheSourceOn(t *testing.T) {
	spec := masking(t, "k", clinicRules...)
	var sink memory
	take(t, spec, &sink)
	f := sink.origin.Facts
	if !f.Known() || f.Server/10000 != pgtest.Major(t) {
		t.Fatalf("%+v", f)
	}
	visit := f.Table("public.visit")
	if visit == nil || visit.Rows != 300 || visit.Bytes == 0 || visit.Pages == 0 || len(visit.Indexes) != 3 ||
		visit.Indexes[0].Bytes == 0 || visit.Indexes[0].Method != "btree" || visit.Total() <= visit.Bytes {
		t.Errorf("%+v", visit)
	}
	if value, unit := f.Setting("maintenance_work_mem"); value == "" || unit != "kB" {
		t.Errorf("maintenance_work_mem is %q %q", value, unit)
	}
	if !slices.ContainsFunc(f.Missing, func(m string) bool { return strings.HasPrefix(m, "pg_stat_statements: ") }) {
		t.Errorf("missing: %q", f.Missing)
	}
}

func TestRun_TellsOfMaskedColumnsFiguresOnlyAndOfScrubbedOnesNothing(t *testing.T) {
	var sink memory
	take(t, masking(t, "k", clinicRules...), &sink)
	columns := map[string]facts.Column{}
	for _, c := range sink.origin.Facts.Table("public.person").Columns {
		columns[c.Name] = c
	}
	for _, name := range []string{"notes", "profile"} { // scrub, json
		if _, there := columns[name]; there {
			t.Errorf("%s is told of", name)
		}
	}
	for name, c := range columns {
		masked := slices.Contains([]string{"email", "code", "name", "phone", "born"}, name)
		if masked && (c.Correlation != 0 || len(c.Common) > 0) || c.Width == 0 {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if mood := columns["mood"]; len(mood.Common) == 0 {
		t.Errorf("mood: %+v", mood)
	}
	if visits := columns["visits"]; visits.Distinct != -1 || visits.Correlation != 1 {
		t.Errorf("visits: %+v", visits)
	}
	lines, err := sink.origin.Facts.Comments()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"corp.test", "Person Number", "202 555", "P-1"} {
		if strings.Contains(lines, secret) {
			t.Errorf("%q is in the facts", secret)
		}
	}
}

func TestRun_TellsNothingOfOrderAndFrequencyWhereNobodyHasDecided(t *testing.T) {
	spec := masking(t, "k", mask.Rule{Column: "public.person.notes", As: "scrub"})
	spec.Masking.Privacy = mask.PrivacyWarn
	var sink memory
	take(t, spec, &sink)
	for _, c := range sink.origin.Facts.Table("public.person").Columns {
		if c.Name == "email" && (c.Correlation != 0 || len(c.Common) > 0) {
			t.Errorf("%+v", c)
		}
	}
}
