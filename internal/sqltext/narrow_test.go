package sqltext_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

func TestNarrowed_AddsAConditionOnlyWhereOneTableDecides(t *testing.T) {
	for text, want := range map[string]string{
		"UPDATE t SET a = 1": "UPDATE t SET a = 1 WHERE id < 9",
		"update t set a = (select 1 where true) where b or c;": "update t set a = (select 1 where true) where (b or c) AND id < 9",
		"DELETE FROM t WHERE a = 'where'":                      "DELETE FROM t WHERE (a = 'where') AND id < 9",
		"DELETE FROM ONLY t":                                   "DELETE FROM ONLY t WHERE id < 9",
		"UPDATE t SET a = 1 FROM u WHERE t.id = u.id":          "",
		"DELETE FROM t USING u":                                "",
		"DELETE FROM t RETURNING a":                            "",
		"UPDATE t SET a = 1 WHERE CURRENT OF c":                "",
		"WITH x AS (SELECT 1) DELETE FROM t":                   "",
		"UPDATE t SET a = 1 -- ; ":                             "",
		"INSERT INTO t VALUES (1)":                             "",
	} {
		got, ok := sqltext.Narrowed(text, "id < 9")
		if got != want || ok != (want != "") {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if !sqltext.Parameters("SELECT $1") || sqltext.Parameters("SELECT '$1', $$ $1 $$") {
		t.Error("parameters")
	}
	if got := sqltext.Sequence("nextval('t_s_seq'::regclass)"); got != "t_s_seq" || sqltext.Sequence("now()") != "" {
		t.Errorf("sequence %q", got)
	}
}
