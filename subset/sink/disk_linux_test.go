package sink_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// smallDisk mounts one of a given size.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	dir, err := os.MkdirTemp("/tmp", "offshoot-disk-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(dir) })
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// large is a database that needs about 15 MB.
func large(t *testing.T) string {
	t.Helper()
	url := pgtest.New(t)
	pgtest.Exec(t, url, `CREATE TABLE t (s text); ALTER TABLE t ALTER s SET STORAGE EXTERNAL;
		INSERT INTO t SELECT repeat(md5(n::text), 30) FROM generate_series(1, 15000) n`)
	return url
}

func TestFile_SaysThatTheDiskIsFullAndLeavesNothing(t *testing.T) {
	s := open(t, large(t))
	for _, way := range []string{"x.sql", "x.dump", "x/"} {
		runsFull(t, s, smallDisk(t, "64k"), way)
	}
}

func runsFull(t *testing.T, s *source, dir, way string) {
	t.Helper()
	_, err := s.copyTo(t, dir+"/"+way, sink.Options{})
	if !errors.Is(err, syscall.ENOSPC) || len(hint.Of(err)) != 1 || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: %v", way, err)
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("%s left %q", way, left)
	}
}

// The data of an archive in the custom format is on the disk twice.
func TestCustom_SaysThatTheDiskIsFullAtTheEnd(t *testing.T) {
	s := open(t, large(t))
	info, err := os.Stat(archived(t, s, "x.dump"))
	if err != nil {
		t.Fatal(err)
	}
	runsFull(t, s, smallDisk(t, strconv.FormatInt(info.Size()*3/2, 10)), "x.dump")
}

func TestScript_OnAFullDiskLeavesTheOldFile(t *testing.T) {
	dir := smallDisk(t, "256k")
	url := large(t)
	for _, name := range []string{"x.sql", "x.sql.gz", "x.sql.zst"} {
		path := filepath.Join(dir, name)
		write(t, path, "old")
		_, err := open(t, url).copyTo(t, path, sink.Options{Replace: true})
		if !errors.Is(err, syscall.ENOSPC) || len(hint.Of(err)) != 1 {
			t.Errorf("%s: got %v", name, err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != "old" {
			t.Errorf("%s is %d bytes, %v", name, len(text), err)
		}
	}
	if left := files(t, dir); len(left) != 3 {
		t.Errorf("left: %q", left)
	}
}

// TestDatabase_SaysThatTheDiskIsFullAndEmptiesTheTarget runs in a test binary
// and so in a cluster of its own: a standby would share the tablespace.
func TestDatabase_SaysThatTheDiskIsFullAndEmptiesTheTarget(t *testing.T) {
	t.Parallel()
	if os.Getenv("SINK_TEST_ALONE") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), "SINK_TEST_ALONE=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if strings.Contains(string(out), "--- SKIP") {
			t.Skip("skipped in its own binary")
		}
		return
	}
	disk := smallDisk(t, "13m")
	owner, err := os.Stat(filepath.Join(pgtest.SocketDir(t), "data"))
	if err != nil {
		t.Fatal(err)
	}
	stat := owner.Sys().(*syscall.Stat_t)
	if err := os.Chown(disk, int(stat.Uid), int(stat.Gid)); err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, pgtest.Server(t), "CREATE TABLESPACE small LOCATION '"+disk+"'")
	t.Cleanup(func() { pgtest.Exec(t, pgtest.Server(t), "DROP TABLESPACE small") })
	to := pgtest.NewWith(t, "TABLESPACE small")
	_, err = open(t, large(t)).copyTo(t, to, sink.Options{})
	if !errors.Is(err, syscall.ENOSPC) || len(hint.Of(err)) != 1 || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	isEmpty(t, to)
}
