package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/offshoot-dev/offshoot/internal/lock"
	"github.com/offshoot-dev/offshoot/internal/repository"
	"github.com/offshoot-dev/offshoot/internal/whole"
	"github.com/offshoot-dev/offshoot/provision"
)

// Up does what a request asks for, in the checkout of its tree. It is
// provision.Up, and the words for how that ended.
type Up func(ctx context.Context, request Request, observe func(provision.Event)) Outcome

// Errand does what is asked for in place of an up. What it tells goes to who asked for it.
type Errand func(ctx context.Context, errand json.RawMessage, tell func(json.RawMessage)) Outcome

// Run is the process of a run: it does what was asked for, writes down what
// happens, and ends with the outcome.
func (p Place) Run(ctx context.Context, id string, up Up) error {
	if !runID.MatchString(id) {
		return errors.New("run: not the id of one")
	}
	r := p.run(id)
	held, err := lock.Try(r.file(fileLock))
	if errors.Is(err, lock.ErrHeld) {
		return fmt.Errorf("run %s is under way already", id)
	}
	if err != nil {
		return err
	}
	defer held.Close()
	var request Request
	content, err := os.ReadFile(r.file(fileOrder))
	if err == nil {
		err = json.Unmarshal(content, &request)
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", id, err)
	}
	j, err := openJournal(r.file(fileJournal))
	if err != nil {
		return explainDisk(err)
	}
	defer j.file.Close()
	if err := whole.WriteBytes(r.file(filePID), 0o600, []byte(strconv.Itoa(os.Getpid()))); err != nil {
		return explainDisk(err)
	}
	var outcome Outcome
	if request.Errand == nil {
		outcome = up(ctx, r.placed(request), j.event)
	} else {
		outcome = p.Errand(ctx, request.Errand, j.told)
	}
	return p.conclude(r, j, outcome, request.Options.Keep)
}

// placed leads a request to the files of its run.
func (r run) placed(request Request) Request {
	// All of the checkout was sent, wherever the compose project is in it.
	request.Options.Source.Root = r.file(checkoutFolder)
	request.Options.Source.Dir = filepath.Join(r.file(checkoutFolder), request.Options.Source.Dir)
	if request.Options.Archive != "" {
		request.Options.Archive = filepath.Join(r.file(archiveFolder), filepath.Base(request.Options.Archive))
	}
	request.Options.Archives = maps.Clone(request.Options.Archives)
	for name, file := range request.Options.Archives {
		request.Options.Archives[name] = filepath.Join(r.file(archiveFolder), filepath.Base(file))
	}
	return request
}

// conclude tidies up and lets everybody know how the run ended, which is the
// last thing that it does.
func (p Place) conclude(r run, j *journal, outcome Outcome, keep bool) error {
	if commit, err := os.ReadFile(r.file(fileGaveWay)); err == nil && outcome.Exit != 0 {
		outcome = Outcome{
			Exit:  ExitLocked,
			Error: fmt.Sprintf("gave way to commit %s", repository.Short(string(commit))),
		}
	}
	if err := p.tidy(r, outcome.Exit == 0, keep); err != nil {
		j.event(provision.Event{
			Step: provision.StepCleanup, Kind: provision.Notice,
			Text: "left on the machine: " + err.Error(),
		})
	}
	err := whole.WriteBytes(r.file(fileExit), 0o600, []byte(strconv.Itoa(outcome.Exit)+"\n"))
	_ = j.write(Record{Outcome: &outcome}) // kept, see failed
	return errors.Join(err, j.failed())
}

// What offshoot exits with, as far as the other end reads it.
const (
	ExitNoPreview = 10 // there is no such preview
	ExitLocked    = 11 // another run has the preview
)

// tidy removes what is no longer needed: of all earlier runs when this one
// serves, and else its own.
func (p Place) tidy(r run, serves, keep bool) error {
	if !serves && keep {
		return os.RemoveAll(r.file(fileOrder))
	}
	if !serves {
		return r.forget()
	}
	entries, err := os.ReadDir(filepath.Join(p.Folder, "runs"))
	errs := []error{err, os.RemoveAll(r.file(fileOrder))}
	for _, entry := range entries {
		if other := p.run(entry.Name()); other != r && !other.alive() {
			errs = append(errs, other.forget())
		}
	}
	return errors.Join(errs...)
}

// journal is what a run writes down. Its lines are whole or not yet there to
// those who read it.
type journal struct {
	mutex sync.Mutex // guards what follows
	file  *os.File
	err   error // the first that was met
}

func openJournal(path string) (*journal, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return &journal{file: file}, err
}

func (j *journal) event(e provision.Event) { _ = j.write(Record{Event: &e}) } // kept, see failed

func (j *journal) told(what json.RawMessage) { _ = j.write(Record{Told: what}) } // likewise

func (j *journal) failed() error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.err
}

func (j *journal) write(r Record) error {
	line, err := json.Marshal(r)
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if err == nil {
		_, err = j.file.Write(append(line, '\n'))
	}
	if j.err == nil {
		j.err = err
	}
	return err
}

// Follow writes the journal of a run from an offset on, whole lines only, and
// returns after its outcome. A run that was killed gets one here.
func (p Place) Follow(ctx context.Context, id string, offset int64, w io.Writer) error {
	if !runID.MatchString(id) {
		return errors.New("follow: not the id of a run")
	}
	r := p.run(id)
	file, err := os.Open(r.file(fileJournal))
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	defer file.Close()
	for {
		over := !r.alive() // before the last look
		n, done, err := copyLines(w, file, offset)
		offset += n
		switch {
		case err != nil || done:
			return err
		case over:
			return json.NewEncoder(w).Encode(Record{Outcome: r.killed()})
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// copyLines writes the whole lines behind an offset; done when the last of
// them is the outcome.
func copyLines(w io.Writer, file *os.File, offset int64) (n int64, done bool, err error) {
	content, err := io.ReadAll(io.NewSectionReader(file, offset, 1<<62))
	if err != nil {
		return 0, false, err
	}
	lines, last := wholeLines(content)
	if len(lines) == 0 {
		return 0, false, nil
	}
	if _, err := w.Write(lines); err != nil {
		return 0, false, err
	}
	var record Record
	if err := json.Unmarshal(last, &record); err != nil {
		return 0, false, fmt.Errorf("journal: %w", err)
	}
	return int64(len(lines)), record.Outcome != nil, nil
}

// killed is the outcome of a run that had no time to say it.
func (r run) killed() *Outcome {
	o := &Outcome{
		Exit: 1, Error: "the run was killed on the machine",
		Hints: []string{"retry offshoot up: it removes the leftovers of that run"},
	}
	if said, err := os.ReadFile(r.file(fileLog)); err == nil {
		o.Tail = tailLines(string(said), 20)
	}
	return o
}
