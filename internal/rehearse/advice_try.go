package rehearse

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

const (
	// tryTime bounds how long the advice is tried.
	tryTime = 2 * time.Minute
	// mostSent bounds how many statements are sent for that, batches not counted.
	mostSent = 1_000
	// mostBatches bounds how often one step is repeated.
	mostBatches = 500
)

// Copy makes a copy of a database in the same server. Whoever is connected to it is no longer.
func Copy(ctx context.Context, s Server, from, to string) error {
	_, err := s.Query(ctx, maintenance, "SELECT pg_catalog.pg_terminate_backend(a.pid) FROM "+
		"pg_catalog.pg_stat_activity AS a WHERE a.datname = "+sqltext.Literal(from))
	if err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	if _, err := s.Query(ctx, maintenance, "CREATE DATABASE "+quote(to)+" TEMPLATE "+quote(from)); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	return nil
}

// Try takes the time of what is advised: on a database as it was before, the migration's statements are sent once more,
// those with an advice replaced by its steps. Each is a transaction of its own. The log is what the server writes from
// now on.
func (r *Report) Try(ctx context.Context, s Server, database string, log io.ReadCloser) error {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	if err := Prepare(ctx, s, database); err != nil {
		return err
	}
	w, err := Begin(ctx, s, database, log)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close(); w.Close() }()
	session, err := s.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer session.Close()
	t := tryout{report: r, session: session}
	if _, err := session.Query(ctx, "SET statement_timeout = '60s'"); err != nil {
		return err
	}
	t.send(ctx)
	took, err := w.End(ctx)
	if err != nil {
		return err
	}
	t.measure(w, took)
	return nil
}

// tryout is the advice of a report while it is tried.
type tryout struct {
	report  *Report
	session Session
}

// send sends all statements. What an error means is seen in the log.
func (t tryout) send(ctx context.Context) {
	sent := 0
	for i, one := range t.report.sent {
		advised := false
		for a := range t.report.Advice {
			if t.report.Advice[a].Statement == i+1 {
				advised = true
				t.steps(ctx, a)
			}
		}
		if sent++; ctx.Err() != nil || sent > mostSent {
			return
		}
		if !advised && one.again() {
			_, _ = t.session.Query(ctx, one.text)
		}
	}
}

// again tells whether a statement can be sent once more as it is: what is not a part of a conversation, has its values
// in it, and no command of psql.
func (one *step) again() bool {
	if one.code != "" || strings.Contains(one.text, `\`) || len(one.text) >= longestRecord ||
		sqltext.Parameters(one.text) || one.verb == "COPY" || one.verb == "SELECT" {
		return false
	}
	return one.migrates() || one.verb == "SET" || one.verb == "RESET"
}

// steps sends those of one advice, until one fails.
func (t tryout) steps(ctx context.Context, a int) {
	steps := t.report.Advice[a].Steps
	for i := range steps {
		mark := fmt.Sprintf("/* offshoot %d.%d */ ", a, i)
		var err error
		switch {
		case steps[i].narrow != nil:
			err = t.parts(ctx, mark, &steps[i])
		case steps[i].Repeat:
			err = t.repeat(ctx, mark, &steps[i])
		default:
			_, err = t.session.Query(ctx, mark+steps[i].text)
		}
		if err != nil {
			return
		}
	}
}

// repeat does a step until it finds nothing more.
func (t tryout) repeat(ctx context.Context, mark string, step *Step) error {
	for range mostBatches {
		rows, err := t.session.Query(ctx,
			mark+"WITH done AS ("+step.text+" RETURNING 1) SELECT pg_catalog.count(*) FROM done")
		if err != nil || len(rows) == 0 || rows[0][0] == "0" {
			return err
		}
		step.Times++
	}
	return nil
}

// parts does a step for one part of the rows after the other.
func (t tryout) parts(ctx context.Context, mark string, step *Step) error {
	rows, err := t.session.Query(ctx, step.bounds)
	if err != nil || len(rows) == 0 || len(rows[0]) != 2 {
		return err
	}
	low, _ := strconv.ParseInt(rows[0][0], 10, 64)
	high, _ := strconv.ParseInt(rows[0][1], 10, 64)
	for range mostBatches {
		if low > high {
			return nil
		}
		if _, err := t.session.Query(ctx, mark+step.narrow(low, low+batch)); err != nil {
			return err
		}
		low += batch
		step.Times++
	}
	return nil
}

var markedWord = regexp.MustCompile(`^/\* offshoot (\d+)\.(\d+) \*/`)

// measure takes the times of the steps from what was watched. A message may have several statements.
func (t tryout) measure(w *Watch, took *Report) {
	seen := map[*Step]bool{}
	var advice *Advice
	var step *Step
	for i, s := range took.Statements {
		text := w.tracer.steps[i].text
		if m := markedWord.FindStringSubmatch(text); m != nil {
			a, _ := strconv.Atoi(m[1])
			n, _ := strconv.Atoi(m[2])
			advice = &t.report.Advice[a]
			step = &advice.Steps[n]
		} else if step == nil || !slices.Contains([]string{"DROP TRIGGER", "DROP FUNCTION", "ALTER TABLE", "COMMIT"},
			s.Verb) || !strings.HasPrefix(step.text, "BEGIN;") {
			step = nil
			continue
		}
		seen[step] = true
		step.take(s)
		if s.Code != "" && advice.Failed == "" {
			advice.Failed = "SQLSTATE " + s.Code + " of " + sqltext.Short(step.SQL, widest)
		}
	}
	for a := range t.report.Advice {
		advice := &t.report.Advice[a]
		all := true
		for i := range advice.Steps {
			all = all && seen[&advice.Steps[i]]
		}
		advice.worst()
		switch {
		case advice.Failed != "":
		case all && len(advice.Steps) > 0:
			advice.Tried = true
		default:
			advice.Failed = "it was not come to"
		}
	}
}

// take notes what a statement took.
func (step *Step) take(s *Statement) {
	step.Seconds = max(step.Seconds, s.Seconds)
	reads, writes := lockedBy(s)
	step.Reads, step.Writes = max(step.Reads, reads), max(step.Writes, writes)
}
