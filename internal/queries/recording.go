// Package queries tells what code asks of its database, page for page, and what became of that between two versions
// which had identical rows.
//
//	log of the server ──┐ Listen
//	                    ├─▶ Record ─▶ Recording of main ────────────┐
//	visits of pages ────┘             Recording of the pull request ┴─▶ Compare ─▶ Comparison
//
// What is counted (statements, rows, blocks) is the same in each run. Seconds are not compared.
package queries

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/offshoot-dev/offshoot/internal/compat"
	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
	"github.com/offshoot-dev/offshoot/internal/visit"
)

// Version is that of the document.
const Version = 1

// A Recording is what a version of the code asked.
type Recording struct {
	Version int     `json:"version"` // Version
	Commit  string  `json:"commit,omitempty"`
	Archive string  `json:"archive_sha256,omitempty"`
	Pages   []*Page `json:"pages"` // in the order of visits; what came before them is the one without a path
}

// A Page is one that was visited, and what was asked for it.
type Page struct {
	Path       string       `json:"path"`
	Status     int          `json:"status"`
	Bytes      int64        `json:"bytes"`
	Failed     string       `json:"failed,omitempty"`
	Exit       int          `json:"exit,omitempty"` // of the command that Run is about
	Statements []*Statement `json:"statements"`     // those that read most first
	Errors     []Error      `json:"errors,omitempty"`
}

// Run is the path of what was not visited but run.
const Run = "run"

// An Error is that of a statement.
type Error struct {
	Code string `json:"sqlstate"`
	Text string `json:"statement"` // with $1 in place of each value
}

// A Span is when something was under way that is no visit.
type Span struct {
	Began, Ended time.Time
	Exit         int
}

// A Statement is all that was asked with one text.
type Statement struct {
	Text    string `json:"statement"` // with $1 in place of each value
	Calls   int64  `json:"calls"`
	Answers int64  `json:"answers"` // rows that the code got
	Rows    int64  `json:"rows"`    // that its scans read
	Blocks  int64  `json:"blocks"`  // that it read, in memory or not
}

// Settings have a server tell of each query in its log. They need auto_explain, which is PostgreSQL's own.
var Settings = []string{
	"log_line_prefix=" + rehearse.Prefix, "log_destination=stderr", "lc_messages=C",
	"session_preload_libraries=auto_explain", "auto_explain.log_min_duration=0", "auto_explain.log_analyze=on",
	"auto_explain.log_buffers=on", "auto_explain.log_timing=off", "auto_explain.log_triggers=off",
	"auto_explain.log_verbose=off", "auto_explain.log_nested_statements=off", "auto_explain.log_format=json",
	"auto_explain.log_level=log", "auto_explain.sample_rate=1", "jit=off",
}

// behind is how much later than its answer the log may tell of a page's last query: it counts milliseconds.
const behind = 5 * time.Millisecond

// A Query is one that the log of a server told of.
type Query struct {
	At      time.Time // when it ended
	Text    string    // as it was sent
	Answers int64
	Rows    int64
	Blocks  int64
	Code    string // SQLSTATE; empty: it did not fail
}

// Listen reads the log of a database's server to its end, and hands on what it tells of.
func Listen(log io.Reader, database string, hand func(Query)) error {
	err := rehearse.ReadQueries(log, database, func(q rehearse.Query) {
		one := read(q.Plan)
		one.At, one.Text, one.Code = q.At, q.Text, q.Code
		hand(one)
	})
	if err != nil {
		return fmt.Errorf("log of the database: %w", err)
	}
	return nil
}

// Record divides what was asked among the visits, and what was run beside them. Of what was visited several times the
// least counts: what goes on in the background falls to another page each time.
func Record(asked []Query, rounds [][]visit.Visit, run ...Span) *Recording {
	asked = slices.Clone(asked)
	slices.SortStableFunc(asked, func(a, b Query) int { return a.At.Compare(b.At) })
	r := &Recording{Version: Version, Pages: []*Page{{}}}
	began := time.Now()
	if len(rounds) > 0 && len(rounds[0]) > 0 {
		began = rounds[0][0].Began
	}
	r.Pages[0].add(within(asked, time.Time{}, began))
	for n, visits := range rounds {
		for i, v := range visits {
			p := &Page{Path: v.Path, Status: v.Status, Bytes: v.Bytes, Failed: v.Failed}
			p.add(within(asked, v.Began, v.Ended.Add(behind)))
			switch {
			case n == 0:
				r.Pages = append(r.Pages, p)
			case p.Fails() && !r.Pages[i+1].Fails(): // it tells nothing of what the page asks
			case r.Pages[i+1].Fails() && !p.Fails():
				r.Pages[i+1] = p
			default:
				r.Pages[i+1].least(p)
			}
		}
	}
	for _, span := range run {
		p := &Page{Path: Run, Status: http.StatusOK, Exit: span.Exit}
		p.add(within(asked, span.Began, span.Ended.Add(behind)))
		r.Pages = append(r.Pages, p)
	}
	for _, p := range r.Pages {
		slices.SortStableFunc(p.Statements, func(a, b *Statement) int {
			return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Text, b.Text))
		})
	}
	return r
}

// within are the queries that ended in a span of time.
func within(asked []Query, from, to time.Time) []Query {
	var some []Query
	for _, q := range asked {
		if q.At.After(from) && !q.At.After(to) {
			some = append(some, q)
		}
	}
	return some
}

// add sums queries up by their texts.
func (p *Page) add(asked []Query) {
	p.Statements = []*Statement{}
	known := map[string]*Statement{}
	for _, q := range asked {
		text := sqltext.Parameterized(q.Text)
		if !compat.Askable(text) || sqltext.Names(text, "pg_catalog") {
			continue
		}
		if q.Code != "" {
			if one := (Error{q.Code, text}); !slices.Contains(p.Errors, one) && len(p.Errors) < mostErrors {
				p.Errors = append(p.Errors, one)
			}
			continue
		}
		s := known[text]
		if s == nil {
			s = &Statement{Text: text}
			known[text] = s
			p.Statements = append(p.Statements, s)
		}
		s.Calls, s.Answers, s.Rows, s.Blocks = s.Calls+1, s.Answers+q.Answers, s.Rows+q.Rows, s.Blocks+q.Blocks
	}
}

// mostErrors are kept of a page.
const mostErrors = 20

// least keeps what both have, and of each the smaller.
func (p *Page) least(other *Page) {
	p.Bytes = min(p.Bytes, other.Bytes)
	p.Errors = slices.DeleteFunc(p.Errors, func(e Error) bool { return !slices.Contains(other.Errors, e) })
	p.Statements = slices.DeleteFunc(p.Statements, func(s *Statement) bool {
		at := slices.IndexFunc(other.Statements, func(o *Statement) bool { return o.Text == s.Text })
		if at < 0 {
			return true
		}
		o := other.Statements[at]
		s.Calls, s.Answers = min(s.Calls, o.Calls), min(s.Answers, o.Answers)
		s.Rows, s.Blocks = min(s.Rows, o.Rows), min(s.Blocks, o.Blocks)
		return false
	})
}

// A node is one of a plan that was executed.
type node struct {
	Rows    float64 `json:"Actual Rows"`
	Loops   float64 `json:"Actual Loops"`
	Removed float64 `json:"Rows Removed by Filter"`
	Checked float64 `json:"Rows Removed by Index Recheck"`
	Hit     int64   `json:"Shared Hit Blocks"`
	Read    int64   `json:"Shared Read Blocks"`
	Plans   []node  `json:"Plans"`
}

// read is what a plan that was executed read and gave.
func read(plan json.RawMessage) (q Query) {
	var top node
	if json.Unmarshal(plan, &top) != nil {
		return q
	}
	var visit func(n node)
	visit = func(n node) {
		if len(n.Plans) == 0 {
			q.Rows += int64((n.Rows+n.Removed+n.Checked)*n.Loops + 0.5)
		}
		for _, below := range n.Plans {
			visit(below)
		}
	}
	visit(top)
	q.Answers, q.Blocks = int64(top.Rows*top.Loops+0.5), top.Hit+top.Read
	return q
}

// Sent are all statements of a recording, once each.
func (r *Recording) Sent() []compat.Statement {
	known := map[string]int{}
	var all []compat.Statement
	for _, p := range r.Pages {
		for _, s := range p.Statements {
			at, again := known[s.Text]
			if !again {
				at = len(all)
				known[s.Text] = at
				all = append(all, compat.Statement{Text: s.Text})
			}
			all[at].Calls += s.Calls
		}
	}
	return all
}

// Read reads a recording from a file.
func Read(path string) (*Recording, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// Parse reads a recording.
func Parse(text []byte) (*Recording, error) {
	r := &Recording{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, err
	}
	if r.Version != Version {
		return nil, fmt.Errorf("a recording of version %d, and this offshoot reads %d", r.Version, Version)
	}
	if slices.Contains(r.Pages, nil) {
		return nil, errors.New("a page of it is null")
	}
	return r, nil
}

// Headline says how much it is.
func (r *Recording) Headline() string {
	return plural(len(r.Sent()), "statement") + " for " + plural(r.Visits(), "page")
}

// Visits counts the pages that were visited.
func (r *Recording) Visits() (n int) {
	for _, p := range r.Pages {
		if p.Visited() {
			n++
		}
	}
	return n
}

// Visited tells whether it was, and not only what was asked before, or what was run.
func (p *Page) Visited() bool { return p.Path != "" && p.Path != Run }

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return document.Number(int64(n)) + " " + what + "s"
}

func (r *Recording) sheet() document.Sheet {
	s := document.Sheet{Headlines: []string{"queries: " + r.Headline()}}
	g := document.Grid{}
	g.Add("page", "status", "size", "statements", "rows", "blocks", "reads most")
	for _, p := range r.Pages[:min(len(r.Pages), mostPages)] {
		sum, most := p.sum(), ""
		if len(p.Statements) > 0 {
			most = sqltext.Short(sqltext.Shape(p.Statements[0].Text), widest)
		}
		path, status, size := p.Path, fmt.Sprint(p.Status), document.Size(p.Bytes)
		if path == "" {
			path, status, size = "(start)", "", ""
		}
		if p.Status == 0 && p.Path != "" {
			status = p.Failed
		}
		g.Add(path, status, size, document.Number(sum.Calls), document.Number(sum.Rows), document.Number(sum.Blocks),
			most)
	}
	s.Grids = append(s.Grids, g)
	return s
}

// mostPages are shown to people.
const mostPages = 60

// WriteText prints it for people.
func (r *Recording) WriteText(w io.Writer) error { return r.sheet().WriteText(w) }

// WriteMarkdown prints the same in Markdown.
func (r *Recording) WriteMarkdown(w io.Writer) error { return r.sheet().WriteMarkdown(w) }

// WriteJSON prints all of it.
func (r *Recording) WriteJSON(w io.Writer) error { return document.WriteJSON(w, r) }
