package sink_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

func TestDatabase_HoldsWhatTheSourceHolds(t *testing.T) {
	t.Parallel()
	from, to := load(t, "everything.sql"), pgtest.New(t)
	done := open(t, from).mustCopyTo(t, to, sink.Options{})
	noWarnings(t, done)
	same(t, from, to)
	if got := pgtest.Value(t, to, "SELECT n FROM counts2"); got != "4" {
		t.Errorf("materialized view holds %s", got)
	}
	if got := pgtest.Value(t, to, "SELECT count(*) FROM pg_stats WHERE tablename = 'person'"); got == "0" {
		t.Error("not analyzed")
	}
}
