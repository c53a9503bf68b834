package queries

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// A Comparison tells what a version of the code asks in another way than the one before it.
type Comparison struct {
	Version  int      `json:"version"` // Version
	Pages    int      `json:"pages"`   // that both have
	Worse    []Change `json:"worse"`   // the worst first
	Better   []Change `json:"better,omitempty"`
	New      []string `json:"new_statements,omitempty"`
	Vanished []string `json:"vanished_statements,omitempty"`
	OnlyOld  []string `json:"pages_gone,omitempty"`
	OnlyNew  []string `json:"pages_new,omitempty"`
	Doubt    string   `json:"doubt,omitempty"` // why the two are not of identical rows
}

// A Change is one of a page.
type Change struct {
	Path      string `json:"path"`
	Kind      Kind   `json:"kind"`
	Before    int64  `json:"before"`
	After     int64  `json:"after"`
	Statement string `json:"statement,omitempty"` // the one it is because of
	Code      string `json:"sqlstate,omitempty"`  // of its error
}

// Kind is what has become more or less.
type Kind string

// The kinds of changes, the worst first.
const (
	KindFails      Kind = "fails"      // the answer is an error, by its status
	KindRepeats    Kind = "repeats"    // one statement is asked again and again
	KindAnswers    Kind = "answers"    // rows that the code gets
	KindRows       Kind = "rows"       // rows that scans read
	KindBlocks     Kind = "blocks"     // blocks that were read
	KindStatements Kind = "statements" // how many
	KindBytes      Kind = "bytes"      // of the answer
)

// Kinds are all of them.
var Kinds = []Kind{KindFails, KindRepeats, KindAnswers, KindRows, KindBlocks, KindStatements, KindBytes}

// What is more by less than this is none of a page's reader's business, and may be by chance: more than so many times
// as before, and by more than so many.
var noticed = map[Kind]struct{ times, more int64 }{
	KindRepeats: {2, 4}, KindAnswers: {3, 20}, KindRows: {3, 100}, KindBlocks: {3, 100},
	KindStatements: {2, 4}, KindBytes: {3, 50_000},
}

// Compare compares what was recorded of the code before with what was of the code after. Pages are the same by their
// paths.
func Compare(before, after *Recording) *Comparison {
	c := &Comparison{Version: Version, Worse: []Change{}}
	if before.Archive != after.Archive {
		c.Doubt = "they are of different archives"
	}
	for _, now := range after.Pages {
		was := before.Page(now.Path)
		if was == nil {
			c.OnlyNew = append(c.OnlyNew, now.Path)
			continue
		}
		if now.Path == "" {
			continue // what is asked at the start depends on who comes first
		}
		if now.Visited() {
			c.Pages++
		}
		c.Worse = append(c.Worse, grown(was, now, now)...)
		c.Better = append(c.Better, turned(grown(now, was, was))...)
	}
	for _, was := range before.Pages {
		if after.Page(was.Path) == nil {
			c.OnlyOld = append(c.OnlyOld, was.Path)
		}
	}
	c.New, c.Vanished = less(after, before), less(before, after)
	for _, list := range [][]Change{c.Worse, c.Better} {
		slices.SortStableFunc(list, func(a, b Change) int {
			return cmp.Or(cmp.Compare(slices.Index(Kinds, a.Kind), slices.Index(Kinds, b.Kind)),
				cmp.Compare(b.times(), a.times()))
		})
	}
	return c
}

// Page is the one of a path; nil: there is none.
func (r *Recording) Page(path string) *Page {
	i := slices.IndexFunc(r.Pages, func(p *Page) bool { return p.Path == path })
	if i < 0 {
		return nil
	}
	return r.Pages[i]
}

// grown lists what is more in the second page than in the first.
func grown(was, now, culprit *Page) []Change {
	var all []Change
	if now.Fails() && !was.Fails() {
		return []Change{now.failure(was)}
	}
	if was.Fails() {
		return nil
	}
	a, b := was.sum(), now.sum()
	for _, s := range now.Statements {
		calls := was.calls(s.Text)
		if much(KindRepeats, calls, s.Calls) {
			all = append(all, Change{
				Path: now.Path, Kind: KindRepeats, Before: calls, After: s.Calls, Statement: sqltext.Shape(s.Text),
			})
		}
	}
	for _, one := range []Change{
		{Kind: KindAnswers, Before: a.Answers, After: b.Answers},
		{Kind: KindRows, Before: a.Rows, After: b.Rows},
		{Kind: KindBlocks, Before: a.Blocks, After: b.Blocks},
		{Kind: KindStatements, Before: a.Calls, After: b.Calls},
		{Kind: KindBytes, Before: was.Bytes, After: now.Bytes},
	} {
		if one.Kind == KindStatements && len(all) > 0 {
			continue // it is because of what repeats
		}
		if much(one.Kind, one.Before, one.After) {
			one.Path = now.Path
			one.Statement = culprit.most(was, one.Kind)
			all = append(all, one)
		}
	}
	return all
}

func much(kind Kind, was, now int64) bool {
	n := noticed[kind]
	return now > was*n.times && now-was > n.more
}

// Fails tells whether it is answered with an error, or the command that is run ends with one.
func (p *Page) Fails() bool { return p.Status >= 400 || p.Status == 0 || p.Exit != 0 }

// failure tells that a page fails by now, and because of which statement where there is one.
func (p *Page) failure(was *Page) Change {
	c := Change{Path: p.Path, Kind: KindFails, Before: int64(was.Status), After: int64(p.Status)}
	if p.Path == Run {
		c.Before, c.After = int64(was.Exit), int64(p.Exit)
	}
	if len(p.Errors) > 0 {
		c.Statement, c.Code = sqltext.Shape(p.Errors[0].Text), p.Errors[0].Code
	}
	return c
}

// turned exchanges before and after.
func turned(list []Change) []Change {
	for i := range list {
		list[i].Before, list[i].After = list[i].After, list[i].Before
	}
	return list
}

func (p *Page) sum() (all Statement) {
	for _, s := range p.Statements {
		all.Calls, all.Answers = all.Calls+s.Calls, all.Answers+s.Answers
		all.Rows, all.Blocks = all.Rows+s.Rows, all.Blocks+s.Blocks
	}
	return all
}

func (p *Page) calls(text string) int64 { return p.statement(text).Calls }

func (p *Page) statement(text string) Statement {
	for _, s := range p.Statements {
		if s.Text == text {
			return *s
		}
	}
	return Statement{}
}

// count is so much of it; 0 of what is no statement's.
func (s Statement) count(kind Kind) int64 {
	return map[Kind]int64{KindAnswers: s.Answers, KindRows: s.Rows, KindBlocks: s.Blocks}[kind]
}

// most is the shape of the statement of which there is most more than on another page.
func (p *Page) most(was *Page, kind Kind) string {
	best, shape := int64(0), ""
	for _, s := range p.Statements {
		if more := s.count(kind) - was.statement(s.Text).count(kind); more > best {
			best, shape = more, sqltext.Shape(s.Text)
		}
	}
	return shape
}

// less are the shapes that only the first has.
func less(these, others *Recording) []string {
	shapes := func(r *Recording) map[string]bool {
		all := map[string]bool{}
		for _, p := range r.Pages {
			for _, s := range p.Statements {
				all[sqltext.Shape(s.Text)] = true
			}
		}
		return all
	}
	known := shapes(others)
	var only []string
	for shape := range shapes(these) {
		if !known[shape] {
			only = append(only, shape)
		}
	}
	slices.Sort(only)
	return only
}

func (c Change) times() float64 { return float64(c.After) / max(float64(c.Before), 1) }

// WorsePages counts pages of which something is worse.
func (c *Comparison) WorsePages() int {
	worse := map[string]bool{}
	for _, w := range c.Worse {
		worse[w.Path] = true
	}
	return len(worse)
}

// Headline says it in a sentence.
func (c *Comparison) Headline() string {
	worse := c.WorsePages()
	switch worse {
	case 0:
		return fmt.Sprintf("no page of %d asks more of the database than before", c.Pages)
	case 1:
		return fmt.Sprintf("1 page of %d is worse: %s", c.Pages, c.Worse[0])
	}
	return fmt.Sprintf("%d pages of %d are worse: %s", worse, c.Pages, c.Worse[0])
}

// String says it in a sentence.
func (c Change) String() string {
	before, after := document.Number(c.Before), document.Number(c.After)
	switch c.Kind {
	case KindFails:
		if c.Path == Run {
			return fmt.Sprintf("the command that is run ends with %d in place of %d", c.After, c.Before)
		}
		return fmt.Sprintf("%s answers %d in place of %d", c.Path, c.After, c.Before)
	case KindRepeats:
		return fmt.Sprintf("%s asks one statement %s times in place of %s", c.Path, after, before)
	case KindBytes:
		return fmt.Sprintf("%s is %s in place of %s", c.Path, document.Size(c.After), document.Size(c.Before))
	case KindStatements:
		return fmt.Sprintf("%s asks %s statements in place of %s", c.Path, after, before)
	}
	what := map[Kind]string{KindAnswers: "is given %s rows", KindRows: "reads %s rows", KindBlocks: "reads %s blocks"}
	return c.Path + " " + fmt.Sprintf(what[c.Kind], after) + " in place of " + before
}

// reason is the statement that it is because of, behind the SQLSTATE of its error.
func (c Change) reason() string {
	text := sqltext.Short(c.Statement, widest)
	if c.Code != "" {
		return "SQLSTATE " + c.Code + ": " + text
	}
	return text
}

// Shown for people at most.
const (
	mostChanges = 30
	widest      = 100
)

// folded are the changes of which each is for another reason, and of how many pages.
func folded(list []Change) (some []Change, pages []int) {
	type reason struct {
		kind      Kind
		statement string
	}
	known := map[reason]int{}
	for _, c := range list {
		at, again := known[reason{c.Kind, c.Statement}]
		if again && c.Statement != "" {
			pages[at]++
			continue
		}
		known[reason{c.Kind, c.Statement}] = len(some)
		some, pages = append(some, c), append(pages, 1)
	}
	return some, pages
}

// Sheet lays it out for people.
func (c *Comparison) Sheet() document.Sheet {
	s := document.Sheet{Headlines: []string{"queries: " + c.Headline()}}
	for i, list := range [][]Change{c.Worse, c.Better} {
		if len(list) == 0 {
			continue
		}
		g := document.Grid{}
		g.Add([]string{"worse", "better"}[i], "what", "before", "after", "because of")
		list, pages := folded(list)
		for n, one := range list[:min(len(list), mostChanges)] {
			path := one.Path
			if pages[n] > 1 {
				path += fmt.Sprintf(" and %d more", pages[n]-1)
			}
			g.Add(path, string(one.Kind), document.Number(one.Before), document.Number(one.After),
				one.reason())
		}
		s.Grids = append(s.Grids, g)
		if more := len(list) - mostChanges; more > 0 {
			s.Notes = append(s.Notes, fmt.Sprintf("and %s more changes", document.Number(int64(more))))
		}
	}
	for _, one := range []struct {
		what string
		list []string
	}{
		{"new statement: ", c.New},
		{"no longer asked: ", c.Vanished},
		{"page that is new: ", c.OnlyNew},
		{"page that is gone: ", c.OnlyOld},
	} {
		for _, text := range one.list[:min(len(one.list), mostChanges)] {
			s.Notes = append(s.Notes, one.what+sqltext.Short(text, widest))
		}
	}
	if c.Doubt != "" {
		s.Notes = append(s.Notes, "doubtful: "+c.Doubt)
	}
	return s
}

// WriteText prints it for people.
func (c *Comparison) WriteText(w io.Writer) error { return c.Sheet().WriteText(w) }

// WriteMarkdown prints the same in Markdown.
func (c *Comparison) WriteMarkdown(w io.Writer) error { return c.Sheet().WriteMarkdown(w) }

// WriteJSON prints all of it.
func (c *Comparison) WriteJSON(w io.Writer) error { return document.WriteJSON(w, c) }
