package walk

import (
	"cmp"
	"context"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// candidate is a row that may be sampled. Those with low hashes come first.
type candidate struct {
	row   snapshot.Row
	hash  int64
	plain bool // it was found without regard to its parents
}

// searcher asks the source: which rows may be chosen, and what they reference.
type searcher struct {
	*memory
	src *snapshot.Snapshot
}

// candidates finds rows of a table that are not kept yet, lowest hash first.
func (s *searcher) candidates(ctx context.Context, t *table, goal int64) ([]candidate, error) {
	need := t.need(goal)
	if s.hasLeft(t, need) {
		s.recollect(t.recall)
		return t.left, nil
	}
	t.askedFor = need
	a := t.ahead
	if a == nil {
		a = s.ask(ctx, t, s.questionsAbout(t, need))
	}
	t.ahead = nil
	found, err := s.gather(a)
	if err != nil || t.How != plan.Drive || int64(len(found)) >= need {
		return found, err
	}
	// Sampled parents may have fewer children than others.
	again := s.sampleQuestions(t, t.want(need-int64(len(found))))
	more, err := s.gather(s.ask(ctx, t, again))
	return inOrder(append(found, more...)), err
}

// need is how many candidates the table needs to come to its goal.
func (t *table) need(goal int64) int64 { return goal - t.tally.Rows() + plan.FewCandidates }

// want is how many candidates to ask for where so many rows are needed beside
// those that are kept, which have the lowest hashes.
func (t *table) want(need int64) int64 {
	need += t.tally.Sampled
	if len(t.driving) <= 1 {
		return need + need/10
	}
	return need * plan.Surplus
}

// hasLeft reports whether those that are left will do.
func (s *searcher) hasLeft(t *table, need int64) bool {
	if t.left == nil {
		return false
	}
	t.left = s.unkept(t.left)
	return t.How == plan.Whole || int64(len(t.left)) >= need || need <= t.askedFor
}

// leave remembers the candidates that were not needed, as long as they are few.
func (s *searcher) leave(t *table, candidates []candidate) {
	t.left, t.recall = nil, nil
	remembered := 0
	for _, other := range s.tables {
		remembered += len(other.left)
	}
	if left := s.unkept(candidates); remembered+len(left) <= mostRemembered {
		t.left, t.recall = left, s.note(left)
	}
}

// asked is questions about candidates of one table, on their way or answered.
type asked struct {
	questions []question
	answers   []found
	err       error
	done      chan struct{}
}

// ask sends questions about candidates of a table, and does not wait.
func (s *searcher) ask(ctx context.Context, t *table, questions []question) *asked {
	a := &asked{questions: questions, answers: make([]found, len(questions)), done: make(chan struct{})}
	seed := int64(t.seed(s.plan.Seed))
	all := make([]snapshot.Question, len(questions))
	for n := range questions {
		q := &questions[n]
		all[n] = snapshot.Question{
			Lane: q.lane, SQL: q.sql, Args: append([]any{seed}, q.args...), Row: a.answers[n].scan(q),
		}
	}
	go func() {
		defer close(a.done)
		a.err = s.src.Ask(ctx, all)
	}()
	return a
}

// gather waits for answers and returns what is not kept yet, once each, lowest
// hash first. Parents that they tell are remembered.
func (s *searcher) gather(a *asked) ([]candidate, error) {
	<-a.done
	if a.err != nil {
		return nil, a.err
	}
	count := 0
	for n := range a.answers {
		count += len(a.answers[n].candidates)
	}
	all := make([]candidate, 0, count)
	sets := map[int][]candidate{}
	for n, q := range a.questions {
		s.remember(q.layout, &a.answers[n])
		if q.set > 0 {
			sets[q.set] = lowest(append(sets[q.set], a.answers[n].candidates...), q.most)
		} else {
			all = append(all, a.answers[n].candidates...)
		}
		a.answers[n] = found{} // there may be a hundred thousand of them
	}
	for _, set := range sets {
		all = append(all, set...)
	}
	return inOrder(s.unkept(all)), nil
}

// lowest are those with the lowest hashes, at most so many.
func lowest(all []candidate, most int64) []candidate {
	if int64(len(all)) <= most {
		return all
	}
	return inOrder(all)[:most]
}

// found is the answers to a question, in their order.
type found struct {
	candidates []candidate
	notes      notes // of each its key, where it has one, and its parents
}

// scan reads a candidate. It may run ahead of the walk, and knows nothing of
// what is kept.
func (f *found) scan(q *question) func(values [][]byte) error {
	a := q.layout.newAnswer()
	return func(values [][]byte) error {
		if err := q.layout.read(values, a); err != nil {
			return err
		}
		f.candidates = append(f.candidates, candidate{a.row, a.hash, q.plain})
		f.notes.take(q.layout, a)
		return nil
	}
}

// remember records the parents of candidates.
func (m *memory) remember(l *layout, f *found) {
	if len(l.heap.several) > 0 {
		return // some are still to be looked up
	}
	var edges []edge
	read, a := noteReader{notes: &f.notes}, l.newAnswer()
	for _, c := range f.candidates {
		read.read(l, a)
		if m.seen.known(c.row) || m.kept.Has(c.row) {
			continue
		}
		edges = edges[:0]
		for i, fk := range l.foreignKeys {
			edges = m.edge(edges, a.parents[i], fk)
		}
		m.learn(c.row, a.key, edges)
	}
}

// inOrder sorts candidates by their hashes, each once.
func inOrder(all []candidate) []candidate {
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.row, b.row))
	})
	last := 0
	for i := 1; i < len(all); i++ {
		if all[i].row == all[last].row {
			all[last].plain = all[last].plain || all[i].plain
			continue
		}
		last++
		all[last] = all[i]
	}
	return all[:min(last+1, len(all))]
}

// places lists the rows of candidates.
func places(candidates []candidate) []snapshot.Row {
	rows := make([]snapshot.Row, len(candidates))
	for i, c := range candidates {
		rows[i] = c.row
	}
	return rows
}
