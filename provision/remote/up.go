package remote

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/repository"
	"github.com/offshoot-dev/offshoot/provision"
)

// A Delivery is what goes to a machine for a run.
type Delivery struct {
	Checkout string   // folder of the work tree
	Paths    []string // of the checkout, relative to it, see worktree.List
	Archive  string   // file to load; empty: none
	// Archives are the files to load into further databases, by their names.
	Archives map[string]string
	// Elsewhere is the file to load where that is not on this computer; nil: it is.
	Elsewhere *Elsewhere
	Request   Request
	// Dir is where the compose project is, relative to the checkout.
	Dir string
	// Wanted is asked when all is sent and nothing has begun: that takes minutes,
	// and there may be a newer commit by then. It also has the last word where the
	// machine is at work on a commit that only looks newer: what is pushed by
	// force may be older than what it replaces. Nil: the times of the commits
	// decide.
	Wanted func(ctx context.Context) error
}

// The steps of a delivery, ahead of those of the run itself.
const (
	StepProgram provision.Step = "offshoot on the machine"
	StepSend    provision.Step = "send files"
	StepRun     provision.Step = "start on the machine"
)

// Up sends what a run needs and follows it to its end. The error of the run
// itself is a RunError. When ctx ends first, the run goes on.
func (s Site) Up(ctx context.Context, d Delivery, observe func(provision.Event)) (*provision.Result, error) {
	steps := stepper{observe}
	var started Started
	payload, err := d.pack()
	if err != nil {
		return nil, err
	}
	defer payload.close()
	err = steps.do(StepSend, func() (string, error) { return s.send(ctx, &payload) })
	if err == nil {
		err = steps.do(StepRun, func() (string, error) {
			started, err = s.startWanted(ctx, &payload, d.Wanted)
			return started.describe(), err
		})
	}
	if err != nil {
		return nil, err
	}
	outcome, err := s.follow(ctx, started.ID, observe)
	if err != nil {
		return nil, err
	}
	return outcome.Result, outcome.Err()
}

func (s Started) describe() string {
	switch {
	case s.Joined:
		return "joined a run of the same commit"
	case s.Ended != "":
		return "the run of " + repository.Short(s.Ended) + " gave way"
	}
	return ""
}

// stepper tells of steps as provision does.
type stepper struct{ observe func(provision.Event) }

func (s stepper) do(step provision.Step, do func() (string, error)) error {
	tell := func(kind provision.Kind, text string) {
		if s.observe != nil {
			s.observe(provision.Event{Step: step, Kind: kind, Text: text})
		}
	}
	tell(provision.Began, "")
	text, err := do()
	if err != nil {
		tell(provision.Failed, err.Error())
		return fmt.Errorf("%s: %w", step, err)
	}
	tell(provision.Done, text)
	return nil
}

// payload are a delivery that was looked at once.
type payload struct {
	request RunRequest
	root    *os.Root
	archive string            // path; empty: none
	names   map[string]string // path in the root by digest; that of the archive is missing

	others    map[string]string // paths of further archives by digest
	elsewhere *Elsewhere        // the archive that is not here; nil: it is, or there is none
}

func (d Delivery) pack() (payload, error) {
	p := payload{names: map[string]string{}, request: RunRequest{ID: newID(), Request: d.Request}}
	var err error
	if p.root, err = os.OpenRoot(d.Checkout); err != nil {
		return p, fmt.Errorf("checkout: %w", err)
	}
	tree, err := ReadTree(p.root, d.Paths)
	if err != nil {
		return p, errors.Join(err, p.root.Close())
	}
	for _, e := range tree {
		if e.SHA256 != "" {
			p.names[e.SHA256] = e.Path
		}
	}
	p.request.Tree = tree.under(checkoutFolder)
	p.request.Request.Options.Source.Dir, p.request.Request.Options.Source.Root = d.Dir, "."
	switch {
	case d.Elsewhere != nil:
		err = p.addElsewhere(d.Elsewhere)
	case d.Archive != "":
		err = p.addArchive(d.Archive)
	}
	if err == nil {
		err = p.addOthers(d.Archives)
	}
	if err != nil {
		return p, errors.Join(fmt.Errorf("archive: %w", err), p.root.Close())
	}
	return p, nil
}

func (p *payload) addArchive(name string) error {
	base := filepath.Base(name)
	digest, size, err := digestOfFile(name)
	if err != nil {
		return err
	}
	p.archive, p.request.Request.Options.Archive = name, base
	p.request.Tree = append(p.request.Tree,
		Entry{Path: archiveFolder + "/" + base, Mode: 0o600, Size: size, SHA256: digest})
	return p.request.Tree.check()
}

// addOthers adds archives of further databases, which the machine finds by
// their digests.
func (p *payload) addOthers(archives map[string]string) error {
	p.others, p.request.Request.Options.Archives = map[string]string{}, nil
	for _, name := range slices.Sorted(maps.Keys(archives)) {
		digest, size, err := digestOfFile(archives[name])
		if err != nil {
			return err
		}
		if p.request.Request.Options.Archives == nil {
			p.request.Request.Options.Archives = map[string]string{}
		}
		p.request.Request.Options.Archives[name] = digest
		place := archiveFolder + "/" + digest
		if !slices.ContainsFunc(p.request.Tree, func(e Entry) bool { return e.Path == place }) {
			p.request.Tree = append(p.request.Tree, Entry{Path: place, Mode: 0o600, Size: size, SHA256: digest})
		}
		p.others[digest] = archives[name]
	}
	return p.request.Tree.check()
}

func digestOfFile(name string) (digest string, size int64, err error) {
	root, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return "", 0, err
	}
	defer root.Close()
	return digestOf(root, filepath.Base(name))
}

func (p payload) close() { p.root.Close() }

// open opens the content of a digest.
func (p payload) open(digest string) (*os.File, error) {
	if name, known := p.names[digest]; known {
		return p.root.Open(name)
	}
	if name, other := p.others[digest]; other {
		return os.Open(name)
	}
	return os.Open(p.archive)
}

func newID() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // it never fails
	return hex.EncodeToString(raw)
}

// sendRounds bounds how often contents are sent again that did not arrive as
// they were, or that another run's start has removed.
const sendRounds = 5

// send brings to the machine what it has not got of the tree.
func (s Site) send(ctx context.Context, p *payload) (told string, err error) {
	var parts []Part
	if err := s.ask(ctx, "compare", p.request.Tree, &parts); err != nil {
		return "", err
	}
	told = describeParts(parts)
	return told, s.supply(ctx, p, parts)
}

// sendParts sends until nothing is missing. Time counts from the last byte
// that arrived: a file that takes an hour is no file that is stuck.
func (s Site) sendParts(ctx context.Context, p payload, parts []Part) error {
	t, damaged := s.tries(), 0
	for left := total(parts); len(parts) > 0; {
		err := s.sendOnce(ctx, p, parts)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var again error
		switch {
		case err == nil:
		case errors.Is(err, errDamaged) && damaged < sendRounds:
			damaged++
		case final(err):
			return err
		default:
			again = err
		}
		if err := s.ask(ctx, "compare", p.request.Tree, &parts); err != nil {
			return err
		}
		if now := total(parts); now < left {
			left = now
			t.progress()
		}
		if again == nil {
			continue
		}
		if err := t.again(ctx, again); err != nil {
			return err
		}
	}
	return nil
}

func total(parts []Part) (bytes int64) {
	for _, p := range parts {
		bytes += p.Size - p.Offset + 1 // an empty file counts too
	}
	return bytes
}

func (s Site) sendOnce(ctx context.Context, p payload, parts []Part) error {
	reader, writer := io.Pipe()
	sent := make(chan error, 1)
	go func() {
		err := p.writeParts(writer, parts)
		writer.CloseWithError(err)
		sent <- err
	}()
	err := s.runMoving(ctx, s.command("receive", reader))
	reader.Close()
	local := <-sent
	var unreadable *settled
	if errors.As(local, &unreadable) {
		return unreadable
	}
	return settle(explainAgent(err), err)
}

// settle keeps an error that the agent made from being tried again.
func settle(explained, raw error) error {
	if raw == nil || !final(raw) {
		return raw
	}
	return &settled{explained}
}

// writeParts writes parts one behind the other, each with a line ahead. An
// error of our own files is settled.
func (p payload) writeParts(w io.Writer, parts []Part) error {
	for _, part := range parts {
		if err := p.writePart(w, part); err != nil {
			return err
		}
	}
	return nil
}

func (p payload) writePart(w io.Writer, part Part) error {
	file, err := p.open(part.SHA256)
	if err != nil {
		return &settled{err}
	}
	defer file.Close()
	if err := json.NewEncoder(w).Encode(part); err != nil {
		return err
	}
	source := io.NewSectionReader(file, part.Offset, part.Size-part.Offset)
	n, err := io.Copy(w, source)
	if err == nil && n < part.Size-part.Offset {
		return &settled{fmt.Errorf("%s became shorter while it was sent", filepath.Base(file.Name()))}
	}
	return err
}

// startWanted begins the run if it still is wanted.
func (s Site) startWanted(ctx context.Context, p *payload, wanted func(context.Context) error) (Started, error) {
	if wanted == nil {
		return s.start(ctx, p)
	}
	if err := wanted(ctx); err != nil {
		return Started{}, err
	}
	started, err := s.start(ctx, p)
	var newer *NewerError
	if !errors.As(err, &newer) {
		return started, err
	}
	if err := wanted(ctx); err != nil {
		return Started{}, err
	}
	p.request.Request.Committed = time.Now().UTC()
	return s.start(ctx, p)
}

// start begins the run, after contents that went missing were sent again.
func (s Site) start(ctx context.Context, p *payload) (Started, error) {
	for range sendRounds {
		var started Started
		if err := s.ask(ctx, "start", p.request, &started); err != nil {
			return started, err
		}
		if len(started.Missing) == 0 {
			return started, nil
		}
		if err := s.supply(ctx, p, started.Missing); err != nil {
			return started, err
		}
	}
	return Started{}, errors.New("other runs remove what this one has sent")
}

func describeParts(parts []Part) string {
	var bytes int64
	for _, p := range parts {
		bytes += p.Size - p.Offset
	}
	switch {
	case len(parts) == 0:
		return "nothing has changed"
	case len(parts) == 1:
		return fmt.Sprintf("1 file, %s", document.Size(bytes))
	}
	return fmt.Sprintf("%d files, %s", len(parts), document.Size(bytes))
}
