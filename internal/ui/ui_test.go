package ui_test

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/ui"
)

// clock is a time that only moves when told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// story is one run that uses everything, told to any UI.
func story(u *ui.UI, c *clock, pause func()) {
	read := u.Start("read the catalog")
	c.Add(400 * time.Millisecond)
	pause()
	read.Done("12 tables")
	u.Info("12 tables, 3 left out")
	rows := u.Start("copy rows")
	rows.Progress(0, 1000, "public.orders")
	c.Add(11 * time.Second)
	rows.Progress(450, 1000, "public.orders")
	pause()
	c.Add(time.Second)
	rows.Progress(1200, 1000, "public.order_lines")
	pause()
	u.Warn("rows are copied unmasked")
	rows.Done("")
	build := u.Start("build web")
	c.Add(65 * time.Second)
	build.Fail("exit 1")
	build.Done("a step ends once")
	u.Block("#1 RUN make\n\x1b[31mmake: *** [all] Error 1\x1b[0m\r\n::error::pwned\n")
	u.Close()
}

const plainStory = `...  read the catalog
ok   read the catalog  0.4s  12 tables
     12 tables, 3 left out
...  copy rows
...  copy rows  45%  11.0s  public.orders
warn rows are copied unmasked
ok   copy rows  12.0s
...  build web
fail build web  1m05s  exit 1
     | #1 RUN make
     | make: *** [all] Error 1
     | : :error::pwned
`

func TestUI_PlainLinesHaveNoControlCodes(t *testing.T) {
	var out bytes.Buffer
	c := &clock{}
	story(ui.New(ui.Options{Err: &out, Now: c.Now}), c, func() {})
	if diff := cmp.Diff(plainStory, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestUI_TerminalEndsWithTheSameLinesLessTheStarts(t *testing.T) {
	screen := &screen{}
	c := &clock{}
	ticks := make(chan time.Time)
	var frames []string
	u := ui.New(ui.Options{Err: screen, Live: true, Now: c.Now, Redraw: ticks, Width: func() int { return 60 }})
	story(u, c, func() {
		ticks <- c.Now()
		ticks <- c.Now() // taken only once the first was drawn
		frames = append(frames, screen.lastLine())
	})
	want := []string{
		"ok   read the catalog  0.4s  12 tables",
		"     12 tables, 3 left out",
		"warn rows are copied unmasked",
		"ok   copy rows  12.0s",
		"fail build web  1m05s  exit 1",
		"     | #1 RUN make",
		"     | make: *** [all] Error 1",
		"     | : :error::pwned",
	}
	if diff := cmp.Diff(want, screen.lines()); diff != "" {
		t.Error(diff)
	}
	wantFrames := []string{
		"...  read the catalog  0.4s",
		"...  copy rows  [=========           ]  45%  11.0s  public…",
		"...  copy rows  [====================] 100%  12.0s  public…",
	}
	if diff := cmp.Diff(wantFrames, frames); diff != "" {
		t.Error(diff)
	}
}

// The answer goes to stdout, which is the same terminal as often as not.
func TestUI_KeepsAnAnswerThatIsGivenWhileAStepGoesOn(t *testing.T) {
	screen := &screen{}
	ticks := make(chan time.Time)
	c := &clock{}
	u := ui.New(ui.Options{Err: screen, Live: true, Now: c.Now, Redraw: ticks})
	step := u.Start("rehearse the migration")
	if err := u.Beside(func() error {
		_, err := screen.Write([]byte("http://pr-12.shop.localhost:8480/\n"))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	ticks <- c.Now()
	ticks <- c.Now()
	step.Done("")
	u.Close()
	want := []string{"http://pr-12.shop.localhost:8480/", "ok   rehearse the migration  0.0s"}
	if diff := cmp.Diff(want, screen.lines()); diff != "" {
		t.Error(diff)
	}
}

func TestUI_NeverLeavesColourOnOrTheCursorHidden(t *testing.T) {
	screen := &screen{}
	c := &clock{}
	u := ui.New(ui.Options{Err: screen, Live: true, Now: c.Now, Redraw: make(chan time.Time)})
	story(u, c, func() {})
	for _, write := range screen.writes {
		if strings.Count(write, "\x1b[3") != strings.Count(write, "\x1b[0m") {
			t.Errorf("one write leaves colour on: %q", write)
		}
		if strings.Contains(write, "\x1b[?25l") {
			t.Errorf("hides the cursor: %q", write)
		}
	}
	if screen.unknown != "" {
		t.Errorf("unexpected sequence %q", screen.unknown)
	}
}

func TestUI_CloseShowsWhatWasRunningAndIsHarmlessTwice(t *testing.T) {
	screen := &screen{}
	c := &clock{}
	u := ui.New(ui.Options{Err: screen, Live: true, Now: c.Now})
	load := u.Start("load the archive")
	u.Start("serve")
	c.Add(2 * time.Second)
	u.Close()
	u.Close()
	load.Progress(1, 2, "too late")
	u.Start("after the end")
	want := []string{"...  load the archive  2.0s", "...  serve  2.0s"}
	if diff := cmp.Diff(want, screen.lines()); diff != "" {
		t.Error(diff)
	}
}

func TestUI_ManyStepsAtOnceStayWithinASmallTerminal(t *testing.T) {
	screen := &screen{}
	c := &clock{}
	u := ui.New(ui.Options{Err: screen, Live: true, Now: c.Now, Redraw: make(chan time.Time)})
	var steps []*ui.Step
	for range 20 {
		steps = append(steps, u.Start("build"))
	}
	if got := screen.lines(); len(got) != 8 || got[7] != "     and 13 more" {
		t.Errorf("screen %q", got)
	}
	for _, s := range steps {
		s.Done("")
	}
	u.Close()
	if got := len(screen.lines()); got != 20 {
		t.Errorf("%d lines at the end, want 20", got)
	}
}

func TestUI_RedactsBeforeItTruncates(t *testing.T) {
	screen := &screen{}
	secrets := &ui.Secrets{}
	secrets.Add("correct-horse-battery")
	c := &clock{}
	u := ui.New(ui.Options{
		Err: screen, Live: true, Now: c.Now, Secrets: secrets,
		Redraw: make(chan time.Time), Width: func() int { return 32 },
	})
	step := u.Start("dial")
	step.Progress(0, 0, "user:correct-horse-battery@db")
	u.Warn("url has correct-\x1b[1mhorse-battery in it")
	u.Close()
	for _, write := range screen.writes {
		if strings.Contains(write, "corr") {
			t.Errorf("part of the secret shows: %q", write)
		}
	}
}

func TestUI_StepsFromManyGoroutines(t *testing.T) {
	screen := &screen{}
	u := ui.New(ui.Options{Err: screen, Live: true})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 50 {
				s := u.Start("work")
				s.Progress(1, 2, "half")
				s.Done("")
			}
		})
	}
	wg.Wait()
	u.Close()
	if got := len(screen.lines()); got != 800 {
		t.Errorf("%d lines, want 800", got)
	}
}

func TestLive_PlainWhereAskedOrPiped(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	if ui.Live(write, func(string) string { return "" }) {
		t.Error("a pipe is not a terminal")
	}
	if got := ui.Columns(write)(); got != 80 {
		t.Errorf("width of a pipe %d, want 80", got)
	}
	terminal := openTerminal(t)
	for _, c := range []struct {
		name, value string
		want        bool
	}{
		{"TERM", "xterm", true},
		{"TERM", "dumb", false},
		{"NO_COLOR", "1", false},
		{"CI", "true", false},
		{"CI", "false", true},
	} {
		env := func(name string) string {
			if name == c.name {
				return c.value
			}
			return ""
		}
		if got := ui.Live(terminal, env); got != c.want {
			t.Errorf("with %s=%s live is %v, want %v", c.name, c.value, got, c.want)
		}
	}
}
