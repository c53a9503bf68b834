package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offshoot-dev/offshoot/internal/compat"
	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

const (
	// rehearsalTime bounds the migration in a rehearsal where nobody says: it may hang, or wait for itself.
	rehearsalTime = 7*time.Minute + 30*time.Second
	// sceneTime is what clones and their servers may take beside.
	sceneTime = time.Minute
)

// A rehearsal runs the migration once more, on a database that nobody else uses, beside the stack while that starts:
//
//	template or archive ─► scene: clone, its own server ─► watch ─► migrate, in its own container ─► report
//
// A scene is a generation of its own that never serves: what a killed run leaves of it goes with the next up or down.
// What goes wrong with a rehearsal is told, and fails nothing.
type rehearsal struct {
	of    *cloning      // whose database is cloned
	begin chan struct{} // closed when the database is loaded; nil: it is
	done  chan struct{} // closed when nothing is left of it
	stop  context.CancelFunc
}

// openRehearsal waits for the database beside all other steps.
func openRehearsal(ctx context.Context, of *cloning) *rehearsal {
	ctx, stop := context.WithCancel(ctx)
	begin, done := make(chan struct{}), make(chan struct{})
	h := &rehearsal{of: of, begin: begin, done: done, stop: stop}
	go func() {
		defer close(done)
		select {
		case <-begin:
			_ = of.step(ctx, StepRehearse, h.do)
		case <-ctx.Done():
		}
	}()
	return h
}

// allow lets it begin, where it is wanted and there is something to rehearse on.
func (h *rehearsal) allow() {
	switch {
	case h == nil || h.begin == nil:
	case h.of.archive == nil:
		h.of.notice("the migration is not rehearsed: there is no archive to do it on")
	default:
		close(h.begin)
		h.begin = nil
	}
}

// underWay tells whether it has begun and goes on.
func (h *rehearsal) underWay() bool {
	if h == nil || h.begin != nil {
		return false
	}
	select {
	case <-h.done:
		return false
	default:
		return true
	}
}

// await waits until it has ended; cancel ends it.
func (h *rehearsal) await(cancel bool) {
	if h == nil {
		return
	}
	if cancel || h.begin != nil {
		h.stop()
	}
	<-h.done
	h.stop()
}

// do is the step. It fails nothing.
func (h *rehearsal) do(ctx context.Context) error {
	most := cmp.Or(h.of.options.RehearseTime, rehearsalTime)
	whole := 2*most + sceneTime
	ctx, cancel := context.WithTimeoutCause(ctx, whole, fmt.Errorf("it took longer than %s", whole))
	defer cancel()
	report, err := h.perform(ctx, most)
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return nil // with the run: what ended that is told
	}
	if err != nil {
		text := "the migration was not rehearsed: " + printable(err.Error())
		h.of.emit(Event{Step: StepRehearse, Kind: Notice, Text: text})
		report = &rehearse.Report{Version: 1, Failed: err.Error(), Statements: []*rehearse.Statement{}}
	}
	h.of.rehearsed(report)
	return nil
}

// perform rehearses. The migration may take so long.
func (h *rehearsal) perform(ctx context.Context, most time.Duration) (report *rehearse.Report, err error) {
	err = h.on(ctx, func(s *scene) error {
		known, unread := facts.Of(s.archive.Path)
		from, code := h.code(known)
		report, err = s.watch(ctx, most, running{from, code, known})
		if err != nil {
			return err
		}
		if unread != nil {
			report.Unknown = append(report.Unknown, unread.Error())
		}
		if err := s.runTwice(ctx, report, most); err != nil {
			report.Unknown = append(report.Unknown, "what a second run does: "+err.Error())
		}
		report.Foretell(ctx, s.clone, s.database(), known)
		if err := s.takeBack(ctx, report, most); err != nil {
			report.Unknown = append(report.Unknown, "whether the down migration brings the schema back: "+err.Error())
		}
		return nil
	})
	if err == nil {
		h.again(ctx, report, most)
	}
	return report, err
}

// code is what code sends that runs now: as production counts it, and as it was recorded.
func (h *rehearsal) code(known *facts.Facts) (from string, all []compat.Statement) {
	all, from = rehearse.Running(known), "production"
	switch recorded := h.of.options.Code; {
	case len(recorded) > 0 && len(all) > 0:
		return "production and the recording", append(all, recorded...)
	case len(recorded) > 0:
		return "the recording", recorded
	}
	return from, all
}

// patience is how long a migration may wait for a lock before it is clear that it goes on to wait.
const patience = 10 * time.Second

// again runs the migration once more, behind an open transaction. That it cannot is told.
func (h *rehearsal) again(ctx context.Context, report *rehearse.Report, most time.Duration) {
	if report.Exit != 0 || report.Hangs > 0 || len(report.Blocks()) == 0 && len(report.Advice) == 0 {
		return
	}
	err := h.on(ctx, func(s *scene) error {
		copied := rehearse.Copy(ctx, s.clone, s.database(), advised)
		err := report.Meet(ctx, s.clone, s.database(), patience, func(ctx context.Context) (int, error) {
			code, _, err := s.migrateWithin(ctx, s.options.Migrate.Command, most)
			return code, err
		})
		if err != nil {
			report.Unknown = append(report.Unknown, "what happens behind an open transaction: "+err.Error())
		}
		if copied != nil || len(report.Advice) == 0 {
			return copied
		}
		return s.try(ctx, report)
	})
	if err != nil {
		report.Unknown = append(report.Unknown, "what the advice takes: "+err.Error())
	}
}

// advised is the database in which advice is tried.
const advised = "offshoot_advised"

// on makes a scene, does something there, and removes it.
func (h *rehearsal) on(ctx context.Context, do func(*scene) error) error {
	s := newScene(h.of)
	defer func() {
		ctx, cancel := sturdy(ctx)
		defer cancel()
		if removed := s.removeGeneration(ctx, s.next.Preview.ID, s.next.Number); removed != nil {
			h.of.emit(Event{Step: StepRehearse, Kind: Notice, Text: removed.Error()})
		}
	}()
	if err := s.start(ctx); err != nil {
		return err
	}
	defer s.clone.close()
	return do(s)
}
