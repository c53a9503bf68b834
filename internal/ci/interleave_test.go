package ci_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/forgetest"
)

// A turn is one thing that somebody does, and the job that it starts.
type turn struct {
	After  time.Duration // since the one before
	Do     string
	Number int
	Late   time.Duration // until its job begins
	Seed   uint64        // of all times in the job
	Lost   time.Duration // when the job is killed; 0: never
	Fails  bool          // calls of the forge fail now and then
}

var turns = rapid.Custom(func(t *rapid.T) turn {
	seconds := func(most int, name string) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(t, name)) * time.Second
	}
	made := turn{
		After:  seconds(30, "after"),
		Do:     rapid.SampledFrom([]string{"push", "push", "close", "reopen", "sweep"}).Draw(t, "do"),
		Number: rapid.IntRange(1, 2).Draw(t, "number"), Late: seconds(90, "late"), Seed: rapid.Uint64().Draw(t, "seed"),
		Fails: rapid.Bool().Draw(t, "fails"),
	}
	if rapid.Bool().Draw(t, "lost") {
		made.Lost = time.Second + seconds(60, "lost after")
	}
	return made
})

// At the end, whatever came in whatever order, exactly the open pull requests
// have a preview, at their newest commit, and each has one comment. The job of a
// pull request's last event and the last sweep are not lost.
func TestRunner_AnyOrderEndsWithWhatIsOpen(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		script := rapid.SliceOfN(turns, 1, 20).Draw(rt, "script")
		var wrong []string
		synctest.Test(t, func(*testing.T) { wrong = play(script) })
		if len(wrong) > 0 {
			rt.Fatalf("%q", wrong)
		}
	})
}

// A stage is where a script is played.
type stage struct {
	forge   forgetest.Memory
	machine *machine
	jobs    sync.WaitGroup
}

func play(script []turn) (wrong []string) {
	s := &stage{machine: newMachine(1, 2)}
	for n := range 2 {
		s.forge.Put(forgetest.NewPull(n+1, "first"))
		script = append([]turn{{Do: "open", Number: n + 1, Seed: uint64(n)}}, script...)
	}
	last := map[int]int{}
	for i, t := range script {
		if t.Do != "sweep" {
			last[t.Number] = i
		}
	}
	for i, t := range script {
		time.Sleep(t.After)
		e := s.happen(t, i)
		if i == last[t.Number] {
			t.Lost, t.Fails = 0, false
		}
		s.start(t, e)
	}
	s.jobs.Wait()
	s.start(turn{Do: "sweep"}, forge.Event{Kind: forge.Scheduled})
	s.jobs.Wait()
	return s.wrong()
}

// happen changes the pull request and returns the event of it.
func (s *stage) happen(t turn, i int) (e forge.Event) {
	if t.Do == "sweep" {
		return forge.Event{Kind: forge.Scheduled}
	}
	s.forge.Change(t.Number, func(p *forge.Pull) {
		e = forge.Event{Number: t.Number, Kind: forge.Opened}
		switch t.Do {
		case "push":
			p.Commit, e.Kind = fmt.Sprintf("commit-%d", i), forge.Pushed
		case "close":
			p.Open, e.Kind = false, forge.Closed
		case "reopen":
			p.Open, e.Kind = true, forge.Reopened
		}
		e.Commit = p.Commit
	})
	return e
}

var errFlaky = errors.New("bad gateway")

// start runs the job of an event, which dies where its time has come: deferred
// functions let go of its locks, as the kernel does.
func (s *stage) start(t turn, e forge.Event) {
	random := rand.New(rand.NewPCG(t.Seed, 1))
	born := time.Now().Add(t.Late)
	var mutex sync.Mutex
	step := func(most int) bool {
		mutex.Lock()
		wait, flaky := time.Duration(random.IntN(most*1000))*time.Millisecond, random.IntN(6) == 0
		mutex.Unlock()
		time.Sleep(wait)
		if t.Lost > 0 && time.Since(born) > t.Lost {
			runtime.Goexit()
		}
		return flaky && t.Fails
	}
	f := &flaky{Memory: &s.forge, step: step}
	m := *s.machine // its maps are shared
	m.work = func() { step(40) }
	m.sweep = func(ctx context.Context) error { return m.sweepWith(ctx, f) }
	runner := &ci.Runner{
		Forge: f, Previews: &m, Name: func(n int) string { return fmt.Sprint("pr-", n) },
		Marker: func(n int) string { return fmt.Sprint("shop-pr-", n) },
		Say:    func(string) {}, Poll: 5 * time.Second,
	}
	s.jobs.Go(func() {
		time.Sleep(t.Late)
		_, _ = runner.Handle(context.Background(), e)
	})
}

// flaky is the forge as one job sees it.
type flaky struct {
	*forgetest.Memory
	step func(most int) bool
}

func (f *flaky) Pull(ctx context.Context, number int) (forge.Pull, error) {
	if f.step(3) {
		return forge.Pull{}, errFlaky
	}
	p, err := f.Memory.Pull(ctx, number)
	f.step(60) // the answer takes its time, and may be old when it comes
	return p, err
}

func (f *flaky) OpenPulls(ctx context.Context) ([]forge.Pull, error) {
	if f.step(3) {
		return nil, errFlaky
	}
	list, err := f.Memory.OpenPulls(ctx)
	f.step(60)
	return list, err
}

func (f *flaky) Comment(ctx context.Context, number int, c forge.Comment) error {
	if f.step(3) {
		return errFlaky
	}
	return f.Memory.Comment(ctx, number, c)
}

// wrong compares the previews with the pull requests.
func (s *stage) wrong() (wrong []string) {
	for number := 1; number <= 2; number++ {
		p, err := s.forge.Pull(context.Background(), number)
		if err != nil {
			return []string{err.Error()}
		}
		want := ""
		if p.Open {
			want = p.Commit
		}
		if got := s.machine.serves[number]; got != want {
			wrong = append(wrong, fmt.Sprintf("pull request %d serves %q, want %q", number, got, want))
		}
		if s.machine.parts[number] && !p.Open {
			wrong = append(wrong, fmt.Sprintf("of pull request %d something is left", number))
		}
		if n := len(s.forge.Comments(number)); n > 1 || n == 0 && p.Open {
			wrong = append(wrong, fmt.Sprintf("pull request %d has %d comments", number, n))
		}
	}
	return wrong
}
