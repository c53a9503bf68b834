package sink

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestPool_OpensNoMoreThanItMayAndReplacesTheBroken(t *testing.T) {
	t.Parallel()
	config, err := pgconn.ParseConfig(pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	p := newPool(config, nil, 1)
	defer p.close(t.Context())
	first, err := p.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	if _, err := p.take(ctx); !errors.Is(err, stop) {
		t.Errorf("a second connection: %v", err)
	}
	p.giveBack(t.Context(), first, nil)
	again, err := p.take(t.Context())
	if err != nil || again != first {
		t.Fatalf("not the idle one: %v", err)
	}
	p.giveBack(t.Context(), again, errors.New("broken"))
	other, err := p.take(t.Context())
	if err != nil || other == first || !first.IsClosed() {
		t.Errorf("a broken connection was kept: %v", err)
	}
	p.giveBack(t.Context(), other, nil)
}

func TestPool_StaysWholeWhenItCannotConnect(t *testing.T) {
	config, err := pgconn.ParseConfig("host=127.0.0.1 port=1 dbname=x user=x sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	p := newPool(config, nil, 1)
	for range 3 {
		if _, err := p.take(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "connect to target: ") {
			t.Errorf("got %v", err)
		}
	}
	p.close(t.Context())
}

func TestConnect_UndoesTheDefaultsOfTheRole(t *testing.T) {
	owner := pgtest.New(t)
	url := pgtest.Role(t, owner, "sink_strict", "")
	pgtest.Exec(t, owner,
		`ALTER ROLE sink_strict SET statement_timeout = '10s'; ALTER ROLE sink_strict SET default_transaction_read_only = on;
		ALTER ROLE sink_strict SET search_path = pg_temp; ALTER ROLE sink_strict SET row_security = on`)
	conn := connected(t, url)
	for setting, want := range map[string]string{
		"statement_timeout": "0", "default_transaction_read_only": "off", "transaction_read_only": "off",
		"search_path": "", "row_security": "off", "synchronous_commit": "off", "standard_conforming_strings": "on",
	} {
		got, err := column(t.Context(), conn, "SHOW "+setting)
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, %v", setting, got, err)
		}
	}
}

func TestPolicy_MissesRolesThatTheTargetLacks(t *testing.T) {
	p := policy{OID: 5, Name: "p", Roles: []string{"a", "b"}}
	if diff := cmp.Diff([]string{"b"}, p.missing(map[string]bool{"a": true})); diff != "" {
		t.Error(diff)
	}
}

func TestSplit_OrdersWhatFollowsTheRows(t *testing.T) {
	entry := func(class, oid uint32, text string) pgtool.Entry {
		return pgtool.Entry{Catalog: class, OID: oid, Text: text}
	}
	table := entry(1259, 1, "TABLE public t postgres")
	primary := entry(pgtool.Constraints, 2, "CONSTRAINT public t t_pkey postgres")
	index := entry(1259, 3, "INDEX public t_i postgres")
	attach := entry(0, 0, "INDEX ATTACH public t_i postgres")
	broken := entry(pgtool.Constraints, 4, "FK CONSTRAINT public t broken postgres")
	sound := entry(pgtool.Constraints, 5, "FK CONSTRAINT public t sound postgres")
	comment := entry(0, 0, "COMMENT public TABLE t postgres")
	roled := entry(pgtool.Policies, 6, "POLICY public t p postgres")
	open := entry(pgtool.Policies, 7, "POLICY public t q postgres")
	trigger := entry(pgtool.EventTriggers, 8, "EVENT TRIGGER - et postgres")
	about := entry(0, 0, "COMMENT - EVENT TRIGGER et postgres")
	s := &schema{
		entries:  []pgtool.Entry{table, primary, index, attach, broken, sound, comment, roled, open, trigger, about},
		policies: []policy{{OID: 6}},
	}
	want := post{
		indexes:       []pgtool.Entry{primary, index},
		objects:       []pgtool.Entry{table, attach, open},
		foreignKeys:   []pgtool.Entry{sound},
		unvalidated:   []pgtool.Entry{broken},
		roled:         []pgtool.Entry{roled},
		comments:      []pgtool.Entry{comment},
		eventTriggers: []pgtool.Entry{trigger, about},
	}
	if diff := cmp.Diff(want, s.split([]*catalog.ForeignKey{{OID: 4}}), cmp.AllowUnexported(post{})); diff != "" {
		t.Error(diff)
	}
}

func TestUnvalidatable_IsNothingFromVersion18On(t *testing.T) {
	root := &catalog.Table{Name: catalog.Name{Schema: "s", Name: "root"}}
	key := &catalog.ForeignKey{
		OID: 4, Name: "k", ChildRel: root.Name,
		ChildHeaps: []*catalog.Heap{{Name: catalog.Name{Schema: "s", Name: "leaf"}}},
	}
	for version, want := range map[int]int{170005: 0, 180000: 1} {
		s, p := &schema{}, post{unvalidated: []pgtool.Entry{{OID: 4}}}
		s.unvalidatable(&p, []*catalog.ForeignKey{key}, version)
		if len(p.unvalidated) != want || len(s.warnings) != 1-want {
			t.Errorf("%d: %d keys, warnings %q", version, len(p.unvalidated), s.warnings)
		}
	}
}

func TestCopyBlock_WritesNothingForNoRows(t *testing.T) {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	for _, rows := range []string{"", "1\t2\n", "1"} {
		block := &copyBlock{w: w, header: "COPY t FROM stdin;\n"}
		if _, err := block.Write([]byte(rows)); err != nil {
			t.Fatal(err)
		}
		if err := block.end(); (err != nil) != (rows == "1") {
			t.Errorf("%q: %v", rows, err)
		}
	}
	_ = w.Flush()
	if got, want := out.String(), "COPY t FROM stdin;\n1\t2\n\\.\n\nCOPY t FROM stdin;\n1"; got != want {
		t.Errorf("got %q", got)
	}
}

func TestStatements_QuoteNames(t *testing.T) {
	heap := &catalog.Heap{Name: catalog.Name{Schema: `a"b`, Name: "C d"}}
	got := []string{
		copySQL(heap, []string{"x", `y"`}), copySQL(heap, nil),
		setvalSQL(subset.SequenceValue{Name: catalog.Name{Schema: "it's", Name: `q\`}, Value: -3}),
	}
	want := []string{
		`COPY "a""b"."C d" ("x", "y""") FROM stdin`, `COPY "a""b"."C d" FROM stdin`,
		"SELECT pg_catalog.setval( E'\"it''s\".\"q\\\\\"', -3, false);\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestGuarded_TurnsOnlyTheNamedErrorIntoAWarning(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	conn := connected(t, url)
	for _, statement := range []string{`CREATE POLICY p ON public.t TO "no such \ role's"`, "SELECT 1"} {
		pgtest.Exec(t, url, "DROP TABLE IF EXISTS t; CREATE TABLE t (n int)")
		if _, err := query(t.Context(), conn, guarded(statement, "undefined_object", `it's \ gone`)); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if _, err := query(t.Context(), conn, guarded("SELECT 1 / 0", "undefined_object", "x")); err == nil {
		t.Error("another error passed")
	}
}
