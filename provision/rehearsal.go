package provision

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// rehearsalTime bounds a rehearsal: a migration may hang, or wait for itself.
const rehearsalTime = 15 * time.Minute

// A rehearsal runs the migration once more, on a database that nobody else uses, beside the stack while that starts:
//
//	template or archive ─► clone ─► its own server ─► watch ─► migrate, in its own container ─► report
//
// It is a generation of its own that never serves: what a killed run leaves of it goes with the next up or down. What
// goes wrong with it is told, and fails nothing.
type rehearsal struct {
	begin chan struct{} // closed when the database is loaded
	done  chan struct{} // closed when nothing is left of it
	stop  context.CancelFunc
}

// openRehearsal waits for the database beside all other steps.
func (r *run) openRehearsal(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	begin, done := make(chan struct{}), make(chan struct{})
	r.rehearsal = rehearsal{begin: begin, done: done, stop: stop}
	go func() {
		defer close(done)
		select {
		case <-begin:
			_ = r.step(ctx, StepRehearse, r.rehearse)
		case <-ctx.Done():
		}
	}()
}

// beginRehearsal lets it begin, where it is wanted and there is something to rehearse on.
func (r *run) beginRehearsal() {
	switch {
	case r.rehearsal.begin == nil || !r.options.Rehearse:
	case r.archive == nil:
		r.notice("the migration is not rehearsed: there is no archive to do it on")
	default:
		close(r.rehearsal.begin)
		r.rehearsal.begin = nil
	}
}

// awaitRehearsal waits until it has ended; cancel ends it.
func (r *run) awaitRehearsal(cancel bool) {
	if r.rehearsal.done == nil {
		return
	}
	if cancel || r.rehearsal.begin != nil {
		r.rehearsal.stop()
	}
	<-r.rehearsal.done
	r.rehearsal.stop()
}

// rehearse is the step. It fails nothing.
func (r *run) rehearse(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, rehearsalTime, fmt.Errorf("it took longer than %s", rehearsalTime))
	defer cancel()
	report, err := r.rehearseIn(ctx)
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return nil // with the run: what ended that is told
	}
	if err != nil {
		text := "the migration was not rehearsed: " + printable(err.Error())
		r.emit(Event{Step: StepRehearse, Kind: Notice, Text: text})
		report = &rehearse.Report{Version: 1, Failed: err.Error(), Statements: []*rehearse.Statement{}}
	}
	r.rehearsed(report)
	return nil
}

// rehearseIn makes a generation for it, and removes that.
func (r *run) rehearseIn(ctx context.Context) (report *rehearse.Report, err error) {
	h := r.apart()
	defer func() {
		ctx, cancel := sturdy(ctx)
		defer cancel()
		if removed := h.removeGeneration(ctx, h.next.Preview.ID, h.next.Number); removed != nil {
			r.emit(Event{Step: StepRehearse, Kind: Notice, Text: removed.Error()})
		}
	}()
	if err := h.startClone(ctx, r); err != nil {
		return nil, err
	}
	return h.watchMigration(ctx)
}

// apart is a run of the next number, with the same archive and no state of its own.
func (r *run) apart() *run {
	h := &run{Engine: r.Engine, options: r.options, engineID: r.engineID, at: r.at, result: &Result{}}
	h.next, h.archive, h.template, h.owner, h.others = r.next, r.archive, r.template, r.owner, r.others
	h.next.Number++
	return h
}

// startClone starts a server of its own on a clone of the loaded database.
func (h *run) startClone(ctx context.Context, r *run) error {
	labels := h.next.everyLabel()
	project, err := compose.Rehearsal(r.stack.Load().Project(), compose.RehearsalOptions{
		Name: h.next.Preview.project(h.next.Number), Labels: labels,
		Database: h.next.Database, Volume: h.next.volumeName(), Migrate: h.options.Migrate.Service,
	})
	if err != nil {
		return err
	}
	stack := compose.NewStack(h.Docker, project, nil)
	stack.Patience = h.timeout()
	h.stack.Store(stack)
	if err := h.databaseVolume(ctx); err != nil {
		return err
	}
	how := ""
	if h.template.name != "" {
		if how, err = h.cloneTemplate(ctx); err != nil {
			return err
		}
	}
	if err := stack.Up(ctx, h.next.Database); err != nil {
		return err
	}
	if err := h.awaitDatabase(ctx); err != nil {
		return err
	}
	if how != "" {
		return nil
	}
	if err := h.loadInto(ctx, h.server, h.owner, h.archive); err != nil {
		return err
	}
	for _, other := range h.others {
		if err := h.loadInto(ctx, h.server.using(other.database), other.owner, other.archive); err != nil {
			return err
		}
	}
	return nil
}

// watchMigration runs the migration in its own container while it is watched.
func (h *run) watchMigration(ctx context.Context) (*rehearse.Report, error) {
	server := &clone{run: h, sessions: map[string]*psqlSession{}}
	defer server.close()
	log, err := h.databaseLog(ctx)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if err := server.configure(ctx); err != nil {
		return nil, err
	}
	if err := rehearse.Prepare(ctx, server, h.server.database); err != nil {
		return nil, err
	}
	watch, err := rehearse.Begin(ctx, server, h.server.database, log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close(); watch.Close() }()
	exit, ran := h.stack.Load().Run(ctx, compose.OneOff{
		Service: h.options.Migrate.Service, Command: h.options.Migrate.Command,
	})
	if ran != nil {
		return nil, ran
	}
	report, err := watch.End(ctx)
	if err != nil {
		return nil, err
	}
	report.Exit = exit.Code
	known, err := facts.Of(h.archive.Path)
	if err != nil {
		report.Unknown = append(report.Unknown, err.Error())
	}
	report.Foretell(ctx, server, h.server.database, known)
	return report, nil
}

// databaseLog follows what the server in its container writes from now on.
func (h *run) databaseLog(ctx context.Context) (io.ReadCloser, error) {
	raw, err := h.Docker.Client().ContainerLogs(ctx, h.server.container, container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Follow: true, Tail: "0",
	})
	if err != nil {
		return nil, fmt.Errorf("log of the database: %w", err)
	}
	read, write := io.Pipe()
	go func() {
		_, err := stdcopy.StdCopy(write, write, raw)
		_ = write.CloseWithError(err)
	}()
	return &logFollower{read, raw}, nil
}

// logFollower ends at both ends.
type logFollower struct {
	*io.PipeReader
	raw io.Closer
}

// Close ends the log.
func (l *logFollower) Close() error {
	err := l.raw.Close()
	_ = l.PipeReader.Close()
	return err
}
