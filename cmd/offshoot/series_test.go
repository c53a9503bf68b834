package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/forge/forgetest"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/report"
	"github.com/offshoot-dev/offshoot/provision"
)

// What a job that runs every night does, and what a preview finds then.
func TestSeries_KeepsTheLastArchivesAndLoadsTheNewest(t *testing.T) {
	programPath(t) // built with this computer's own cache
	objects := bucketServer(t)
	for _, old := range []string{"20260301T031500Z.sql.zst", "20260302T031500Z.sql.zst", "20260303T031500Z.sql.zst"} {
		objects.Store("/archives/nightly/"+old, []string{old, strings.Repeat("0", 64)})
	}
	keys := func() (keys []string) {
		objects.Range(func(path, _ any) bool {
			keys = append(keys, strings.TrimPrefix(path.(string), "/archives/nightly/"))
			return true
		})
		slices.Sort(keys)
		return keys
	}
	const folder = "s3://archives/nightly/"
	dir := t.TempDir()
	failed := offshoot(t, dir, 1, "subset", "--source", "postgres://u@127.0.0.1:1/d", "--to", folder, "--keep", "2")
	if got := keys(); len(got) != 3 {
		t.Errorf("a run that failed leaves %q: %s", got, failed.stderr.String())
	}
	a := here()
	last, err := a.newestArchive(t.Context(), folder)
	if err != nil || last.name != folder+"20260303T031500Z.sql.zst" {
		t.Errorf("%+v, %v", last, err)
	}
	if said := told(last.tell); !strings.HasPrefix(said, "warn ") || !strings.Contains(said, " days old") {
		t.Errorf("an old one: said %q", said)
	}

	source := pgtest.New(t)
	pgtest.Exec(t, source, "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1); ANALYZE")
	p := offshoot(t, dir, 0,
		"subset", "--source", source, "--to", folder, "--keep", "2", "--check", "--score", "--json")
	got := keys()
	if len(got) != 2 || got[0] != "20260303T031500Z.sql.zst" || got[1] <= "20260304" {
		t.Errorf("left %q", got)
	}
	if !strings.Contains(p.stderr.String(), "removed 2 old archives") || !strings.Contains(p.stdout.String(), `"score"`) {
		t.Errorf("%s%s", p.stderr.String(), p.stdout.String())
	}
	u := a.newUI()
	defer u.Close()
	made, err := a.archiveFromBucket(t.Context(), u, folder)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(made.path); err != nil || info.Size() == 0 {
		t.Errorf("%v", err)
	}
	pgtest.Exec(t, source, "CREATE TABLE b (a int REFERENCES a); ALTER TABLE b DISABLE TRIGGER ALL; "+
		"INSERT INTO b VALUES (77); ANALYZE")
	refused := offshoot(t, dir, exitCheckFailed, "subset", "--source", source, "--to", folder, "--keep", "1")
	if after := keys(); !slices.Equal(after, got) || !strings.Contains(refused.stdout.String(), "dangling") {
		t.Errorf("a subset with rows that dangle leaves %q: %s", after, refused.stdout.String())
	}
	offshoot(t, dir, exitUsage, "subset", "--source", source, "--to", folder, "--keep", "0")
	offshoot(t, dir, exitUsage, "subset", "--source", source, "--to", folder, "--score")
}

// The comment says of when the archive is, and where it is old, that somebody should look.
// A fork's preview gets what the job itself names, and not what the repository has.
func TestSeries_TheCommentSaysHowOldTheArchiveIs(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///nowhere/none.sock") // nobody has to say what serves
	a := here()
	a.lookup = lookup(archiveVariable, "s3://archives/nightly/")
	u := a.newUI()
	defer u.Close()
	p := &ciPreviews{
		jobs: jobs{a.above()}, ui: u, cfg: &config.Config{}, git: checkout{Root: "/shop"}, forge: &forgetest.Memory{},
	}
	result := guardedResult()
	result.Loaded = &provision.Loaded{Bytes: 1000}
	for age, warns := range map[time.Duration]bool{time.Hour: false, 73 * time.Hour: true} {
		begun := time.Now().Add(-age)
		p.ofArchive(begun)
		r := p.report(t.Context(), result.Preview, result, nil, nil)
		r.State = report.Ready
		comment := report.Markdown(r, nil)
		if !strings.Contains(comment, begun.UTC().Format("Mon 2 Jan 2006, 15:04")+" UTC") ||
			strings.Contains(comment, "3 days old") != warns {
			t.Errorf("%v: %s", age, comment)
		}
	}
	if got := p.archiveNamed(); got != "s3://archives/nightly/" {
		t.Errorf("loads %q", got)
	}
	if p.stranger = true; p.archiveNamed() != "" {
		t.Error("a fork's preview loads what the repository has")
	}
}
