package subset_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/soak"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// list is a source with a linked list of 100,000 rows.
func list(t *testing.T) string {
	t.Helper()
	return pgtest.Shared(t, "list", func(url string) {
		pgtest.Exec(t, url, `CREATE TABLE link (id int PRIMARY KEY, previous int);
			INSERT INTO link SELECT i, NULLIF(i - 1, 0) FROM generate_series(1, 100000) AS i;
			ALTER TABLE link ADD FOREIGN KEY (previous) REFERENCES link; ANALYZE`)
	})
}

func TestRun_OfALongLinkedListKeepsToTheCurve(t *testing.T) {
	t.Parallel()
	source := list(t)
	notForEver(t, func() {
		report, target := takeFlat(t, plan.Spec{URL: source},
			"CREATE TABLE link (id int PRIMARY KEY, previous int REFERENCES link)")
		wantComplete(t, source, target, report)
		wantRowsOfSource(t, source, target)
		if report.Rows == 0 || report.Rows > 2*report.Target {
			t.Errorf("%d rows, target %d", report.Rows, report.Target)
		}
	})
}

func TestRun_KeepsALongLinkedListThatARuleKeeps(t *testing.T) {
	t.Parallel()
	source := list(t)
	notForEver(t, func() {
		report, target := takeFlat(t, plan.Spec{URL: source, Tables: map[string]plan.Rule{"public.link": {All: true}}},
			"CREATE TABLE link (id int PRIMARY KEY, previous int REFERENCES link)")
		wantComplete(t, source, target, report)
		if report.Rows != 100000 || report.Tables[0].Sampled+report.Tables[0].Forced != 100000 {
			t.Errorf("%+v", report.Tables)
		}
	})
}

func TestRun_FollowsALinkedListFromItsEnd(t *testing.T) {
	t.Parallel()
	source := pgtest.New(t)
	pgtest.Exec(t, source, `CREATE TABLE link (id int PRIMARY KEY, previous int NOT NULL);
		INSERT INTO link SELECT i, greatest(i - 1, 1) FROM generate_series(1, 10000) AS i;
		ALTER TABLE link ADD FOREIGN KEY (previous) REFERENCES link;
		CREATE TABLE head (link int REFERENCES link); INSERT INTO head VALUES (10000); ANALYZE`)
	notForEver(t, func() {
		report, target := takeRows(t, plan.Spec{URL: source, Tables: map[string]plan.Rule{"public.head": {All: true}}})
		wantComplete(t, source, target, report)
		if report.Rows != 10001 {
			t.Errorf("%d rows, want the list and its head", report.Rows)
		}
	})
}

// Each candidate references so much that nearly none is followed. The one that
// is kept in the end leads on to others, which were looked at and not followed.
func TestRun_FollowsWhatItLookedAtBefore(t *testing.T) {
	t.Parallel()
	source := pgtest.New(t)
	var columns, keys [2]string
	const parents = 6
	for n := range parents {
		for side, other := range []string{"b", "a"} {
			columns[side] += fmt.Sprintf(", r%d int NOT NULL", n)
			keys[side] += fmt.Sprintf("ALTER TABLE %s ADD FOREIGN KEY (r%d) REFERENCES %s; ", []string{"a", "b"}[side],
				n, other)
		}
	}
	pgtest.Exec(t, source, fmt.Sprintf(`CREATE TABLE a (id int PRIMARY KEY%s); CREATE TABLE b (id int PRIMARY KEY%s);
		INSERT INTO a SELECT i, %s FROM generate_series(1, 120) AS i; INSERT INTO b SELECT i, %s FROM generate_series(1, 40) AS i; %s %s ANALYZE`,
		columns[0], columns[1], spread(parents, 40), spread(parents, 120), keys[0], keys[1]))
	report, target := takeRows(t, plan.Spec{URL: source, Tables: map[string]plan.Rule{"public.a": {None: true}}})
	wantComplete(t, source, target, report)
	if report.Rows == 0 {
		t.Error("nothing is kept")
	}
}

// spread is references to rows of a table of that size, which lie apart.
func spread(n, size int) string {
	var list []string
	for k := range n {
		list = append(list, fmt.Sprintf("1 + (i * %d + %d) %% %d", 7+4*k, 11*k, size))
	}
	return strings.Join(list, ", ")
}

func TestRun_KeepsToTheCurveWhereOneParentHasAllChildren(t *testing.T) {
	t.Parallel()
	source := pgtest.New(t)
	pgtest.Exec(t, source, fmt.Sprintf(`CREATE TABLE top (id int PRIMARY KEY);
		CREATE TABLE mid (id int PRIMARY KEY, top int NOT NULL REFERENCES top);
		CREATE TABLE leaf (id int PRIMARY KEY, mid int NOT NULL);
		INSERT INTO top SELECT generate_series(1, 1000);
		INSERT INTO mid VALUES (1, 77);
		INSERT INTO leaf SELECT i, 1 FROM generate_series(1, %d) AS i;
		CREATE INDEX ON leaf (mid); ALTER TABLE leaf ADD FOREIGN KEY (mid) REFERENCES mid; ANALYZE`,
		soak.Rounds(200_000, 1_000_000)))
	notForEver(t, func() {
		report, target := takeInto(t, plan.Spec{URL: source})
		wantComplete(t, source, target, report)
		wantBalance(t, report)
		wantRowsOfSource(t, source, target)
	})
}

func TestRun_CopiesATableOf1600Columns(t *testing.T) {
	t.Parallel()
	source := pgtest.New(t)
	var columns, values, keys []string
	for i := range 1599 {
		name := fmt.Sprintf(`"column %d has the longest name that one may have, %s"`, i, strings.Repeat("x", 11))
		columns = append(columns, name+" int")
		values = append(values, fmt.Sprintf("CASE WHEN i * %d %% 5 = 0 THEN 1 + i / 10 END", 1+i))
		if i%200 == 0 {
			keys = append(keys, "ADD FOREIGN KEY ("+name+") REFERENCES wide")
		}
	}
	pgtest.Exec(t, source,
		"CREATE TABLE wide (id int PRIMARY KEY, "+strings.Join(columns, ", ")+"); INSERT INTO wide SELECT i, "+
			strings.Join(values, ", ")+" FROM generate_series(1, 300) AS i; ALTER TABLE wide "+strings.Join(keys, ", ")+
			"; ANALYZE")
	report, target := takeInto(t, plan.Spec{URL: source})
	wantComplete(t, source, target, report)
	wantBalance(t, report)
	wantRowsOfSource(t, source, target)
}

// manyTables makes tables with three keys each, which are one
// component: the last references the first.
func manyTables(n int) (tables, rows, keys string) {
	var create, fill, refer strings.Builder
	for i := range n {
		fmt.Fprintf(&create, "CREATE TABLE t%d (id int PRIMARY KEY, a int NOT NULL, b int, c int);\n", i)
		fmt.Fprintf(&fill,
			`INSERT INTO t%d SELECT i, 1 + i * 3 %% 20, CASE WHEN i %% 4 = 0 THEN i END, CASE WHEN i = 20 THEN 1 END
			FROM generate_series(1, 20) AS i;`, i)
		fmt.Fprintf(&refer,
			"ALTER TABLE t%d ADD FOREIGN KEY (a) REFERENCES t%d, ADD FOREIGN KEY (b) REFERENCES t%d, ADD FOREIGN "+
				"KEY (c) REFERENCES t%d;\n",
			i, i/2, i*79/100, (i+1)%n)
	}
	return create.String(), fill.String(), refer.String()
}

func TestRun_CopesWithManyTablesOfThreeKeysEach(t *testing.T) {
	t.Parallel()
	n := soak.Rounds(250, 1000)
	tables, rows, keys := manyTables(n)
	source := pgtest.New(t)
	pgtest.Exec(t, source, tables+rows+keys)
	notForEver(t, func() {
		report, target := takeFlat(t, plan.Spec{URL: source}, tables)
		pgtest.Exec(t, target, keys)
		if len(report.Tables) != n || len(report.Keys) != 3*n {
			t.Errorf("%d tables, %d keys", len(report.Tables), len(report.Keys))
		}
		if report.Rows > report.SourceRows/2 {
			t.Errorf("%d of %d rows, target %d", report.Rows, report.SourceRows, report.Target)
		}
		for _, r := range report.Tables {
			if r.Rows == 0 {
				t.Errorf("%s is empty", r.Name)
			}
		}
	})
}

// leavesSQL makes partitions of 50 leaves each: PostgreSQL takes twice the
// time for 2,000 of one parent.
const leavesSQL = `DO $$ BEGIN
	FOR i IN 0..%[1]d - 1 LOOP
		EXECUTE format('CREATE TABLE entry_%%s PARTITION OF entry FOR VALUES FROM (%%s) TO (%%s) PARTITION BY LIST (part)', i, i * 50, i * 50 + 50);
		FOR j IN i * 50..i * 50 + 49 LOOP
			EXECUTE format('CREATE TABLE entry_%%s_%%s PARTITION OF entry_%%s FOR VALUES IN (%%s)', i, j, i, j);
		END LOOP;
	END LOOP;
END $$;
INSERT INTO account SELECT generate_series(1, 500);
INSERT INTO entry SELECT i, i %% (%[1]d * 50), 1 + i %% 500 FROM generate_series(1, 20000) AS i;
INSERT INTO note SELECT i, i FROM generate_series(1, 5000) AS i`

func TestRun_CopesWithAPartitionTreeOfManyLeaves(t *testing.T) {
	t.Parallel()
	source := pgtest.New(t)
	const root = "CREATE TABLE entry (id int NOT NULL, part int NOT NULL, account int REFERENCES account, PRIMARY " +
		"KEY (id, part))"
	const around = "CREATE TABLE account (id int PRIMARY KEY); %s; CREATE TABLE note (id int PRIMARY KEY, entry int)"
	pgtest.Exec(t, source, fmt.Sprintf(around, root+" PARTITION BY RANGE (part)"))
	pgtest.Exec(t, source, fmt.Sprintf(leavesSQL, soak.Rounds(10, 40)))
	notForEver(t, func() {
		// A key of the configuration: to add one that references the tree
		// takes the server longer than all the rest.
		spec := plan.Spec{URL: source, References: []string{"public.note.entry -> public.entry.id"}}
		report, target := takeFlat(t, spec, fmt.Sprintf(around, root))
		wantBalance(t, report)
		if report.SourceRows != 25500 {
			t.Errorf("%d source rows", report.SourceRows)
		}
		pgtest.Exec(t, target,
			"ALTER TABLE entry ADD UNIQUE (id); ALTER TABLE note ADD FOREIGN KEY (entry) REFERENCES entry (id)")
	})
}
