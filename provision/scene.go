package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/compat"
	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/planner"
	"github.com/offshoot-dev/offshoot/internal/queryplan"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// A scene is where a migration is rehearsed: a server of its own on a clone of the loaded database, and the service
// that migrates, in a network in which both have their names.
type scene struct {
	*cloning
	of    *cloning // whose database is cloned
	clone *clone
	was   rehearse.Schema // before the migration; nil: there is no down migration
}

// newScene is one of the next number, with the same archive and no state of its own.
func newScene(of *cloning) *scene {
	s := &scene{cloning: new(cloning), of: of}
	s.Engine, s.options, s.engineID, s.at, s.result = of.Engine, of.options, of.engineID, of.at, &Result{}
	s.next, s.archive, s.template, s.owner, s.others = of.next, of.archive, of.template, of.owner, of.others
	s.next.Number++
	s.clone = &clone{of: &s.contents, sessions: map[string]*psqlSession{}}
	return s
}

// database is the one that the migration changes.
func (s *scene) database() string { return s.server.database }

// start starts the server on a clone, set up for a rehearsal.
func (s *scene) start(ctx context.Context) error {
	project, err := compose.Rehearsal(s.of.stack.Load().Project(), compose.RehearsalOptions{
		Name: s.next.Preview.project(s.next.Number), Labels: s.next.everyLabel(),
		Database: s.next.Database, Volume: s.next.volumeName(), Migrate: s.options.Migrate.Service,
	})
	if err != nil {
		return err
	}
	stack := compose.NewStack(s.Docker, project, nil)
	stack.Patience = s.timeout()
	s.stack.Store(stack)
	if err := s.databaseVolume(ctx); err != nil {
		return err
	}
	how := ""
	if s.template.name != "" {
		if how, err = s.cloneTemplate(ctx); err != nil {
			return err
		}
	}
	if err := stack.Up(ctx, s.next.Database); err != nil {
		return err
	}
	if err := s.awaitDatabase(ctx); err != nil {
		return err
	}
	if how == "" {
		err = s.loadAgain(ctx)
	}
	if err != nil {
		return err
	}
	return s.clone.configure(ctx, rehearse.Settings)
}

// loadAgain loads the archives, where there is nothing to clone.
func (s *scene) loadAgain(ctx context.Context) error {
	if err := s.loadInto(ctx, s.server, s.owner, s.archive); err != nil {
		return err
	}
	for _, other := range s.others {
		if err := s.loadInto(ctx, s.server.using(other.database), other.owner, other.archive); err != nil {
			return err
		}
	}
	return nil
}

// running is what code sends that runs now, where that is known from, and what is known of production.
type running struct {
	from  string
	code  []compat.Statement
	known *facts.Facts
}

// watch runs the migration in its own container while it is watched, at most for so long, and asks before and after it
// about what code sends.
func (s *scene) watch(ctx context.Context, most time.Duration, now running) (*rehearse.Report, error) {
	log, err := s.log(ctx)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	before := s.ask(ctx, now, "offshoot_plans_before")
	if len(s.options.Migrate.Down) > 0 {
		if s.was, err = rehearse.SchemaOf(ctx, s.clone, s.database()); err != nil {
			return nil, err
		}
	}
	if err := rehearse.Prepare(ctx, s.clone, s.database()); err != nil {
		return nil, err
	}
	watch, err := rehearse.Begin(ctx, s.clone, s.database(), log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close(); watch.Close() }()
	exit, hangs, err := s.migrateWithin(ctx, s.options.Migrate.Command, most)
	if err != nil {
		return nil, err
	}
	report, err := watch.End(ctx)
	if err != nil {
		return nil, err
	}
	report.Exit = exit
	if hangs {
		report.Hangs = most.Seconds()
	}
	if exit == 0 && !hangs {
		report.Unknown = append(report.Unknown, s.judge(ctx, report, now, before)...)
	}
	return report, nil
}

// judge asks after the migration too, and tells what could not be asked.
func (s *scene) judge(ctx context.Context, report *rehearse.Report, now running, before judgement) (unknown []string) {
	if len(now.code) == 0 {
		return nil
	}
	after := s.ask(ctx, now, "offshoot_plans_after")
	if err := cmp.Or(before.unasked, after.unasked); err != nil {
		unknown = append(unknown, "whether the code that runs now goes on to work: "+err.Error())
	} else {
		report.Judge(compat.Compare(now.from, now.code, before.answers, after.answers))
	}
	if err := cmp.Or(before.unplanned, after.unplanned); err != nil {
		unknown = append(unknown, "production's plans: "+err.Error())
	} else if before.plans != nil {
		report.Compare(before.plans, after.plans, func(table string) bool { return planner.Large(now.known, table) })
	}
	return unknown
}

// judgement is what a database says of statements.
type judgement struct {
	answers   *compat.Answers
	unasked   error                      // why there are none
	plans     map[string]*queryplan.Plan // nil: production's are not known
	unplanned error                      // why, where they should be
}

// ask asks about statements, where there are any. Plans are asked in a copy of the database.
func (s *scene) ask(ctx context.Context, now running, copied string) (j judgement) {
	if len(now.code) == 0 {
		return j
	}
	j.answers, j.unasked = compat.Ask(ctx, s.clone, s.database(), now.code)
	j.plans, j.unplanned = s.plans(ctx, now.known, now.code, copied)
	return j
}

// again is how long a run after the first may take: not much longer than that.
func again(report *rehearse.Report, most time.Duration) time.Duration {
	return min(most, patience+2*time.Duration(report.Seconds*float64(time.Second)))
}

// runTwice runs the migration a second time.
func (s *scene) runTwice(ctx context.Context, report *rehearse.Report, most time.Duration) error {
	most = again(report, most)
	return report.RunTwice(ctx, s.clone, s.database(), func(ctx context.Context) (int, error) {
		return s.migrateInTime(ctx, s.options.Migrate.Command, most)
	})
}

// takeBack runs the down migration, where there is one, on what the migration has left.
func (s *scene) takeBack(ctx context.Context, report *rehearse.Report, most time.Duration) error {
	switch {
	case s.was == nil:
		return nil
	case report.Twice != nil && len(report.Twice.Changed) > 0:
		return errors.New("a second run of the migration has changed more")
	}
	most = again(report, most)
	return report.TakeBack(ctx, s.clone, s.database(), s.was, func(ctx context.Context) (int, error) {
		return s.migrateInTime(ctx, s.options.Migrate.Down, most)
	})
}

// migrateInTime is migrateWithin, and fails where it has to end it.
func (s *scene) migrateInTime(ctx context.Context, command []string, most time.Duration) (int, error) {
	code, hangs, err := s.migrateWithin(ctx, command, most)
	if hangs {
		err = errors.Join(err, fmt.Errorf("it took longer than %s", most.Round(time.Second)))
	}
	return code, err
}

// try takes the time of what a report advises.
func (s *scene) try(ctx context.Context, report *rehearse.Report) error {
	log, err := s.log(ctx)
	if err != nil {
		return err
	}
	return errors.Join(report.Try(ctx, s.clone, advised, log), log.Close())
}

// migrateWithin runs a command of the service that migrates to its end, or ends it, with all that it left running in
// the database.
func (s *scene) migrateWithin(
	ctx context.Context, command []string, most time.Duration,
) (code int, hangs bool, err error) {
	within, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	exit, err := s.stack.Load().Run(within, compose.OneOff{Service: s.options.Migrate.Service, Command: command})
	hangs = within.Err() != nil && ctx.Err() == nil
	if err != nil && !hangs {
		return 0, false, err
	}
	return exit.Code, hangs, rehearse.Disconnect(ctx, s.clone, s.database())
}

// log follows what the server in its container writes from now on.
func (s *scene) log(ctx context.Context) (io.ReadCloser, error) {
	raw, err := s.Docker.Client().ContainerLogs(ctx, s.server.container, container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Follow: true, Tail: "0",
	})
	if err != nil {
		return nil, fmt.Errorf("log of the database: %w", err)
	}
	read, write := io.Pipe()
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, err := stdcopy.StdCopy(write, write, raw)
		_ = write.CloseWithError(err)
	}()
	return &logFollower{PipeReader: read, raw: raw, copied: copied}, nil
}

// logFollower ends at both ends.
type logFollower struct {
	*io.PipeReader
	raw    io.Closer
	copied chan struct{}
}

// Close ends the log. It can be called twice.
func (l *logFollower) Close() error {
	err := errors.Join(l.PipeReader.Close(), l.raw.Close())
	<-l.copied
	return err
}
