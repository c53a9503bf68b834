package walk

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// cold is a source in which a page that lies apart takes as long as 5 others.
var cold = catalog.Pace{Apart: 3_000, Bytes: 125 << 20, Memory: 1 << 30}

func TestQuestionsAbout_ReadATableOfAColdDiskInOrder(t *testing.T) {
	s, table := asking(t, plan.Drive, unchanged)
	near := s.questionsAbout(table, 5)
	s.plan.Pace = cold
	far := s.questionsAbout(table, 5)
	if len(far) != 1 || !strings.Contains(far[0].sql, "JOIN (SELECT") || far[0].args[0] != 100.0 || !far[0].plain {
		t.Fatalf("%+v", far)
	}
	if !strings.Contains(near[0].sql, "LATERAL") {
		t.Errorf("memory is read in order: %s", near[0].sql)
	}
	if near[0].set == 0 || near[0].set != far[0].set || near[0].most != far[0].most {
		t.Errorf("another set of candidates: %+v and %+v", near[0], far[0])
	}
	if !table.heaps[0].wasRead || s.pagesRead != table.heaps[0].Pages {
		t.Errorf("%d pages were read", s.pagesRead)
	}
}

func TestReads_HoldsNoMoreThanTheServersMemory(t *testing.T) {
	s, table := asking(t, plan.Drive, unchanged)
	s.plan.Pace = catalog.Pace{Apart: 3_000, Memory: 9 * catalog.BlockBytes}
	if s.reads(table.heaps[0]); table.heaps[0].wasRead || s.pagesRead != 0 {
		t.Error("ten blocks are in a memory of nine")
	}
}

func TestLowest_AreThoseOfAllAnswersTogether(t *testing.T) {
	all := []candidate{{row: 1, hash: 9}, {row: 2, hash: 3}, {row: 3, hash: 5}, {row: 2, hash: 3}}
	got := lowest(lowest(all[:2], 2), 2)
	got = lowest(append(got, all[2:]...), 2)
	if len(got) != 2 || got[0].row != 2 || got[1].row != 3 {
		t.Errorf("%+v", got)
	}
}

func TestLinksByKey_ReadAColdHeapOnce(t *testing.T) {
	s := &searcher{memory: withKeys(t), src: &snapshot.Snapshot{Workers: make([]*pgx.Conn, 2)}}
	s.tables[0].Rows, s.heaps[0].Pages = 100_000, 1_000
	var ids []int32
	for key := range int64(1_000) {
		ids = append(ids, s.seen.add(snapshot.Elsewhere(0), key))
	}
	if near := s.linksByKey(ids); len(near) < 1 || near[0].scan {
		t.Errorf("%d questions of memory, the first a scan: %v", len(near), near[0].scan)
	}
	s.plan.Pace = cold
	far := s.linksByKey(ids)
	if len(far) != 1 || !far[0].scan || len(far[0].ids) != len(ids) || len(far[0].keys) != len(ids) {
		t.Errorf("%d questions of a cold disk", len(far))
	}
	if again := s.linksByKey(ids[:10]); again[0].scan {
		t.Error("what is in memory since is read as a whole again for ten rows")
	}
}
