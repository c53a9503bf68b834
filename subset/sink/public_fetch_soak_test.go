//go:build soak

package sink_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// publics reads testdata/public.txt.
func publics(t *testing.T) []public {
	t.Helper()
	var list []public
	for line := range strings.Lines(read(t, filepath.Join("testdata", "public.txt"))) {
		f := strings.Fields(line)
		if len(f) < 5 || f[0] == "#" {
			continue
		}
		least, err := strconv.Atoi(f[4])
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		p := public{registry: f[0], name: f[1], version: f[2], files: f[3], tables: least}
		if len(f) > 5 {
			p.placeholder, p.value, _ = strings.Cut(strings.ReplaceAll(f[5], "~", " "), "=")
		}
		list = append(list, p)
	}
	return list
}

// folder is where a package was put by its registry's own client.
func (p public) folder(t *testing.T) string {
	t.Helper()
	if p.registry == "npm" {
		return p.unpacked(t)
	}
	cmd := exec.Command("go", "mod", "download", "-json", p.name+"@"+p.version)
	cmd.Dir = t.TempDir() // of no module
	out, err := cmd.Output()
	var got struct{ Dir string }
	if err = errors.Join(err, json.Unmarshal(out, &got)); err != nil || got.Dir == "" {
		t.Skipf("no sample data: module %s %s is not to be had: %v", p.name, p.version, err)
	}
	return got.Dir
}

// unpacked is the folder of an npm package.
func (p public) unpacked(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("npm", "pack", "--silent", p.name+"@"+p.version)
	cmd.Dir = dir
	if err := cmd.Run(); err != nil {
		t.Skipf("no sample data: package %s %s is not to be had: %v", p.name, p.version, err)
	}
	archives, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(archives) != 1 {
		t.Fatalf("%q, %v", archives, err)
	}
	packed, err := gzip.NewReader(bytes.NewReader([]byte(read(t, archives[0]))))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(packed); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return filepath.Join(dir, "package")
		}
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, filepath.FromSlash(path.Clean("/"+h.Name)))
		text, err := io.ReadAll(r)
		if err = errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o700)); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			write(t, to, string(text))
		}
	}
}

// otherServers are migrations for something else than PostgreSQL, or back.
var otherServers = regexp.MustCompile(`\.(mysql|sqlite3?|cockroach|crdb|mariadb)\.|\.down\.sql$`)

// back begins what goose and sql-migrate would run to undo a migration.
var back = regexp.MustCompile(`(?m)^-- \+(goose|migrate) Down`)

// apply runs the files of a package. Of a migration that has a form for
// PostgreSQL that is meant.
func (p public) apply(t *testing.T, url string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.folder(t), filepath.FromSlash(p.files)))
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(f string) bool {
		general, own := strings.CutSuffix(f, ".up.sql")
		_, special := os.Stat(general + ".postgres.up.sql")
		return otherServers.MatchString(filepath.Base(f)) || own && special == nil
	})
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for before := len(files) + 1; len(files) < before; {
		before = len(files)
		files = slices.DeleteFunc(files, func(f string) bool {
			text := read(t, f)
			if at := back.FindStringIndex(text); at != nil {
				text = text[:at[0]]
			}
			if p.placeholder != "" {
				text = strings.ReplaceAll(text, p.placeholder, p.value)
			}
			_, err = conn.PgConn().Exec(t.Context(), text).ReadAll()
			return err == nil
		})
	}
	if len(files) > 0 {
		t.Logf("%d files do not run, %s the last: %v", len(files), filepath.Base(files[len(files)-1]), err)
	}
	var tables int
	const sql = "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND oid >= 16384"
	if err := conn.QueryRow(t.Context(), sql).Scan(&tables); err != nil || tables < p.tables {
		t.Fatalf("%d tables, %v", tables, err)
	}
	t.Logf("%d tables", tables)
}
