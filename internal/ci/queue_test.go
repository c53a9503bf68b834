package ci_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/forgetest"
)

// rules are those by which a forge lets the runs of a workflow wait for each other.
type rules struct {
	name string
	// group is which runs wait for each other; "": for nobody.
	group func(forge.Event) string
	// newest: of those that wait in a group the newest alone stays.
	newest bool
	// pushed: a run has what was newest when its event happened, and not when it began.
	pushed bool
	// runners is how many runs there are at most; on Gitea those that wait for one
	// are replaced as well. 0: any number.
	runners int
}

// The groups are those of the workflows that init writes.
func pullGroup(e forge.Event) string {
	if e.Kind == forge.Commented || e.Label == "preview-approved" {
		return ""
	}
	return "7"
}

func noGroup(forge.Event) string { return "" }

// anyGroup has commands wait as well. A comment that is none must not be in a
// group: its run does nothing, whatever place it takes.
func anyGroup(e forge.Event) string {
	if e.Kind == forge.Commented && e.Text == "LGTM" {
		return ""
	}
	return "7"
}

var everyRules = []rules{
	{name: "GitHub", group: pullGroup, newest: true},
	{name: "GitHub with commands in the group", group: anyGroup, newest: true},
	{name: "Gitea with one runner", group: pullGroup, newest: true, runners: 1},
	{name: "Gitea with one runner, commands in the group", group: anyGroup, newest: true, runners: 1},
	{name: "Gitea with two runners", group: pullGroup, newest: true, runners: 2},
	{name: "GitLab, by resource group", group: anyGroup, pushed: true},
	{name: "GitLab, at once", group: noGroup, pushed: true},
}

// A happening is one thing that somebody does to pull request 7.
type happening struct {
	After time.Duration // since the one before
	Do    string
	Late  time.Duration // until the forge has started its run
	Seed  uint64        // of all times in the run
}

var doings = []string{
	"push", "push", "label", "unlabel", "label bug", "edit", "comment", "close", "reopen", "draft", "ready",
	"wendy: /preview up", "wendy: /preview down", "wendy: /preview extend 1h", "wendy: /preview reset",
	"wendy: /preview dance",
	"mallory: /preview up", "mallory: /preview down", "mallory: /preview x",
}

var happenings = rapid.Custom(func(t *rapid.T) happening {
	// Often within one run, or one poll of a runner; now and then after all is done.
	after := rapid.SampledFrom([]int{0, 0, 1, 5, 30, 120, 900}).Draw(t, "after")
	return happening{
		After: time.Duration(after) * time.Second, Do: rapid.SampledFrom(doings).Draw(t, "do"),
		Late: time.Duration(rapid.IntRange(0, 4).Draw(t, "late")) * time.Second, Seed: rapid.Uint64().Draw(t, "seed"),
	}
})

// Whatever happens in whatever order, and whichever runs the forge drops: when all
// is quiet the preview is what the pull request asks for, and the comment says so.
func TestRunner_QuietLeavesWhatThePullRequestAsksFor(t *testing.T) {
	for _, r := range everyRules {
		t.Run(r.name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				script := rapid.SliceOfN(happenings, 1, 12).Draw(rt, "script")
				settings := ci.Settings{
					Approve: "preview-approved", Drafts: rapid.Bool().Draw(rt, "drafts"),
					Label: rapid.SampledFrom([]string{"", "preview"}).Draw(rt, "label"),
				}
				var wrong []string
				synctest.Test(t, func(*testing.T) { wrong = newQueue(r, settings).play(script) })
				if len(wrong) > 0 {
					rt.Fatalf("%q", wrong)
				}
			})
		})
	}
}

// A queue is a forge with its runs.
type queue struct {
	rules
	settings ci.Settings
	forge    forgetest.Memory
	machine  *machine

	mutex   sync.Mutex
	waiting []run
	at      map[string]bool // groups that have a run at work
	working int
	jobs    sync.WaitGroup
	log     []string
	commits int
	asked   bool // wendy did
}

type run struct {
	event forge.Event
	group string
	seed  uint64
	head  string // when the event happened
}

func newQueue(r rules, s ci.Settings) *queue {
	q := &queue{rules: r, settings: s, machine: newMachine(7), at: map[string]bool{}}
	q.forge.Allow("wendy")
	return q
}

// play opens the pull request, with its label in the same call, and lets happen
// what the script says.
func (q *queue) play(script []happening) []string {
	q.forge.Put(forgetest.NewPull(7, "commit-0"))
	q.forge.Change(7, func(p *forge.Pull) { p.Labels = []string{"preview"} })
	opened := forge.Event{Kind: forge.Opened, Number: 7, Commit: "commit-0"}
	labeled := opened
	labeled.Kind, labeled.Label = forge.Labeled, "preview"
	q.send(opened, 1, 0)
	q.send(labeled, 2, 0)
	for _, h := range script {
		time.Sleep(h.After)
		if e, started := q.happen(h.Do); started {
			q.send(e, h.Seed, h.Late)
		}
	}
	q.jobs.Wait()
	return q.wrong()
}

// happen changes the pull request, and tells which event that is. A workflow's
// condition leaves out comments that are no command, but not before they have
// taken the place of others.
func (q *queue) happen(do string) (e forge.Event, started bool) {
	q.forge.Change(7, func(p *forge.Pull) {
		e = q.change(p, do)
		e.Number = 7
		if e.Kind != forge.Commented || q.pushed {
			e.Commit = p.Commit
		}
	})
	return e, true
}

func (q *queue) change(p *forge.Pull, do string) forge.Event {
	who, text, commanded := strings.Cut(do, ": ")
	if commanded {
		q.asked = q.asked || who == "wendy"
		return forge.Event{Kind: forge.Commented, Sender: who, Text: text, CommentID: 9}
	}
	has := slices.Index(p.Labels, "preview")
	switch do {
	case "push":
		q.commits++
		p.Commit = fmt.Sprint("commit-", q.commits)
		return forge.Event{Kind: forge.Pushed}
	case "label":
		if has < 0 {
			p.Labels = append(p.Labels, "preview")
		}
		return forge.Event{Kind: forge.Labeled, Label: "preview"}
	case "unlabel":
		if has >= 0 {
			p.Labels = slices.Delete(p.Labels, has, has+1)
		}
		return forge.Event{Kind: forge.Labeled} // as Gitea says it: without the label
	case "close", "reopen":
		p.Open = do == "reopen"
		return forge.Event{Kind: map[bool]forge.EventKind{true: forge.Reopened, false: forge.Closed}[p.Open]}
	case "draft", "ready":
		p.Draft = do == "draft"
		return forge.Event{Kind: map[bool]forge.EventKind{true: forge.Drafted, false: forge.Ready}[p.Draft]}
	case "label bug":
		return forge.Event{Kind: forge.Labeled, Label: "bug"}
	case "comment":
		return forge.Event{Kind: forge.Commented, Sender: "mallory", Text: "LGTM"}
	}
	return forge.Event{Kind: forge.Other}
}

// send starts the run of an event, which may have to wait, or takes the place of
// one that does.
func (q *queue) send(e forge.Event, seed uint64, late time.Duration) {
	p, _ := q.forge.Pull(context.Background(), 7)
	q.jobs.Go(func() {
		time.Sleep(late)
		q.mutex.Lock()
		defer q.mutex.Unlock()
		r := run{event: e, group: q.group(e), seed: seed, head: p.Commit}
		if q.newest && r.group != "" {
			q.waiting = slices.DeleteFunc(q.waiting, func(w run) bool { return w.group == r.group })
		}
		q.waiting = append(q.waiting, r)
		q.next()
	})
}

// next starts what may be started, under the mutex.
func (q *queue) next() {
	for i := 0; i < len(q.waiting); {
		r := q.waiting[i]
		if r.group != "" && q.at[r.group] || q.runners > 0 && q.working >= q.runners {
			i++
			continue
		}
		q.waiting = slices.Delete(q.waiting, i, i+1)
		q.at[r.group], q.working = true, q.working+1
		q.jobs.Go(func() {
			q.work(r)
			q.mutex.Lock()
			defer q.mutex.Unlock()
			q.at[r.group], q.working = false, q.working-1
			q.next()
		})
	}
}

// work does one run.
func (q *queue) work(r run) {
	random := rand.New(rand.NewPCG(r.seed, 1))
	var mutex sync.Mutex
	sleep := func(most int) {
		mutex.Lock()
		wait := time.Duration(random.IntN(most*1000)) * time.Millisecond
		mutex.Unlock()
		time.Sleep(wait)
	}
	if r.event.Kind == forge.Commented && !strings.HasPrefix(r.event.Text, "/preview") {
		return // by the workflow's condition
	}
	m := *q.machine
	m.work = func() { sleep(200) }
	checkout := r.head
	if !q.pushed {
		p, _ := q.forge.Pull(context.Background(), 7)
		checkout = p.Commit
		sleep(10)
	}
	runner := &ci.Runner{
		Holds: func(o ci.Order) error {
			if o.Commit != checkout {
				return fmt.Errorf("%w: the checkout is at %s, which is not %s", ci.ErrUnwanted, checkout, o.Commit)
			}
			return nil
		},
		Forge: &slow{Memory: &q.forge, sleep: sleep}, Previews: &m, Settings: q.settings,
		Name: func(int) string { return "pr-7" }, Marker: func(int) string { return "shop-pr-7" },
		Say: func(line string) {
			q.mutex.Lock()
			defer q.mutex.Unlock()
			q.log = append(q.log, fmt.Sprintf("%s %s: %s", time.Now().Format("04:05"), r.event.Kind, line))
		},
		Poll: 5 * time.Second,
	}
	_, err := runner.Handle(context.Background(), r.event)
	if err != nil && !strings.Contains(err.Error(), "no such preview") {
		runner.Say("fails: " + err.Error())
	}
}

// slow is the forge as one run sees it. What a run reads of a comment and writes
// right after is one act here; it nearly is.
type slow struct {
	*forgetest.Memory
	sleep func(most int)
}

func (s *slow) Pull(ctx context.Context, number int) (forge.Pull, error) {
	s.sleep(2)
	p, err := s.Memory.Pull(ctx, number)
	s.sleep(10)
	return p, err
}

func (s *slow) MayWrite(ctx context.Context, login string) (bool, error) {
	s.sleep(3)
	return s.Memory.MayWrite(ctx, login)
}

func (s *slow) Comment(ctx context.Context, number int, c forge.Comment) error {
	err := s.Memory.Comment(ctx, number, c)
	s.sleep(3)
	return err
}

func (s *slow) Status(ctx context.Context, commit string, st forge.Status) error {
	err := s.Memory.Status(ctx, commit, st)
	s.sleep(3)
	return err
}

// wrong compares what serves, and what is said of it, with the pull request.
func (q *queue) wrong() (wrong []string) {
	p, err := q.forge.Pull(context.Background(), 7)
	if err != nil {
		return []string{err.Error()}
	}
	comment := strings.Join(q.forge.Comments(7), "\n\n")
	record := ci.ReadRecord(comment)
	want := ""
	if q.wanted(p, record) {
		want = p.Commit
	}
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if title(comment) == "waiting" && record.Commit == p.Commit && q.asked {
		return nil // for what there was a push meanwhile, as the comment says
	}
	if got := q.machine.serves[7]; got != want {
		say("serves %q, want %q", got, want)
	}
	switch said := title(comment); {
	case len(q.forge.Comments(7)) > 1:
		say("%d comments", len(q.forge.Comments(7)))
	case want != "" && (said != "ready" || !strings.Contains(comment, "/"+want)):
		say("the comment says %q of %s: %s", said, want, comment)
	case want == "" && said != "" && said != "removed" && said != "absent":
		say("the comment says %q of what is gone", said)
	}
	if state := q.forge.StatusOf(want, "offshoot/preview").State; want != "" && state != forge.Success {
		say("the status is %q", state)
	}
	for _, line := range q.log {
		if strings.Contains(line, "fails: ") {
			say("%s", line)
		}
	}
	if wrong != nil {
		wrong = append(wrong, q.log...)
	}
	return wrong
}

func title(comment string) string {
	for words, name := range map[string]string{
		"is being made": "making", "is being updated": "updating", "is ready": "ready", "is removed": "removed",
		"does not exist": "absent",
		"waits":          "waiting",
	} {
		if strings.Contains(comment, "Preview pr-7 "+words) {
			return name
		}
	}
	return comment
}

// wanted is what the pull request asks for; what somebody asked for beside that is
// in the comment.
func (q *queue) wanted(p forge.Pull, r ci.Record) bool {
	switch {
	case !p.Open, r.Wish == ci.WishDown && r.Since == p.Commit:
		return false
	case r.Wish == ci.WishUp:
		return true
	}
	return (!p.Draft || q.settings.Drafts) && (q.settings.Label == "" || slices.Contains(p.Labels, q.settings.Label))
}
