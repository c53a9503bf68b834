package main

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/checks"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/queries"
	"github.com/offshoot-dev/offshoot/provision"
)

// recordingLife is when a sweep takes what is left of a recording for forgotten.
const recordingLife = 2 * time.Hour

// recordGateway is the gateway of stacks that are recorded where that of previews is for other computers: none of them
// is to be seen there, or to get a certificate.
const recordGateway = "offshoot-gateway-record"

// recordOnce brings a stack up on the engine of this computer, whatever previews run on, and does something with it.
// Nothing of it is left.
func (a making) recordOnce(
	ctx context.Context, w once, observe func(provision.Event), do func(context.Context, *recordedStack) error,
) error {
	return a.throwAway(ctx, w, provision.IdentifyRecording, func(t throwAway) (err error) {
		if w.cfg.Front(netip.Addr{}) != (provision.Front{}) {
			t.engine.Gateway = recordGateway
		}
		t.options.Expires, t.options.Rehearse = recordingLife, false
		t.options.ServerSettings = queries.Settings
		result, err := t.engine.Up(ctx, t.options, observe)
		if err != nil {
			return err
		}
		defer func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			_, removed := t.engine.Down(ctx, result.Preview, provision.Guard{}, nil)
			err = errors.Join(err, removed)
		}()
		if result.Loaded == nil {
			return hint.Usage(errors.New("there is no archive to record on"),
				"give one with --archive, or set source in offshoot.yaml")
		}
		return do(ctx, &recordedStack{t.engine, result})
	})
}

// recorded is the recording of a stack. Then may be nil, or do something with the stack afterwards.
func (a making) recorded(
	ctx context.Context, w once, settings checks.Settings, observe func(provision.Event), visits func(),
	then func(context.Context, *recordedStack, *queries.Recording) error,
) (recording *queries.Recording, err error) {
	err = a.recordOnce(ctx, w, observe, func(ctx context.Context, on *recordedStack) (err error) {
		visits()
		if recording, err = settings.Record(ctx, on); err != nil {
			return err
		}
		recording.Commit, recording.Archive = w.commit, on.result.Loaded.SHA256
		if then == nil {
			return nil
		}
		return then(ctx, on, recording)
	})
	return recording, err
}

// recordedStack is a preview on this computer that is up.
type recordedStack struct {
	engine provision.Engine
	result *provision.Result
}

var _ checks.Stack = &recordedStack{}

func (s *recordedStack) Logs(ctx context.Context, w io.Writer) error {
	return s.engine.Logs(ctx, s.result.Preview, compose.LogOptions{Follow: true}, w)
}

func (s *recordedStack) Psql(ctx context.Context, args []string) (int, error) {
	return s.engine.Psql(ctx, s.result.Preview, args, compose.ExecOptions{Stdout: io.Discard, Stderr: io.Discard})
}

func (s *recordedStack) Run(ctx context.Context, service string, command []string) (int, error) {
	return s.engine.Exec(ctx, s.result.Preview, service, compose.ExecOptions{
		Argv: command, Stdout: io.Discard, Stderr: io.Discard,
	})
}

// Site is the link that signs in, where one has to.
func (s *recordedStack) Site() string {
	if access := s.result.Access; access != nil && len(access.Links) > 0 {
		return access.Links[0].URL
	}
	if len(s.result.Links) == 0 {
		return ""
	}
	return s.result.Links[0].URL
}

// dump writes the database, as it is now, into a file.
func (s *recordedStack) dump(ctx context.Context, path string) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return dumpDatabase(ctx, s.engine, s.result.Preview, file)
}

func (s *recordedStack) Database() string { return s.result.Loaded.Database }
