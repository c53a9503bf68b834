package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/offshoot-dev/offshoot/provision"
)

// An Agent is the machine's end: the hidden `offshoot agent`, which only offshoot
// itself calls, on a machine that it has reached.
type Agent struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	// Connect reaches the machine's engine. The caller closes it.
	Connect func(ctx context.Context) (provision.Engine, error)
	Up      Up
	Errand  Errand
	Fetch   Fetch
	// Wipe removes from the files below root what must not be in an image, but
	// for the archive of a digest.
	Wipe func(root, digest string) error
	// Clean returns what log lines are written through on their way to Stdout.
	Clean func() io.WriteCloser
	// Redact replaces secrets.
	Redact func(text string) string
}

// A verb is one thing that an agent can be asked for. One with a folder is part
// of a run: what goes wrong with it is a Failure on the last line of standard
// error. The others are about a preview or the machine: streams, errors and exit
// codes are those of the commands on this computer.
type verb struct {
	takes  string // arguments, as they are told to who gives other ones
	least  int    // how many arguments it takes
	more   bool   // it takes more of them
	folder func(a Agent, ctx context.Context, p Place, args []string) error
	plain  func(a Agent, ctx context.Context, args []string) error
}

func verbs() map[string]verb {
	return map[string]verb{
		// A tree on standard input, the missing parts on standard output.
		"compare": {takes: "FOLDER", least: 1, folder: Agent.compare},
		// Parts on standard input.
		"receive": {takes: "FOLDER", least: 1, folder: Agent.receive},
		// A link on standard input, of an archive to fetch.
		"fetch": {takes: "FOLDER", least: 1, folder: Agent.fetch},
		// A RunRequest on standard input.
		"start": {takes: "FOLDER", least: 1, folder: Agent.start},
		// The process of a run.
		"run": {takes: "FOLDER ID", least: 2, folder: Agent.run},
		// The journal of a run from an offset on.
		"follow": {takes: "FOLDER ID OFFSET", least: 3, folder: Agent.follow},

		"logs": {takes: "PREVIEW [-f] [-tail N] [-- SERVICE...]", least: 1, more: true, plain: Agent.logs},
		// With -tty standard input is framed.
		"exec": {takes: "PREVIEW [-tty] -- SERVICE COMMAND [ARGUMENT...]", least: 1, more: true, plain: Agent.exec},
		"psql": {takes: "PREVIEW [-tty] -- [ARGUMENT...]", least: 1, more: true, plain: Agent.psql},
		// How to sign in, on standard output.
		"access": {takes: "PREVIEW [-rotate]", least: 1, more: true, plain: Agent.access},
		// A front on standard input, the status on standard output.
		"reopen": {takes: "PREVIEW", least: 1, plain: Agent.reopen},

		// Has wipe-files run as root.
		"wipe": {takes: "DIGEST", least: 1, plain: Agent.wipe},
		// Removes from files what must not be in an image.
		"wipe-files": {takes: "ROOT DIGEST", least: 2, plain: Agent.wipeFiles},
	}
}

// Run does what the arguments say: a verb and its own arguments.
func (a Agent) Run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("agent: no verb is given")
	}
	v, known := verbs()[args[0]]
	switch n := len(args) - 1; {
	case !known:
		return fmt.Errorf("agent: there is no verb %q", args[0])
	case n < v.least || n > v.least && !v.more:
		return fmt.Errorf("agent %s: want %s", args[0], v.takes)
	case v.folder == nil:
		return v.plain(a, ctx, args[1:])
	}
	return a.fail(a.inFolder(ctx, v, args[1:]))
}

func (a Agent) inFolder(ctx context.Context, v verb, args []string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	return v.folder(a, ctx, Place{Folder: args[0], Program: program, Errand: a.Errand}, args[1:])
}

// SaidError is how a command of the agent ended that has said why: there is
// nothing to add but its exit code.
type SaidError struct{ Code int }

func (e *SaidError) Error() string { return fmt.Sprintf("exit %d", e.Code) }

// fail writes an error as the other end reads it.
func (a Agent) fail(err error) error {
	if err == nil {
		return nil
	}
	failure := FailureOf(err)
	failure.Text = a.Redact(failure.Text)
	if err := json.NewEncoder(a.Stderr).Encode(failure); err != nil {
		return err
	}
	return &SaidError{Code: 1}
}

// question reads the value that a verb gets on standard input.
func question[T any](a Agent, verb string) (value T, err error) {
	if err := json.NewDecoder(a.Stdin).Decode(&value); err != nil {
		return value, fmt.Errorf("agent %s: %w", verb, err)
	}
	return value, nil
}

func (a Agent) answer(value any) error { return json.NewEncoder(a.Stdout).Encode(value) }

func (a Agent) compare(_ context.Context, p Place, _ []string) error {
	tree, err := question[Tree](a, "compare")
	if err != nil {
		return err
	}
	if err := tree.check(); err != nil {
		return fmt.Errorf("agent compare: %w", err)
	}
	return a.answer(p.objects().missing(tree))
}

func (a Agent) receive(_ context.Context, p Place, _ []string) error {
	return p.objects().receive(a.Stdin, a.Stdout)
}

func (a Agent) fetch(ctx context.Context, p Place, _ []string) error {
	f, err := question[Fetching](a, "fetch")
	if err != nil {
		return errors.New("agent fetch: what is asked for cannot be read") // it holds the link
	}
	if err := p.fetch(ctx, f, a.Fetch); err != nil {
		return err
	}
	return a.answer(true)
}

func (a Agent) start(ctx context.Context, p Place, _ []string) error {
	request, err := question[RunRequest](a, "start")
	if err != nil {
		return err
	}
	started, err := p.Start(ctx, request)
	if err != nil {
		return err
	}
	return a.answer(started)
}

func (a Agent) run(ctx context.Context, p Place, args []string) error {
	return p.Run(ctx, args[0], a.Up)
}

func (a Agent) follow(ctx context.Context, p Place, args []string) error {
	offset, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return fmt.Errorf("agent follow: %w", err)
	}
	return p.Follow(ctx, args[0], offset, a.Stdout)
}
