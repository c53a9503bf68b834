package snapshot

import (
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestPace_IsAskedOfARealServer(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, `CREATE TABLE "large one" AS SELECT i FROM generate_series(1, 20000) AS i`)
	s, err := Open(t.Context(), Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	pace, err := s.Pace(t.Context(), true)
	if err != nil || pace.RoundTrip <= 0 || pace.Memory < 1<<20 || pace.Apart != 0 || pace.Holds(1<<40) ||
		!pace.Holds(10) {
		t.Errorf("a small database: %+v, %v", pace, err)
	}
	if _, err := s.probe(t.Context(), pace, s.Database.Tables[0].Heaps[0]); err != nil {
		t.Error(err)
	}
	if pace, err := s.Pace(t.Context(), false); err != nil || pace.Memory == 0 {
		t.Errorf("without a disk: %+v, %v", pace, err)
	}
}

func TestProbe_TakesTheTimeOfReadsWhereTheServerKnowsIt(t *testing.T) {
	for text, want := range map[string]probe{
		`[{"Plan": {"Shared Hit Blocks": 4, "Shared Read Blocks": 60}, "Execution Time": 25.0}]`: {60, 4, 0.025},
		`[{"Plan": {"Shared Read Blocks": 60, "I/O Read Time": 20.0}, "Execution Time": 25.0}]`:  {60, 0, 0.02},
		`[{"Plan": {"Shared Read Blocks": 6, "Shared I/O Read Time": 2}, "Execution Time": 3}]`:  {6, 0, 0.002},
	} {
		var got probe
		if err := got.parse([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "[]", "{"} {
		if err := new(probe).parse([]byte(text)); err == nil {
			t.Errorf("%q is no explanation", text)
		}
	}
}

func TestJudged_TellsADiskFromMemory(t *testing.T) {
	disk := judged(catalog.Pace{Memory: 1}, probe{60, 20, 0.020}, probe{1000, 24, 0.064})
	if disk.Apart != 3000 || disk.Cached != 0.25 || disk.Bytes != 1000/0.064*catalog.BlockBytes || disk.Memory != 1 {
		t.Errorf("a cold disk: %+v", disk)
	}
	for name, apart := range map[string]probe{
		"nothing was read":            {0, 64, 0.001},
		"hardly anything was read":    {3, 61, 0.1},
		"the operating system had it": {64, 0, 0.001},
	} {
		if pace := judged(catalog.Pace{}, apart, probe{1000, 0, 1}); pace != (catalog.Pace{}) {
			t.Errorf("%s: %+v", name, pace)
		}
	}
	// What follows each other is in memory: no slower than what lies apart.
	if pace := judged(catalog.Pace{}, probe{60, 0, 0.02}, probe{0, 1024, 0.01}); pace.Bytes != 3000*catalog.BlockBytes {
		t.Errorf("the beginning is in memory: %+v", pace)
	}
}
