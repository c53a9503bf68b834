package facts_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/facts"
)

var shop = facts.Facts{
	Format: facts.Format, Server: 150018,
	Database: &facts.Database{Encoding: "UTF8", Provider: "libc", Collate: "de_DE.UTF-8", Ctype: "de_DE.UTF-8"},
	Settings: []facts.Setting{{"work_mem", "4096", "kB"}},
	Missing:  []string{"pg_stat_statements: not there"},
	Tables: []facts.Table{
		{
			Schema: "public", Name: "Bestellung\n𝔛ü", Kind: "r", Rows: 2e6, Pages: 40000, Bytes: 40000 * 8192,
			Indexes: []facts.Index{
				{Name: "pk", Method: "btree", Unique: true, Rows: 2e6, Pages: 5000, Bytes: 5000 * 8192},
			},
			Columns: []facts.Column{
				{Name: "id", Width: 8, Distinct: -1, Correlation: 1, Bounds: []string{"1", "2000000"}},
				{
					Name: "Größe", Width: 4, Distinct: 2, Common: []float64{0.5, 0.25}, Masked: true,
					Values: []*string{new("\\ü\n--"), nil},
				},
				{Name: "tags", Elements: &facts.Elements{
					Values: []string{"a"}, Shares: []float64{0.1, 0.1, 0.1, 0}, Counts: []float64{1, 2, 1.5},
				}},
			},
		},
		{Schema: "public", Name: "empty", Kind: "r", Rows: -1},
	},
	Statements: []facts.Statement{{Shape: "SELECT ?", Calls: 12, Rows: 12, Time: 0.5}},
}

// in writes a script with the lines in the middle, and reads its facts.
func in(t *testing.T, lines string) (*facts.Facts, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.sql")
	text := "--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE t (a int);\n" + lines +
		"COPY public.t (a) FROM stdin;\n-- offshoot facts: {}\n\\.\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return facts.Of(path)
}

func TestComments_AreReadBack(t *testing.T) {
	lines, err := shop.Comments()
	if err != nil {
		t.Fatal(err)
	}
	got, err := in(t, lines)
	if err != nil {
		t.Fatal(err)
	}
	want := shop
	want.Lines = 3
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Error(diff)
	}
	for line := range strings.Lines(lines) {
		if !strings.HasPrefix(line, "-- ") || strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
			t.Errorf("not a comment in ASCII: %s", line)
		}
	}
}

func TestOf_ReadsTheFirstFormat(t *testing.T) {
	got, err := in(t, `-- offshoot facts: {"offshoot_facts":1,"server":150018,"lines":1}`+"\n"+
		`-- offshoot facts: {"schema":"a","table":"b","kind":"r","rows":7,"pages":1,"bytes":8192,`+
		`"columns":[{"column":"c","null":0,"width":4,"distinct":-1,"common":[0.5]}]}`+"\n")
	if err != nil || !got.Known() || got.Database != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	c := got.Table("a.b").Columns[0]
	if values, shares := c.Told(); len(values)+len(shares) > 0 || len(c.Common) != 1 {
		t.Errorf("%+v", c)
	}
}

func TestTold_LeavesOutWhatIsNotTold(t *testing.T) {
	c := facts.Column{Common: []float64{0.5, 0.25, 0.1}, Values: []*string{new("a"), nil, new("c")}}
	values, shares := c.Told()
	if diff := cmp.Diff([]string{"a", "c"}, values) + cmp.Diff([]float64{0.5, 0.1}, shares); diff != "" {
		t.Error(diff)
	}
}

func TestOf_IsNilWhereThereAreNone(t *testing.T) {
	if got, err := in(t, ""); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if (*facts.Facts)(nil).Known() || (*facts.Facts)(nil).Table("a.b") != nil {
		t.Error("nothing is known of nothing")
	}
	if lines, err := (&facts.Facts{}).Comments(); lines != "" || err != nil {
		t.Errorf("%q, %v", lines, err)
	}
}

func TestOf_RefusesWhatItDoesNotUnderstand(t *testing.T) {
	lines, err := shop.Comments()
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.SplitAfter(lines, "\n")
	var format *facts.FormatError
	if _, err := in(t, `-- offshoot facts: {"offshoot_facts":3}`+"\n"); !errors.As(err, &format) {
		t.Error(err)
	}
	if _, err := in(t, parts[0]+parts[1]); err == nil || !strings.Contains(err.Error(), "cut short") {
		t.Error(err)
	}
	if _, err := in(t, "-- offshoot facts: {\n"); err == nil {
		t.Error("half a line is taken for facts")
	}
	if _, err := facts.Of(filepath.Join(t.TempDir(), "none.sql")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
