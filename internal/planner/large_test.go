package planner_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/scratch"
	"github.com/offshoot-dev/offshoot/internal/soak"
)

// A terabyte in so many tables, each with an index, ten columns and their statistics.
func TestDress_TakesATerabyteWithoutADisk(t *testing.T) {
	tables := soak.Rounds(100, 1000)
	t.Setenv("TMPDIR", t.TempDir())
	for _, dir := range []string{filepath.Dir(os.TempDir()), os.TempDir()} { // for the server's user
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	known := facts.Facts{
		Format: facts.Format, Server: pgtest.Major(t) * 10000,
		Database: &facts.Database{Encoding: "UTF8", Collate: "C", Ctype: "C"},
	}
	const terabyte = 1 << 40
	var script strings.Builder
	for n := range tables {
		one := facts.Table{
			Schema: "public", Name: fmt.Sprintf("t%d", n), Kind: "r", Rows: 1e8, Bytes: terabyte / int64(tables),
			Pages: terabyte / int64(tables) / 8192,
		}
		one.Indexes = []facts.Index{{
			Name: one.Name + "_pkey", Method: "btree", Unique: true, Rows: 1e8, Pages: one.Pages / 10,
			Bytes: one.Bytes / 10,
		}}
		fmt.Fprintf(&script, "CREATE TABLE public.%s (id int PRIMARY KEY", one.Name)
		for at := range 10 {
			c := facts.Column{Name: fmt.Sprintf("c%d", at), Width: 8, Distinct: 1000, Correlation: 0.1}
			for i := range 100 {
				value := fmt.Sprint(i * 1000)
				c.Common, c.Values = append(c.Common, 0.001), append(c.Values, &value)
				c.Bounds = append(c.Bounds, value+"1")
			}
			one.Columns = append(one.Columns, c)
			fmt.Fprintf(&script, ", %s bigint", c.Name)
		}
		script.WriteString(");\n")
		known.Tables = append(known.Tables, one)
	}
	lines, err := known.Comments()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "large.sql")
	if err := os.WriteFile(path, []byte(lines+script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := load(t, path)
	database := c.copy(t, scratch.Loaded)
	copied := onDisk(t)
	began := time.Now()
	c.dressed(t, database)
	took := time.Since(began)
	used := onDisk(t) - copied
	t.Logf("%d tables: %v, %d kB of the disk", tables, took, used>>10)
	if used > int64(tables)*128<<10 {
		t.Errorf("%d bytes of the disk", used)
	}
	got := c.explained(t, database, "SELECT * FROM t7 WHERE c3 = 2000", false)
	if got.Root.Rows < 99_000 || got.Root.Rows > 101_000 || got.Root.Cost < 1e5 {
		t.Errorf("%+v", got.Root)
	}
	if soak.On && took > 10*time.Second { // five, where nothing else is done
		t.Errorf("%v", took)
	}
}

// onDisk is how much of the disk the servers in the folder for temporary files take.
func onDisk(t *testing.T) (used int64) {
	t.Helper()
	err := filepath.WalkDir(os.TempDir(), func(_ string, entry os.DirEntry, err error) error {
		if err != nil {
			return nil // what a server removes meanwhile
		}
		if info, err := entry.Info(); err == nil {
			used += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return used
}
