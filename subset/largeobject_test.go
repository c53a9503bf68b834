package subset_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// objectsSQL has large objects that rows name in every way they can, one that
// no row names, and one that only a row names that is not kept.
const objectsSQL = `
	CREATE DOMAIN lo AS oid; CREATE DOMAIN picture AS lo CHECK (VALUE > 0);
	CREATE TABLE page (id int PRIMARY KEY, body oid, "Thumb Nail" picture, size int);
	CREATE TABLE part (id int, o lo) PARTITION BY LIST (id);
	CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
	CREATE TABLE part_rest (o lo, gone oid, id int); ALTER TABLE part_rest DROP COLUMN gone; ALTER TABLE part ATTACH PARTITION part_rest DEFAULT;
	CREATE TABLE dropped (id int PRIMARY KEY, o oid);
	SELECT lo_from_bytea(n, convert_to('object ' || n, 'UTF8')) FROM unnest('{20000, 20001, 20002, 4294967290, 20004, 20005}'::oid[]) n;
	SELECT lo_from_bytea(20006, ''); SELECT lo_create(20007); SELECT lo_put(20007, 700000, 'end');
	INSERT INTO page VALUES (1, 20000, 20001, 20005), (2, 20000, 4294967290, 1), (3, 99, NULL, 2), (4, 20007, NULL, 2);
	INSERT INTO part VALUES (1, 20002), (2, 20006); INSERT INTO dropped VALUES (1, 20004)`

func objectSpec(url string) plan.Spec {
	all := plan.Rule{All: true}
	return plan.Spec{
		URL:    url,
		Tables: map[string]plan.Rule{"public.page": all, "public.part": all, "public.dropped": {None: true}},
	}
}

var keptObjects = []object{
	{20000, "object 20000"},
	{20001, "object 20001"},
	{20002, "object 20002"},
	{20006, ""},
	{20007, strings.Repeat("\x00", 700000) + "end"},
	{4294967290, "object 4294967290"},
}

func TestRun_CopiesTheLargeObjectsThatKeptRowsName(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, objectsSQL)
	standby := pgtest.NewStandby(t).URL(t, url)
	for name, source := range map[string]string{"primary": url, "standby": standby} {
		t.Run(name, func(t *testing.T) {
			sink := &memory{}
			report := take(t, objectSpec(source), sink)
			if diff := cmp.Diff(keptObjects, sink.objects); diff != "" {
				t.Errorf("(-want +got) %.2000s", diff)
			}
			want := subset.LargeObjects{Count: 6, Bytes: 12*3 + 17 + 700003}
			if report.LargeObjects != want || len(report.Warnings) > 0 {
				t.Errorf("reported %+v, %q", report.LargeObjects, report.Warnings)
			}
			var text strings.Builder
			if err := report.WriteText(&text); err != nil ||
				!strings.Contains(text.String(), "\n6 large objects that kept rows name, 700.1 kB\n") {
				t.Errorf("%v: %s", err, text.String())
			}
		})
	}
}

func TestRun_LeavesOutLargeObjectsThatTheRoleMayNotRead(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, objectsSQL)
	reader, member := pgtest.Role(t, url, "object_reader", ""), "object_group"
	pgtest.Role(t, url, member, "")
	pgtest.Exec(t, url,
		`GRANT SELECT ON ALL TABLES IN SCHEMA public TO object_reader; GRANT object_group TO object_reader;
		GRANT SELECT ON LARGE OBJECT 20000 TO PUBLIC; GRANT SELECT ON LARGE OBJECT 20001 TO object_reader; GRANT SELECT ON LARGE OBJECT 20002 TO object_group;
		GRANT UPDATE ON LARGE OBJECT 20006 TO object_reader; ALTER LARGE OBJECT 4294967290 OWNER TO object_group`)
	sink := &memory{}
	report := take(t, objectSpec(reader), sink)
	var got []uint32
	for _, o := range sink.objects {
		got = append(got, o.Loid)
	}
	if diff := cmp.Diff([]uint32{20000, 20001, 20002, 4294967290}, got); diff != "" {
		t.Error(diff)
	}
	want := []string{"2 large objects that kept rows name are left out, because object_reader may not read them: " +
		"20006, 20007"}
	if diff := cmp.Diff(want, report.Warnings); diff != "" {
		t.Error(diff)
	}
	pgtest.Exec(t, url, "ALTER ROLE object_reader SET lo_compat_privileges = on")
	sink = &memory{}
	if take(t, objectSpec(reader), sink); len(sink.objects) != len(keptObjects) {
		t.Errorf("%d objects where rights do not matter", len(sink.objects))
	}
}

func TestRun_ReadsLargeObjectsInTheSnapshot(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, objectsSQL)
	sink := &interfering{do: func() {
		pgtest.Exec(t, url, "SELECT lo_unlink(20000); SELECT lo_put(20001, 0, 'changed')")
	}}
	take(t, objectSpec(url), sink)
	if diff := cmp.Diff(keptObjects, sink.objects); diff != "" {
		t.Errorf("(-want +got) %.2000s", diff)
	}
}

func TestRun_SaysHowManyLargeObjectsAreLeftOut(t *testing.T) {
	url := pgtest.New(t)
	reader := pgtest.Role(t, url, "object_stranger", "")
	pgtest.Exec(t, url,
		`CREATE TABLE t (o oid); INSERT INTO t SELECT lo_create(n::oid) FROM generate_series(30000, 31200) n; ANALYZE; GRANT SELECT ON t TO object_stranger`)
	report := take(t, plan.Spec{URL: reader, Tables: map[string]plan.Rule{"public.t": {All: true}}}, &memory{})
	want := "1,201 large objects that kept rows name are left out, because object_stranger may not read them: " +
		"30000, 30001, 30002, 30003, 30004 and 1,196 more"
	if !slices.Equal(report.Warnings, []string{want}) {
		t.Errorf("warnings %q", report.Warnings)
	}
	if (report.LargeObjects != subset.LargeObjects{}) || strings.Contains(fmt.Sprint(report.LargeObjects), "1,201") {
		t.Errorf("reported %v", report.LargeObjects)
	}
}
