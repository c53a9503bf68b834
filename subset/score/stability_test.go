package score_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/score"
)

func compared(t *testing.T, first, second string) *score.Stability {
	t.Helper()
	s, err := score.Compare(t.Context(), first, second)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCompare_CountsRowsByTheirKey(t *testing.T) {
	const tables = `CREATE TABLE one (id int PRIMARY KEY, v text);
		CREATE TABLE two (a int NOT NULL, b text NOT NULL, UNIQUE (b, a));
		CREATE TABLE bag (v int); CREATE TABLE maybe (v int UNIQUE); CREATE TABLE none (id int PRIMARY KEY);`
	first, second := pgtest.New(t), pgtest.New(t)
	pgtest.Exec(t, first, tables+`CREATE TABLE here (id int PRIMARY KEY);
		INSERT INTO one SELECT i, 'x' FROM generate_series(1, 30) AS i;
		INSERT INTO two VALUES (1, 'a'), (1, 'b'), (2, 'a'), (12, ''), (1, '2')`)
	pgtest.Exec(t, second, tables+`CREATE TABLE there (id int PRIMARY KEY);
		INSERT INTO one SELECT i, 'y' FROM generate_series(11, 60) AS i;
		INSERT INTO two VALUES (1, 'a'), (1, 'b'), (2, 'b')`)
	s := compared(t, first, second)
	want := []score.TableStability{
		{Schema: "public", Name: "none", Jaccard: 1},
		{Schema: "public", Name: "one", First: 30, Second: 50, Shared: 20, Jaccard: 0.3333},
		{Schema: "public", Name: "two", First: 5, Second: 3, Shared: 2, Jaccard: 0.3333},
	}
	if diff := cmp.Diff(want, s.Tables); diff != "" {
		t.Error(diff)
	}
	if s.Shared != 22 || s.Jaccard != 0.3333 {
		t.Errorf("%+v", s)
	}
	why := map[string]string{}
	for _, o := range s.Unscored {
		why[o.Name] = o.Reason
	}
	if diff := cmp.Diff(map[string]string{
		"bag": "no key", "maybe": "no key", "here": "not in the other subset",
		"there": "only in " + s.Second,
	}, why); diff != "" {
		t.Error(diff)
	}
}

func TestCompare_OfASubsetWithItselfIsOne(t *testing.T) {
	for _, schema := range []string{"keys.sql", "partitions.sql", "names.sql"} {
		s := compared(t, fixture(t, schema), load(t, schema))
		for _, table := range s.Tables {
			if table.Jaccard != 1 || table.First != table.Second || table.Shared != table.First {
				t.Errorf("%s: %+v", schema, table)
			}
		}
	}
}

func TestCompare_IsWrittenForPeopleAndPrograms(t *testing.T) {
	s := &score.Stability{
		Version: 1, First: "mon", Second: "t|ue", Shared: 1200, Jaccard: 0.9231,
		Tables: []score.TableStability{{
			Schema: "public", Name: "orders", First: 1250, Second: 1250, Shared: 1200,
			Jaccard: 0.9231,
		}},
		Unscored: []catalog.Omission{{Schema: "public", Name: "log", Reason: "no key"}},
	}
	var text, markdown, doc bytes.Buffer
	if err := errors.Join(s.WriteText(&text), s.WriteMarkdown(&markdown), s.WriteJSON(&doc)); err != nil {
		t.Fatal(err)
	}
	want := `mon and t|ue share 1,200 rows: 92.3 % of all that are in one or both

table          first  second  shared  Jaccard
public.orders  1,250  1,250   1,200   0.923

not compared: public.log (no key)
`
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Error(diff)
	}
	want = `- mon and t&#124;ue share 1,200 rows: 92.3 % of all that are in one or both

| table | first | second | shared | Jaccard |
|---|---:|---:|---:|---:|
| public.orders | 1,250 | 1,250 | 1,200 | 0.923 |

- not compared: public.log (no key)
`
	if diff := cmp.Diff(want, markdown.String()); diff != "" {
		t.Error(diff)
	}
	var got score.Stability
	if err := json.Unmarshal(doc.Bytes(), &got); err != nil || cmp.Diff(*s, got) != "" {
		t.Errorf("%s, %v", cmp.Diff(*s, got), err)
	}
}

func TestCompare_ExplainsItsErrors(t *testing.T) {
	if _, err := score.Compare(t.Context(), "nonsense", "nonsense"); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("%v", err)
	}
	_, err := score.Compare(t.Context(), pgtest.New(t), pgtest.WithDatabase(t, pgtest.New(t), "nowhere"))
	wantOneLine(t, err, "compare: target: connect to")
}
