package relay

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

var asked = []string{
	"SELECT set_config('search_path', '', false)", "SELECT pg_is_in_recovery()", "SET a = 1", "BEGIN",
	"SELECT early FROM t", "SET TRANSACTION SNAPSHOT 'x'", "SELECT a FROM t", "SET b = 2",
	"SELECT b FROM t WHERE oid = '16400'", "SELECT c FROM t",
}

func TestForesight_ReckonsWithWhatNothingBeforeItChanges(t *testing.T) {
	f := newForesight(asked)
	if diff := cmp.Diff(asked[:2], f.opening); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"SELECT a FROM t", "SELECT c FROM t"}, f.learned); diff != "" {
		t.Error(diff)
	}
}

func TestForesight_AsksAheadOnlyOnce(t *testing.T) {
	f := newForesight(asked)
	if got := f.next("SELECT a FROM t"); !cmp.Equal(got, []string{"SELECT c FROM t"}) {
		t.Errorf("%v", got)
	}
	if got := f.next("SELECT a FROM t"); got != nil {
		t.Errorf("again: %v", got)
	}
	if got := f.next("SELECT unheard FROM t"); got != nil {
		t.Errorf("unforeseen: %v", got)
	}
}

func TestForesight_ReckonsWithOtherObjectsOfAKind(t *testing.T) {
	f := newForesight(nil)
	f.list()
	for _, oid := range []string{"12", "16384", "16390", "16400"} {
		f.see(oid)
	}
	f.list()
	f.see("20000")
	got := f.next("EXECUTE dump('16390')")
	if diff := cmp.Diff([]string{"EXECUTE dump('16400')", "EXECUTE dump('16384')"}, got); diff != "" {
		t.Error(diff)
	}
	for _, sql := range []string{"EXECUTE dump('16384')", "SELECT '16384', '16390'", "SELECT '999999'", "SELECT '12'"} {
		if got := f.next(sql); got != nil {
			t.Errorf("%s: %v", sql, got)
		}
	}
}

func TestTagOf_KnowsStatementsWithoutAnAnswer(t *testing.T) {
	for sql, want := range map[string]string{
		"set client_encoding to 'UTF8'": "SET", "BEGIN": "BEGIN", "LOCK TABLE a, b IN ACCESS SHARE MODE": "LOCK TABLE",
		"PREPARE f(oid) AS\nSELECT 1": "PREPARE", "SELECT 1": "", "EXECUTE f('1')": "", "SET a = 1; SELECT 2": "",
		"SET a = 1;": "SET", "RESET search_path": "RESET",
	} {
		if got := tagOf(sql); got != want {
			t.Errorf("%s: %q", sql, got)
		}
	}
}
