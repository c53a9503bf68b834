package sink

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// script writes one psql script that fills an empty database.
type script struct {
	to      string
	options Options

	mu       sync.Mutex // Rows is for one caller at a time; this keeps it so
	out      *output
	w        *bufio.Writer
	schema   *schema
	checked  pgtool.Schema
	key      string // by which psql takes commands again
	version  int    // of the source: the least a target may have
	warnings []string
}

// NewScript returns a sink that writes a psql script to a path, compressed
// when the name ends in .gz or .zst, or to stdout when the path is "-". It
// refuses a file that exists, unless it is to be replaced. The file appears
// when it is complete.
func NewScript(to string, o Options) (Sink, error) {
	if to != "-" {
		if err := writable(to, o.Replace); err != nil {
			return nil, err
		}
	}
	return &script{to: to, options: o}, nil
}

// Concurrency is 1, so that the same subset gives the same bytes.
func (s *script) Concurrency() int { return 1 }

func (s *script) Warnings() []string {
	if s.schema == nil {
		return s.warnings
	}
	return slices.Concat(s.schema.warnings, s.warnings)
}

// MayRaise lists the warnings of the script's statements.
func (s *script) MayRaise() map[string]bool { return s.schema.mayRaise() }

// preamble is what a reader of the script sees first.
func preamble(privacy string) string {
	note := ""
	if privacy != "" {
		note = "-- Personal data: " + privacy + ".\n"
	}
	return `--
-- A subset of a PostgreSQL database, written by offshoot.
-- Load it into an empty database: psql -X -v ON_ERROR_STOP=1 -f FILE
` + note + `--

\set ON_ERROR_STOP on
`
}

func (s *script) Begin(ctx context.Context, from subset.Origin) error {
	s.version = from.Catalog.Version
	var err error
	if s.schema, err = dumpSchema(ctx, from); err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	preData, err := s.schema.script(ctx, pgtool.PreData, s.schema.entries)
	if err == nil {
		s.key, err = s.schema.key(ctx, preData)
	}
	if err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	if s.out, err = create(s.to, s.options); err != nil {
		return s.explain(err)
	}
	s.w = bufio.NewWriterSize(s.out, 1<<20)
	if err := s.writeOurs(preamble(from.Privacy) + pgtool.Restrict(s.key) + "\n"); err != nil {
		return err
	}
	known, err := from.Facts.Comments()
	if err != nil {
		return err
	}
	return s.write(preData, checkedText(from.Catalog), known)
}

// checkedText makes COPY check text without an encoding, as for a database.
func checkedText(source *catalog.Database) string {
	if encoding(source) != "SQL_ASCII" {
		return ""
	}
	return "SELECT pg_catalog.set_config('client_encoding', pg_catalog.current_setting('server_encoding'), false);\n\n"
}

// Rows writes a COPY block; for no rows, nothing.
func (s *script) Rows(ctx context.Context, heap *catalog.Heap, columns []string, r io.Reader) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	block := &copyBlock{w: s.w, header: copySQL(heap, columns) + ";\n"}
	n, err := io.Copy(block, cancellable{ctx, r})
	if err != nil {
		return n, s.explain(err)
	}
	return n, s.explain(block.end())
}

// cancellable stops reading when its context ends.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c cancellable) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}

// Finish writes what follows the rows and gives the file its name.
func (s *script) Finish(ctx context.Context, end subset.Ending) error {
	for _, step := range []func(context.Context, subset.Ending) error{s.sequences, s.postData} {
		if err := step(ctx, end); err != nil {
			return err
		}
	}
	if err := s.writeOurs(pgtool.Unrestrict(s.key)); err != nil {
		return err
	}
	if err := s.w.Flush(); err != nil {
		return s.explain(err)
	}
	return s.explain(s.out.commit())
}

func (s *script) sequences(_ context.Context, end subset.Ending) error {
	if len(end.Sequences) == 0 {
		return nil
	}
	for _, v := range end.Sequences {
		if err := s.write(setvalSQL(v)); err != nil {
			return err
		}
	}
	return s.write("\n")
}

func (s *script) postData(ctx context.Context, end subset.Ending) error {
	p := s.schema.split(end.Dangling)
	s.schema.unvalidatable(&p, end.Dangling, s.version)
	objects, err := s.schema.script(ctx, pgtool.PostData, slices.Concat(p.indexes, p.objects, p.foreignKeys))
	if err != nil {
		return err
	}
	unvalidated, err := s.unvalidated(ctx, p.unvalidated)
	if err != nil {
		return err
	}
	policies, err := s.policies(ctx, p.roled)
	if err != nil {
		return err
	}
	comments, err := s.comments(ctx, p)
	if err != nil {
		return err
	}
	triggers, err := s.triggers(ctx, p.eventTriggers)
	if err != nil {
		return err
	}
	return s.write(objects, unvalidated, policies, comments, refreshes(end.MatViews), "ANALYZE;\n\n", triggers)
}

func (s *script) unvalidated(ctx context.Context, entries []pgtool.Entry) (string, error) {
	var b strings.Builder
	for _, e := range entries {
		statement, err := s.schema.statement(ctx, e)
		if err != nil {
			return "", err
		}
		b.WriteString(statement + " NOT VALID;\n\n")
	}
	return b.String(), nil
}

// policies that name roles are left out by psql, with a warning, where the
// target lacks one of them.
func (s *script) policies(ctx context.Context, entries []pgtool.Entry) (string, error) {
	var b strings.Builder
	for _, e := range entries {
		statement, err := s.schema.statement(ctx, e)
		if err != nil {
			return "", err
		}
		p := s.schema.policy(e.OID)
		b.WriteString(guarded(statement, missingObject, p.leftOut(p.Roles)))
	}
	return b.String(), nil
}

// comments on a policy that may be missing are guarded like the policy.
func (s *script) comments(ctx context.Context, p post) (string, error) {
	var b strings.Builder
	plain := without(p.comments, func(e pgtool.Entry) bool { return s.schema.onPolicy(e) })
	text, err := s.schema.script(ctx, pgtool.PostData, plain)
	if err != nil {
		return "", err
	}
	b.WriteString(text)
	for _, e := range p.comments {
		if !s.schema.onPolicy(e) {
			continue
		}
		statement, err := s.schema.statement(ctx, e)
		if err != nil {
			return "", err
		}
		b.WriteString(guarded(statement, missingObject, "comment left out"))
	}
	return b.String(), nil
}

func (s *script) triggers(ctx context.Context, entries []pgtool.Entry) (string, error) {
	var b strings.Builder
	for _, e := range entries {
		statement, err := s.schema.statement(ctx, e)
		if err != nil {
			return "", err
		}
		b.WriteString(guarded(statement, notSuperuser, eventTriggerLeftOut))
	}
	return b.String(), nil
}

func refreshes(views []catalog.Name) string {
	var b strings.Builder
	for _, v := range views {
		b.WriteString(refreshSQL(v))
	}
	return b.String()
}

// write writes statements, if they are nothing else to psql.
func (s *script) write(texts ...string) error {
	for _, text := range texts {
		if err := s.checked.Check(text); err != nil {
			return harmful(err)
		}
		if err := s.writeOurs(text); err != nil {
			return err
		}
	}
	return nil
}

// writeOurs writes what has commands of psql, with nothing of the source.
func (s *script) writeOurs(text string) error {
	_, err := s.w.WriteString(text)
	return s.explain(err)
}

func (s *script) explain(err error) error { return writeError(s.name(), err) }

func (s *script) name() string {
	if s.to == "-" {
		return "stdout"
	}
	return s.to
}

// Close removes the file unless it is complete.
func (s *script) Close(_ context.Context, _ bool) error {
	var errs []error
	if s.out != nil {
		errs = append(errs, s.out.discard())
	}
	if s.schema != nil {
		errs = append(errs, s.schema.close())
	}
	return errors.Join(errs...)
}
