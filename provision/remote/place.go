package remote

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/lock"
	"github.com/offshoot-dev/offshoot/internal/repository"
	"github.com/offshoot-dev/offshoot/internal/whole"
)

// A Place is offshoot's folder on a machine, seen from there.
type Place struct {
	Folder  string
	Program string // this executable: what a run is run by
	Errand  Errand // what a run does that is not for a preview
	// Patience bounds how long a run that is told to end may take; 0: three
	// minutes, more than a run takes to clean up.
	Patience time.Duration
}

func (p Place) objects() objects { return objects{filepath.Join(p.Folder, "objects")} }

func (p Place) run(id string) run { return run{filepath.Join(p.Folder, "runs", id)} }

// A run is the folder of one.
type run struct{ folder string }

func (r run) id() string              { return filepath.Base(r.folder) }
func (r run) file(name string) string { return filepath.Join(r.folder, name) }

// The files of a run.
const (
	fileOrder   = "order"    // what it is to do; removed when it ends
	fileNote    = "note"     // what others may know of it
	filePID     = "pid"      // it has begun
	fileLock    = "lock"     // held while it goes on
	fileJournal = "journal"  // records, one a line
	fileExit    = "exit"     // the exit code: it has ended
	fileGaveWay = "gave-way" // the commit that it had to give way to
	fileLog     = "log"      // what it prints beside its journal: of a crash
)

// A note says what a run is about.
type note struct {
	Key       string    `json:"key"` // runs with the same do the same
	Commit    string    `json:"commit"`
	Committed time.Time `json:"committed,omitzero"`
}

// A RunRequest asks a machine for a run.
type RunRequest struct {
	ID      string  `json:"id"` // chosen by who asks, so that to ask again is harmless
	Tree    Tree    `json:"tree"`
	Request Request `json:"request"`
}

// Started answers a RunRequest.
type Started struct {
	Missing []Part `json:"missing,omitempty"` // send these, and ask again
	ID      string `json:"id,omitempty"`      // of the run that does it
	Joined  bool   `json:"joined,omitempty"`  // it was under way already
	Ended   string `json:"ended,omitempty"`   // commit of the run that had to give way
}

// NewerError says that a run of a newer commit is under way.
type NewerError struct{ Commit string }

func (e *NewerError) Error() string {
	return fmt.Sprintf("the newer commit %s is being brought up", repository.Short(e.Commit))
}

var runID = regexp.MustCompile(`^[0-9a-f]{16,64}$`)

func (r RunRequest) check() error {
	if !runID.MatchString(r.ID) {
		return errors.New("run request: not the id of a run")
	}
	return r.Tree.check()
}

func (r RunRequest) note() (note, error) {
	request := r.Request
	request.Committed = time.Time{}
	request.Options.Logins = nil // a token of the moment is not another deed
	content, err := json.Marshal(request)
	sum := sha256.Sum256(append(content, r.Tree.digest()...))
	return note{Key: hex.EncodeToString(sum[:]), Commit: r.Request.Options.Commit, Committed: r.Request.Committed}, err
}

// Start begins the run of a request. One that does the same already is joined,
// one of an older commit has to give way, and one of a newer is a NewerError.
func (p Place) Start(ctx context.Context, request RunRequest) (Started, error) {
	if err := request.check(); err != nil {
		return Started{}, err
	}
	if err := os.MkdirAll(filepath.Join(p.Folder, "runs"), 0o700); err != nil {
		return Started{}, explainDisk(err)
	}
	starting, err := p.lock(ctx)
	if err != nil {
		return Started{}, err
	}
	defer starting.Close()
	if r := p.run(request.ID); r.has(filePID) {
		return Started{ID: request.ID}, nil
	}
	if missing := p.objects().missing(request.Tree); len(missing) > 0 {
		return Started{Missing: missing}, nil
	}
	n, err := request.note()
	if err != nil {
		return Started{}, err
	}
	started, err := p.makeWay(ctx, n)
	if err != nil || started.Joined {
		return started, err
	}
	started.ID = request.ID
	return started, p.begin(ctx, request, n)
}

// lock is held while a run is started.
func (p Place) lock(ctx context.Context) (*os.File, error) {
	for {
		file, err := lock.Try(filepath.Join(p.Folder, "lock"))
		if !errors.Is(err, lock.ErrHeld) {
			return file, err
		}
		if err := pause(ctx); err != nil {
			return nil, fmt.Errorf("wait for another start: %w", err)
		}
	}
}

// makeWay joins the run that is under way, or ends it.
func (p Place) makeWay(ctx context.Context, n note) (Started, error) {
	current, about, err := p.current()
	if err != nil || current == nil {
		return Started{}, err
	}
	switch {
	case about.Key == n.Key:
		return Started{ID: current.id(), Joined: true}, nil
	case about.Committed.After(n.Committed):
		return Started{}, &NewerError{Commit: about.Commit}
	}
	return Started{Ended: about.Commit}, p.end(ctx, *current, n.Commit)
}

// current is the run that is under way, nil when there is none.
func (p Place) current() (*run, note, error) {
	entries, err := os.ReadDir(filepath.Join(p.Folder, "runs"))
	if err != nil {
		return nil, note{}, err
	}
	for _, entry := range entries {
		r := p.run(entry.Name())
		if !r.has(filePID) || !r.alive() {
			continue
		}
		var n note
		content, err := os.ReadFile(r.file(fileNote))
		if err == nil {
			err = json.Unmarshal(content, &n)
		}
		return &r, n, err
	}
	return nil, note{}, nil
}

func (r run) has(name string) bool {
	_, err := os.Stat(r.file(name))
	return err == nil
}

// alive tells whether the process of a run still holds its lock, which the
// kernel takes from it when it ends, however it ends.
func (r run) alive() bool {
	file, err := lock.Try(r.file(fileLock))
	if err == nil {
		file.Close()
	}
	return errors.Is(err, lock.ErrHeld)
}

// end tells a run to clean up and end, and in the end kills it: the next one
// removes what it leaves.
func (p Place) end(ctx context.Context, r run, commit string) error {
	if err := whole.WriteBytes(r.file(fileGaveWay), 0o600, []byte(commit)); err != nil {
		return err
	}
	content, err := os.ReadFile(r.file(filePID))
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil || pid < 2 {
		return fmt.Errorf("run %s: no process %q", r.id(), content)
	}
	patience := p.Patience
	if patience == 0 {
		patience = 3 * time.Minute
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("end run %s: %w", r.id(), err)
		}
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
			if !r.alive() {
				return nil
			}
			if err := pause(ctx); err != nil {
				return fmt.Errorf("wait for the end of an older run: %w", err)
			}
		}
	}
	return fmt.Errorf("run %s does not end", r.id())
}

// begin makes the folder of a run and starts its process. It may be repeated
// where it was killed.
func (p Place) begin(ctx context.Context, request RunRequest, n note) error {
	r := p.run(request.ID)
	if err := os.RemoveAll(r.folder); err != nil {
		return err
	}
	if err := p.objects().lay(request.Tree, r.folder); err != nil {
		return errors.Join(err, os.RemoveAll(r.folder))
	}
	if err := errors.Join(writeJSON(r.file(fileOrder), request.Request), writeJSON(r.file(fileNote), n)); err != nil {
		return explainDisk(err)
	}
	if err := p.objects().prune(request.Tree); err != nil {
		return err
	}
	environment := os.Environ()
	if home, err := os.UserHomeDir(); err != nil || home == "" {
		environment = append(environment, "HOME="+p.Folder)
	}
	err := host.Local{}.Detach(host.Command{
		Args: []string{p.Program, "agent", "run", p.Folder, request.ID},
		Env:  environment, Dir: r.folder,
	}, r.file(fileLog))
	if err != nil {
		return err
	}
	return r.awaitBegin(ctx)
}

// beginPatience is how long a process may take to say that it has begun.
const beginPatience = time.Minute

func (r run) awaitBegin(ctx context.Context) error {
	for deadline := time.Now().Add(beginPatience); time.Now().Before(deadline); {
		if r.has(filePID) {
			return nil
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
	said, _ := os.ReadFile(r.file(fileLog)) // whatever there is
	return fmt.Errorf("the run did not begin within %v: %s", beginPatience, strings.TrimSpace(string(said)))
}

func writeJSON(path string, value any) error {
	content, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return whole.WriteBytes(path, 0o600, content)
}

// pause is the time between two looks at something on this machine.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(50 * time.Millisecond):
		return nil
	}
}

// forget removes what a run needed; others keep their journals.
func (r run) forget() error {
	var errs []error
	for _, name := range []string{checkoutFolder, archiveFolder, fileOrder} {
		if err := os.RemoveAll(r.file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
