package score_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/score"
)

// allKept is a curve that keeps all.
var allKept = plan.Curve{From: plan.Point{Source: 1, Kept: 1}, To: plan.Point{Source: 10, Kept: 10}}

// Every kind of key and table that the project's schemas have can be measured,
// and a copy of its source is at no distance from it.
func TestScore_OfACopyIsZeroForEveryKindOfKey(t *testing.T) {
	for schema, keys := range map[string]int{"keys.sql": 12, "partitions.sql": 4, "names.sql": 4} {
		t.Run(schema, func(t *testing.T) {
			s := scored(t, plan.Spec{URL: fixture(t, schema), Curve: allKept}, load(t, schema))
			if len(s.Keys) != keys || s.Unscored != nil || s.OnlySource != nil || s.OnlySubset != nil {
				t.Errorf("%d keys, %+v, %v, %v", len(s.Keys), s.Unscored, s.OnlySource, s.OnlySubset)
			}
			for _, k := range s.Keys {
				if k.Fanout != nil && k.Fanout.Value != 0 || k.Shape != nil && k.Shape.Value != 0 || k.Broken != 0 ||
					k.Dangling != k.Before {
					t.Errorf("%+v", k)
				}
				if k.Mean.Subset != k.Mean.Source || k.Mean.Implied != k.Mean.Source ||
					k.Childless.Subset != k.Childless.Source {
					t.Errorf("%+v", k)
				}
			}
			for _, table := range s.Tables {
				if table.Error != 0 || table.Foreign != 0 || table.Position != nil && table.Position.Value != 0 {
					t.Errorf("%+v", table)
				}
			}
			for _, c := range s.Columns {
				if v := c.Coverage; v != nil && (v.Share != 1 || v.Weighted != 1 || v.Expected != 1) {
					t.Errorf("%s.%s: %+v", c.Table, c.Column, *v)
				}
			}
		})
	}
}

// The fan-out that the server counts is the one that anybody would.
func TestScore_CountsChildrenLikeAPlainJoin(t *testing.T) {
	url := fixture(t, "keys.sql")
	s := scored(t, plan.Spec{URL: url}, load(t, "keys.sql"))
	plain := map[string]string{
		"address_country_city_fkey": `SELECT count(a.id) AS n
			FROM city
			LEFT JOIN address AS a ON (a.country, a.city) = (city.country, city.name)
			GROUP BY city.country, city.name`,
		"flag_country_name_fkey": `SELECT count(f) AS n
			FROM country AS c
			LEFT JOIN flag AS f ON f.country_name = c.name
			GROUP BY c.name`,
		"visit_full_country_city_fkey": `SELECT count(v.id) AS n
			FROM city AS c
			LEFT JOIN visit_full AS v ON (v.country, v.city) = (c.country, c.name)
			GROUP BY c.country, c.name`,
		"visit_simple_country_city_fkey": `SELECT count(v.id) AS n
			FROM city AS c
			LEFT JOIN visit_simple AS v ON (v.country, v.city) = (c.country, c.name)
			GROUP BY c.country, c.name`,
		"person_mother_fkey": `SELECT count(c.id) AS n
			FROM person AS p
			LEFT JOIN person AS c ON c.mother = p.id
			GROUP BY p.id`,
		"old_child_parent_fkey": `SELECT count(c.id) AS n
			FROM old_parent AS p
			LEFT JOIN old_child AS c ON c.parent = p.id
			GROUP BY p.id`,
		"note_country_fkey": `SELECT count(n) AS n
			FROM country AS c
			LEFT JOIN note AS n ON n.country = c.code
			GROUP BY c.code`,
	}
	const figures = "SELECT round(avg(n), 4)::float8, round(avg((n = 0)::int), 4)::float8 FROM (%s) AS f"
	seen := 0
	for _, k := range s.Keys {
		sql, ok := plain[k.Name[strings.LastIndex(k.Name, ".")+1:]]
		if !ok {
			continue
		}
		seen++
		want := pgtest.Query(t, url, fmt.Sprintf(figures, sql))[0]
		if diff := cmp.Diff(want, []string{fmt.Sprint(k.Mean.Source), fmt.Sprint(k.Childless.Source)}); diff != "" {
			t.Errorf("%s: %s", k.Name, diff)
		}
	}
	if seen != len(plain) {
		t.Errorf("%d of %d keys seen", seen, len(plain))
	}
}

// A subset may be loaded without partitions, and the other way round.
func TestScore_MatchesTablesWhateverTheirPartitions(t *testing.T) {
	const rows = `INSERT INTO place SELECT generate_series(1, 20);
		INSERT INTO visit SELECT i, 1 + i % 10 FROM generate_series(1, 200) AS i; ANALYZE`
	whole, divided := pgtest.New(t), pgtest.New(t)
	pgtest.Exec(t, whole, `
		CREATE TABLE place (id int PRIMARY KEY);
		CREATE TABLE visit (id int PRIMARY KEY, place int REFERENCES place);`+rows)
	pgtest.Exec(t, divided, `CREATE TABLE place (id int PRIMARY KEY) PARTITION BY RANGE (id);
		CREATE TABLE place_1 PARTITION OF place FOR VALUES FROM (1) TO (10);
		CREATE TABLE place_2 PARTITION OF place DEFAULT;
		CREATE TABLE visit (id int PRIMARY KEY, place int REFERENCES place) PARTITION BY HASH (id);
		CREATE TABLE visit_1 PARTITION OF visit FOR VALUES WITH (MODULUS 2, REMAINDER 0);
		CREATE TABLE visit_2 PARTITION OF visit FOR VALUES WITH (MODULUS 2, REMAINDER 1);`+rows)
	for _, pair := range [][2]string{{whole, divided}, {divided, whole}} {
		s := scored(t, plan.Spec{URL: pair[0], Curve: allKept}, pair[1])
		if len(s.Keys) != 1 || s.Keys[0].Fanout == nil || s.Keys[0].Fanout.Value != 0 ||
			s.Keys[0].Childless.Subset != 0.5 || s.Summary.PositionBias.Worst != 0 {
			t.Errorf("%+v", s)
		}
	}
}

// Where a partition has a key of its own and the subset has no partitions,
// nobody knows which rows it would cover.
func TestScore_SaysWhichKeysItCannotFollow(t *testing.T) {
	source, target := fixture(t, "partitions.sql"), load(t, "partitions.sql")
	pgtest.Exec(t, target, "DROP TABLE event_2024 CASCADE; DROP TABLE event_2025 CASCADE")
	s := scored(t, plan.Spec{URL: source}, target)
	var told []string
	for _, o := range s.Unscored {
		told = append(told, o.Name+": "+o.Reason)
	}
	want := []string{
		"public.audit_2025.audit_2025_event_at_fkey: a partition of it is not in the subset",
		"public.event_2024.only_here: a partition of it is not in the subset",
	}
	slices.Sort(told)
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
}

// References that only the configuration knows are scored with their
// condition.
func TestScore_FollowsReferencesOfTheConfiguration(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, `
		CREATE TABLE post (id int PRIMARY KEY);
		CREATE TABLE mark (id int PRIMARY KEY, on_id int, kind text, n int);
		INSERT INTO post SELECT generate_series(1, 10);
		INSERT INTO mark SELECT i, i, CASE WHEN i <= 5 THEN 'post' ELSE 'page' END, 1 FROM generate_series(1, 40) AS i;
		ANALYZE`)
	target := pgtest.Clone(t, url)
	spec := plan.Spec{
		URL: url, Curve: allKept,
		References: []string{"public.mark.on_id -> public.post.id when kind = 'post'"},
	}
	pgtest.Exec(t, target, "DELETE FROM post WHERE id = 3")
	s := scored(t, spec, target)
	if len(s.Keys) != 1 {
		t.Fatalf("%+v", s.Keys)
	}
	if k := s.Keys[0]; k.Dangling != 1 || k.Before != 0 || k.Broken != 1 || k.Childless.Source != 0.5 ||
		k.Mean.Source != 0.5 || k.Childless.Subset != 0.5556 {
		t.Errorf("%+v", k)
	}
}

// A target of another encoding holds the same values.
func TestScore_ComparesAcrossEncodings(t *testing.T) {
	const sql = `CREATE TABLE town (name text PRIMARY KEY, land text);
		INSERT INTO town SELECT U&'K\00F6ln ' || i, CASE WHEN i % 2 = 0 THEN U&'\00D6sterreich' ELSE 'Schweiz' END
		  FROM generate_series(1, 40) AS i; ANALYZE`
	urls := []string{pgtest.New(t), pgtest.NewWith(t, "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")}
	for _, url := range urls {
		pgtest.Exec(t, url+"&client_encoding=UTF8", sql)
	}
	s := scored(t, plan.Spec{URL: urls[0]}, urls[1])
	if v := columnScores(s)["town.land"].Coverage; v == nil || v.Found != 2 {
		t.Errorf("%+v", v)
	}
	if town := s.Tables[0]; town.Foreign != 0 || town.Position == nil {
		t.Errorf("%+v", town)
	}
	c, err := score.Compare(t.Context(), urls[0], urls[1])
	if err != nil || c.Jaccard != 1 {
		t.Errorf("%+v, %v", c, err)
	}
}

// Keys of types that an extension brought are compared by their own operator,
// which no search path names.
func TestScore_FindsRowsByKeysOfAnyType(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, `CREATE TYPE mood AS ENUM ('fine', 'bad'); CREATE DOMAIN code AS varchar(9);
		CREATE TABLE a (id uuid PRIMARY KEY);
		CREATE TABLE b (d date, m mood, PRIMARY KEY (d, m));
		CREATE TABLE c (k code, t timestamptz, PRIMARY KEY (k, t));
		CREATE TABLE d (n numeric, r int4range, PRIMARY KEY (r, n));
		CREATE TABLE e (c char(7) PRIMARY KEY);
		CREATE TABLE f (b bytea, i int[], PRIMARY KEY (b, i));
		INSERT INTO a SELECT md5(i::text)::uuid FROM generate_series(1, 300) AS i;
		INSERT INTO b SELECT date '2024-01-01' + i / 2, (ARRAY['fine', 'bad'])[1 + i % 2]::mood
		  FROM generate_series(1, 300) AS i;
		INSERT INTO c SELECT 'a''"\ ' || i % 9, timestamptz '2024-01-01 00:00:00.123456+00' + i * interval '1 hour'
		  FROM generate_series(1, 300) AS i;
		INSERT INTO d SELECT i / 7.0, int4range(i, i + 5) FROM generate_series(1, 300) AS i;
		INSERT INTO e SELECT 'x' || i FROM generate_series(1, 300) AS i;
		INSERT INTO f SELECT decode(lpad(to_hex(i), 8, '0'), 'hex'), ARRAY[i, NULL, 2]
		  FROM generate_series(1, 300) AS i;
		ANALYZE`)
	target := pgtest.Clone(t, url)
	s := scored(t, plan.Spec{URL: url}, target)
	for _, table := range s.Tables {
		if table.Foreign != 0 || table.Position == nil || table.Position.Value != 0 {
			t.Errorf("%+v", table)
		}
	}
	pgtest.Exec(t, target, `
		DELETE FROM a WHERE id > '80000000-0000-0000-0000-000000000000';
		UPDATE e SET c = 'y' || right(c, 2) WHERE c = 'x7'`)
	if e := tableScores(scored(t, plan.Spec{URL: url}, target))["e"]; e.Foreign != 1 {
		t.Errorf("%+v", e)
	}
}

// Of a large subset some rows are looked for, not all.
func TestScore_PlacesAPartOfALargeSubset(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url,
		`CREATE TABLE big (id int PRIMARY KEY); INSERT INTO big SELECT generate_series(1, 250000); ANALYZE`)
	target := pgtest.Clone(t, url)
	d := scored(t, plan.Spec{URL: url}, target).Tables[0]
	// All rows are there, of which a third is looked at: even, and not exact.
	if d.Position == nil || d.Position.Value == 0 || d.Position.Value > 0.01 || d.Foreign != 0 ||
		d.Position.Chance > 0.01 {
		t.Errorf("%+v", d)
	}
}
