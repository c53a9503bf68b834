package rehearse_test

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// statement locks the table of orders in a transaction of its own.
func statement(number int, mode string, reads, writes bool, there float64) *rehearse.Statement {
	s := &rehearse.Statement{
		Number: number, Transaction: number, Verb: "ALTER TABLE", Shape: "ALTER TABLE orders ADD c int",
		Locks: []rehearse.Lock{{
			Relation: "public.orders", Table: "public.orders", Mode: mode, Held: 0.5, Reads: reads, Writes: writes,
		}},
	}
	if there > 0 {
		s.Held = &rehearse.Forecast{Seconds: there, Low: there / 2, High: there * 2}
	}
	return s
}

func TestHeadline_SaysTheWorstFirst(t *testing.T) {
	const reads, share = "AccessExclusiveLock", "ShareLock"
	rewrites := statement(1, reads, true, true, 0.01)
	rewrites.Rewrites = []string{"public.orders"}
	for want, r := range map[string]rehearse.Report{
		"blocks reads and writes of orders for about 14 s (7.0 s to 28 s) in production": {
			Statements: []*rehearse.Statement{statement(1, share, false, true, 9), statement(2, reads, true, true, 14)},
		},
		"blocks writes to orders for about 9.0 s (4.5 s to 18 s) in production": {
			Statements: []*rehearse.Statement{statement(1, share, false, true, 9), statement(2, reads, true, true, 1)},
		},
		"blocks reads and writes of orders for 500 ms here; in production it is not known": {
			Statements: []*rehearse.Statement{statement(1, reads, true, true, 0)},
		},
		"safe: nobody waits for longer than a moment": {
			Statements: []*rehearse.Statement{statement(1, reads, true, true, 0.01)},
		},
		"nobody waits for longer than a moment by now, but it rewrites orders, which takes longer as that grows": {
			Statements: []*rehearse.Statement{rewrites},
		},
		"not rehearsed: no template": {Failed: "no template"},
		"the migration fails: exit 3, SQLSTATE 42P01 of \"SELECT ?\"": {
			Exit: 3, Statements: []*rehearse.Statement{{Number: 1, Shape: "SELECT ?", Code: "42P01"}},
		},
		"the migration fails: exit 4": {Exit: 4},
	} {
		if got := r.Headline(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestBlocks_CountsTheFirstLockOfATransactionAndWhatIsStronger(t *testing.T) {
	first, second, third := statement(1, "ShareLock", false, true, 5), statement(2, "ShareLock", false, true, 4),
		statement(3, "AccessExclusiveLock", true, true, 2)
	second.Transaction, third.Transaction = 1, 1
	r := rehearse.Report{Statements: []*rehearse.Statement{first, second, third}}
	blocks := r.Blocks()
	if len(blocks) != 2 || blocks[0].Statement != 1 || blocks[1].Statement != 3 || !blocks[1].Reads {
		t.Errorf("%+v", blocks)
	}
}

func TestReport_SaysWhatIsNotExplained(t *testing.T) {
	for want, a := range map[string]rehearse.Audit{
		"audit: complete; each of 2 relations": {Exclusive: 2},
		"audit: not explained by any statement: a new file of public.orders": {
			Unexplained: []string{"a new file of public.orders"},
		},
		"audit: the WAL cannot be read": {Impossible: "the WAL cannot be read"},
	} {
		if !strings.HasPrefix(a.String(), want) || a.Complete() != (a.Exclusive > 0) {
			t.Errorf("%q, want %q", a.String(), want)
		}
	}
}
