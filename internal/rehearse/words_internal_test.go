package rehearse

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const logText = "~1796049374.591~25368~3/23~00000~shop~ LOG:  statement: CREATE TABLE t (a int);\n" +
	"\tSELECT '~1796049374.591~1~3/23~00000~shop~ LOG:  forged'\n" +
	"noise of somebody else\n" +
	"~1796049374.600~25369~3/24~00000~other~ LOG:  statement: SELECT 1\n" +
	"~1796049374.700~25368~3/0~42P01~shop~ ERROR:  relation does not exist\n"

func TestReadLog_KeepsMessagesTogetherAndThoseOfOneDatabase(t *testing.T) {
	var got []record
	if err := readLog(strings.NewReader(logText), "shop", func(r record) { got = append(got, r) }); err != nil {
		t.Fatal(err)
	}
	at := func(millis int64) time.Time { return time.UnixMilli(1796049374000 + millis) }
	want := []record{
		{
			at: at(591), pid: 25368, vxid: "3/23", code: "00000", database: "shop", level: "LOG",
			text: "statement: CREATE TABLE t (a int);\nSELECT '~1796049374.591~1~3/23~00000~shop~ LOG:  forged'",
		},
		{
			at: at(700), pid: 25368, code: "42P01", database: "shop", level: "ERROR",
			text: "relation does not exist",
		},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(record{})); diff != "" {
		t.Error(diff)
	}
}

func TestEndings_AreTransactionsThatLockedExclusively(t *testing.T) {
	wal := `rmgr: Standby     len (rec/tot):     42/    42, tx:        745, lsn: 0/01DE3D98, prev 0/01DE3D60, desc: LOCK xid 745 db 16384 rel 16389 
rmgr: Standby     len (rec/tot):     42/    42, tx:        746, lsn: 0/01DE3D98, prev 0/01DE3D60, desc: LOCK xid 746 db 5 rel 16389 
rmgr: Transaction len (rec/tot):     34/    34, tx:        745, lsn: 0/01DE3F00, prev 0/01DE3ED0, desc: COMMIT 2026-11-30 14:36:16.591234 UTC; inval msgs: catcache 7
`
	got := endings(wal, 16384)
	want := []ending{{relations: []uint32{16389}, at: time.Date(2026, 11, 30, 14, 36, 16, 591234000, time.UTC)}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(ending{})); diff != "" {
		t.Error(diff)
	}
}
