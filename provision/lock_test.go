package provision

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/lock"
)

// lockVariable makes this test binary a process that takes a lock, says so,
// and holds it until its standard input ends.
const lockVariable = "OFFSHOOT_TEST_LOCK"

func TestLockHolder(t *testing.T) {
	path := os.Getenv(lockVariable)
	if path == "" {
		return // not this process: another test starts it
	}
	l, err := acquire(t.Context(), path, "shop-pr-1", "up", 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = os.Stdout.WriteString("locked\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
	l.release()
}

// holder runs a process that holds the lock.
func holder(t *testing.T, path string) (command *exec.Cmd, end io.Closer) {
	t.Helper()
	command = exec.Command(os.Args[0], "-test.run=^TestLockHolder$", "-test.v")
	command.Env = append(os.Environ(), lockVariable+"="+path)
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	said := ""
	buffer := make([]byte, 1024)
	for !strings.Contains(said, "locked\n") {
		n, err := stdout.Read(buffer)
		said += string(buffer[:n])
		if err != nil {
			t.Fatalf("the holder said %q: %v", said, err)
		}
	}
	return command, stdin
}

func lockPath(t *testing.T) string {
	return filepath.Join(t.TempDir(), "locks", "x.lock")
}

func TestLock_SaysWhoHoldsItInAnotherProcess(t *testing.T) {
	path := lockPath(t)
	command, end := holder(t, path)
	_, err := acquire(t.Context(), path, "shop-pr-1", "down", 150*time.Millisecond)
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("error %v", err)
	}
	if locked.Holder.PID != command.Process.Pid || locked.Holder.Command != "up" ||
		time.Since(locked.Holder.Since) > time.Minute {
		t.Errorf("holder %+v", locked.Holder)
	}
	if !held(path) {
		t.Error("not seen as held")
	}
	go func() { _ = end.Close() }()
	l, err := acquire(t.Context(), path, "shop-pr-1", "down", 20*time.Second)
	if err != nil {
		t.Fatalf("after the holder ended: %v", err)
	}
	l.release()
	if held(path) {
		t.Error("seen as held after its release")
	}
}

func TestLock_IsFreeOnceItsHolderIsKilled(t *testing.T) {
	path := lockPath(t)
	command, _ := holder(t, path)
	if err := command.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait()
	l, err := acquire(t.Context(), path, "shop-pr-1", "up", 0)
	if err != nil {
		t.Fatal(err)
	}
	l.release()
}

func TestLock_IsHeldByOneOfManyAtATime(t *testing.T) {
	path := lockPath(t)
	inside := make(chan struct{}, 1)
	done := make(chan error)
	for range 8 {
		go func() {
			for range 20 {
				l, err := acquire(t.Context(), path, "x", "up", 20*time.Second)
				if err != nil {
					done <- err
					return
				}
				select {
				case inside <- struct{}{}:
					<-inside
				default:
					err = errors.New("two hold the lock at once")
				}
				l.release()
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestLock_FollowsNoTrick(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	tricks := map[string]func(path string) error{
		"symbolic link": func(path string) error { return os.Symlink(victim, path) },
		"dangling link": func(path string) error { return os.Symlink(victim+"-not-there", path) },
		"hard link":     func(path string) error { return os.Link(victim, path) },
		"named pipe":    func(path string) error { return syscall.Mkfifo(path, 0o666) },
		"folder":        func(path string) error { return os.Mkdir(path, 0o755) },
	}
	for name, trick := range tricks {
		path := lockPath(t)
		if err := lock.Folder(filepath.Dir(path)); err != nil {
			t.Fatal(err)
		}
		if err := trick(path); err != nil {
			t.Fatal(err)
		}
		if l, err := acquire(t.Context(), path, "x", "up", 0); err == nil {
			l.release()
			t.Errorf("%s: taken for a lock", name)
		}
	}
	if content, _ := os.ReadFile(victim); string(content) != "precious" {
		t.Errorf("the victim holds %q", content)
	}
	if _, err := os.Stat(victim + "-not-there"); err == nil {
		t.Error("a file was made through a link")
	}
	link := filepath.Join(t.TempDir(), "locks")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	if _, err := acquire(t.Context(), filepath.Join(link, "x.lock"), "x", "up", 0); err == nil {
		t.Error("a link was taken for the folder")
	}
}

func TestLock_FolderIsForAllAndSticky(t *testing.T) {
	path := lockPath(t)
	l, err := acquire(t.Context(), path, "x", "up", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.release()
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil || folder.Mode().Perm() != 0o777 || folder.Mode()&os.ModeSticky == 0 {
		t.Errorf("folder %v, %v", folder.Mode(), err)
	}
	if file, err := os.Stat(path); err != nil || file.Mode().Perm() != 0o666 {
		t.Errorf("file %v, %v", file.Mode(), err)
	}
}

func TestLock_PatienceEndsWithTheContext(t *testing.T) {
	path := lockPath(t)
	l, err := acquire(t.Context(), path, "x", "up", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.release()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(io.ErrClosedPipe)
	if _, err := acquire(ctx, path, "x", "up", time.Hour); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v", err)
	}
}

func TestReadHolder_TrustsNoWords(t *testing.T) {
	path := lockPath(t)
	if err := lock.Folder(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	evil := `{"pid":1,"user":"\u001b[31mroot\u0007","host":"` + strings.Repeat("é", 500) + `"}`
	if err := os.WriteFile(path, []byte(evil), 0o666); err != nil {
		t.Fatal(err)
	}
	got := readHolder(path)
	if got.User != "[31mroot" || len(got.Host) > 200 {
		t.Errorf("holder %+v", got)
	}
	if got := readHolder(path + "-not-there"); got.PID != 0 {
		t.Errorf("of no file: %+v", got)
	}
}

func TestLockedError_IsOneLineWithOrWithoutAHolder(t *testing.T) {
	e := &LockedError{Preview: "shop-pr-1"}
	if got := e.Error(); got != "shop-pr-1 is locked by another run" {
		t.Error(got)
	}
	e.Holder = Holder{
		PID: 7, User: "ann", Host: "box", Command: "up",
		Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	if got := e.Error(); got != "shop-pr-1 is locked by offshoot up of ann on box (pid 7) since 03:04:05" {
		t.Error(got)
	}
}

func TestReadHolder_OfDamagedAndForeignFilesIsAtMostWhatTheySay(t *testing.T) {
	for content, want := range map[string]Holder{
		"":                                 {},
		"\x00\x00\x00":                     {},
		"locked by ann":                    {},
		`{"pid":7,"user":"ann"`:            {}, // cut short
		`[]`:                               {},
		`null`:                             {},
		`{"pid":7,"user":"ann"} {}`:        {}, // written over a longer one
		`{"pid":"7","user":"ann"}`:         {User: "ann"},
		`{"pid":7,"other":{"a":[1]}}`:      {PID: 7},
		"{\"pid\":7,\"command\":\"u\np\"}": {}, // not a string of JSON
		`{"pid":7,"command":"u\u000ap"}`:   {PID: 7, Command: "up"},
		`{"pid":7,"user":"` + strings.Repeat("x", 5000) + `"}`: {},
	} {
		path := lockPath(t)
		if err := lock.Folder(filepath.Dir(path)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if got := readHolder(path); got != want {
			t.Errorf("%.40q: %+v", content, got)
		}
		if got := (&LockedError{Preview: "p", Holder: readHolder(path)}).Error(); strings.ContainsAny(got, "\n\x1b") ||
			len(got) > 1000 {
			t.Errorf("%.40q: error %q", content, got)
		}
	}
}

func TestLock_TakesAFileThatADeadRunLeftAndSignsItAnew(t *testing.T) {
	path := lockPath(t)
	if err := lock.Folder(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("left by somebody ", 100)), 0o666); err != nil {
		t.Fatal(err)
	}
	if held(path) {
		t.Error("a file that nobody has open is held")
	}
	l, err := acquire(t.Context(), path, "shop-pr-1", "down", 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := readHolder(path); got.PID != os.Getpid() || got.Command != "down" || got.User == "" ||
		got.Since.IsZero() {
		t.Errorf("signed %+v", got)
	}
	l.release()
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file stays: %v", err)
	}
}

func TestLockFor_DiffersByEngineAndSubject(t *testing.T) {
	seen := map[string]bool{}
	for _, engine := range []string{"", "A:B", "a:b", "../../etc"} {
		for _, subject := range []string{"shop-pr-1", "shop-pr-11", defaultGateway} {
			path := lockFor("/locks", engine, subject)
			if seen[path] || filepath.Dir(path) != "/locks" || !strings.HasSuffix(path, "-"+subject+".lock") {
				t.Errorf("engine %q, %s: %s", engine, subject, path)
			}
			seen[path] = true
		}
	}
}
