package rehearse

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A lock that is seen late, or while its transaction lets go, is of the statement that names the table.
func TestTracer_GivesALockToTheStatementThatNamesTheTable(t *testing.T) {
	began := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	tracer := newTracer()
	tracer.known = relations{
		7: {OID: 7, Schema: "public", Name: "orders", Kind: "r"},
		8: {OID: 8, Schema: "public", Name: "orders_key", Kind: "i", Table: 7},
		9: {OID: 9, Schema: "public", Name: "ledger", Kind: "r"},
	}
	say := func(ms int, text string) {
		at := began.Add(time.Duration(ms) * time.Millisecond)
		tracer.record(record{at: at, pid: 1, vxid: "2/3", code: "00000", level: "LOG", text: text})
	}
	for i, sql := range []string{"BEGIN", "UPDATE orders SET a = 1", "INSERT INTO ledger VALUES (2)"} {
		say(i*10, "statement: "+sql)
		say(i*10+1, "duration: 1.000 ms")
	}
	say(30, "statement: ALTER TABLE other ADD a int")
	say(30, `offshoot ddl_command_start own ALTER_TABLE 0/1 [[7, "RowExclusiveLock"], [9, "RowExclusiveLock"]]`)
	say(31, "duration: 1.000 ms")
	say(40, "statement: COMMIT")
	sees := func(ms int, vxid string, relation uint32, mode string) *sighting {
		at := began.Add(time.Duration(ms) * time.Millisecond)
		since := at.Add(-15 * time.Millisecond)
		return &sighting{pid: 1, vxid: vxid, lock: held{relation, mode}, since: since, first: at, last: at}
	}
	tracer.addSightings([]*sighting{
		sees(20, "2/3", 8, "RowExclusiveLock"), sees(40, "2/0", 9, "RowExclusiveLock"), sees(41, "2/3", 5, "ShareLock"),
	})
	var got []string
	for _, s := range tracer.steps {
		for _, l := range s.locks {
			got = append(got, fmt.Sprint(s.verb, " ", l.relation, " ", l.how))
		}
	}
	want := []string{"UPDATE 7 seen", "UPDATE 8 polled", "INSERT 9 seen", "ALTER TABLE 5 polled"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
