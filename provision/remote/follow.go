package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision"
)

func (s Site) command(verb string, in io.Reader, args ...string) host.Command {
	return host.Command{Args: s.inFolder(verb, args...), Env: Environment(), Stdin: in}
}

// follow hands on the events of a run until its outcome, over as many
// connections as that takes: each goes on where the last one broke off.
func (s Site) follow(ctx context.Context, id string, observe func(provision.Event)) (Outcome, error) {
	return s.read(ctx, id, &reader{observe: observe})
}

// read is follow with a reader that knows whom to tell.
func (s Site) read(ctx context.Context, id string, r *reader) (Outcome, error) {
	t := s.tries()
	for {
		before := r.offset
		c := s.command("follow", nil, id, strconv.FormatInt(r.offset, 10))
		c.Stdout = r
		err := s.Host.Run(ctx, c)
		switch {
		case r.outcome != nil:
			return *r.outcome, nil
		case ctx.Err() != nil:
			return Outcome{}, context.Cause(ctx)
		case r.err != nil:
			return Outcome{}, r.err
		case err == nil:
			return Outcome{}, errors.New("follow the run: it ended without saying how")
		case final(err):
			return Outcome{}, fmt.Errorf("follow the run: %w", explainAgent(err))
		}
		if r.offset > before {
			t.progress()
		}
		r.drop()
		if err := t.again(ctx, err); err != nil {
			return Outcome{}, err
		}
	}
}

// reader takes the lines of a journal as they come.
type reader struct {
	observe func(provision.Event)
	told    func(json.RawMessage)
	offset  int64 // behind the last whole line
	rest    []byte
	outcome *Outcome
	err     error
}

func (r *reader) Write(p []byte) (int, error) {
	r.rest = append(r.rest, p...)
	for {
		line, rest, whole := bytes.Cut(r.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		var record Record
		if err := json.Unmarshal(line, &record); err != nil {
			r.err = fmt.Errorf("journal of the run: %w", err)
			return 0, r.err
		}
		r.rest, r.offset = rest, r.offset+int64(len(line))+1
		if record.Outcome != nil {
			r.outcome = record.Outcome
		}
		if record.Told != nil && r.told != nil {
			r.told(record.Told)
		}
		if record.Event != nil && r.observe != nil {
			r.observe(*record.Event)
		}
	}
}

// drop forgets what came of a line that a lost connection broke.
func (r *reader) drop() { r.rest = nil }
