package sqltext_test

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// said writes a condition with all its parentheses.
func said(c sqltext.Condition) string {
	if len(c.Of) == 0 {
		return strings.TrimSpace("<" + c.Column + "> " + c.Word)
	}
	var parts []string
	for _, of := range c.Of {
		parts = append(parts, said(of))
	}
	if c.Word == "NOT" {
		return "NOT (" + parts[0] + ")"
	}
	return "(" + strings.Join(parts, " "+c.Word+" ") + ")"
}

func TestChanged_ReadsConditionsOfColumnsAndWordsAlone(t *testing.T) {
	for text, want := range map[string]string{
		"UPDATE t SET a = 1": "t: all",
		"DELETE FROM s.t;":   "s.t: all",
		"UPDATE t SET a = (SELECT 1 FROM u WHERE x) WHERE b":        "t: <b>",
		"UPDATE t SET a = 'where' /* WHERE x */ WHERE b IS NULL":    "t: <b> IS NULL",
		`UPDATE "T t" AS x SET a = 1 WHERE x."B""b" IS NOT NULL`:    `T t: <B"b> IS NOT NULL`,
		"DELETE FROM t u WHERE u.a = true AND NOT (b OR c is true)": "t: (<a> = TRUE AND NOT ((<b> OR <c> IS TRUE)))",
		"DELETE FROM t WHERE a AND b OR NOT c IS NULL AND t.d":      "t: ((<a> AND <b>) OR (NOT (<c> IS NULL) AND <d>))",
		"DELETE FROM t WHERE a IS NOT UNKNOWN":                      "t: <a> IS NOT UNKNOWN",
	} {
		table, where, ok := sqltext.Changed(text)
		got := strings.TrimPrefix(table.Schema+"."+table.Name, ".") + ": all"
		if where != nil {
			got = strings.TrimSuffix(got, "all") + said(*where)
		}
		if !ok || got != want {
			t.Errorf("%s: %q, %v, want %q", text, got, ok, want)
		}
	}
}

func TestHostile_AConditionWantsMoreThanColumnsAndWords(t *testing.T) {
	for _, condition := range []string{
		"a = 'x'", "a = 1", "a LIKE 'x%'", "a IN (1)", "a > b", "a = b", "a = $1", "'x'", "1", "f(a)", "f (a)",
		"f()", "pg_sleep(9)", "a IS NULL AND pg_sleep(9) IS NULL", "a::s.evil", "a::text IS NULL",
		"CAST(a AS evil)", "a IS NOT NULL; DROP TABLE t", "EXISTS (SELECT 1)", "a = ANY (ARRAY[1])",
		"(SELECT true)", "(a) IS NULL", "(a, b) IS NULL", "a.b.c IS NULL", "u.a IS NULL", "a OPERATOR(s.=) b",
		"a = true = b", "a ~ 'x'", "a IS DISTINCT FROM b", "a IS JSON", "a @@ b", "a COLLATE evil IS NULL",
		"a[1] IS NULL", "(a).b IS NULL", "CURRENT OF c", "a IS NULL RETURNING f(a)", "a -- x\n||b",
		"CASE WHEN a THEN b END", "a IS NULL ISNULL", "a BETWEEN b AND c", "a AND", "NOT", "", "a b", "(a", "a)",
		"a IS NULL UNION SELECT", strings.Repeat("NOT ", 40) + "a",
		strings.Repeat("(", 40) + "a" + strings.Repeat(")", 40), strings.Repeat("a AND ", 200) + "a", "t.*",
		"* IS NULL", "a IS NULL FOR UPDATE", "a AT TIME ZONE b", "E'a' IS NULL",
	} {
		for _, text := range []string{"UPDATE t SET a = 1 WHERE " + condition, "DELETE FROM t WHERE " + condition} {
			if _, where, ok := sqltext.Changed(text); ok {
				t.Errorf("%s: %+v", text, where)
			}
		}
	}
	for _, text := range []string{
		"UPDATE ONLY t SET a = 1 WHERE b", "UPDATE t SET a = 1 FROM u WHERE b", "DELETE FROM t USING u WHERE b",
		"WITH x AS (SELECT 1) DELETE FROM t WHERE b", "SELECT a FROM t WHERE b", "UPDATE t WHERE b",
		"UPDATE f(1) SET a = 1", "DELETE FROM t AS WHERE b", "DELETE FROM t * WHERE b", "DELETE t WHERE b",
		"UPDATE t SET a = 1 RETURNING b", "",
	} {
		if table, where, ok := sqltext.Changed(text); ok {
			t.Errorf("%s: %v %+v", text, table, where)
		}
	}
}
