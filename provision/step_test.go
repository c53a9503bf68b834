package provision

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
)

// recorder is a run that keeps its events.
func recorder() (*run, *[]string) {
	var told []string
	return newRun(Engine{}, Options{}, func(e Event) {
		told = append(told, fmt.Sprint(e.Step, " ", e.Kind, " ", e.Service, " ", e.Text))
	}), &told
}

func TestStep_TellsItsBeginningAndItsEnd(t *testing.T) {
	r, told := recorder()
	if err := r.step(t.Context(), StepLoad,
		func(ctx context.Context) error { r.progress(ctx, "db", "half"); return nil }); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := r.step(t.Context(), StepMigrate, func(context.Context) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	want := []string{
		"load archive began  ", "load archive progress db half", "load archive done  ",
		"migrate began  ", "migrate failed  broken",
	}
	if diff := cmp.Diff(want, *told); diff != "" {
		t.Error(diff)
	}
	if len(r.result.Timings) != 1 || r.result.Timings[0].Step != StepLoad {
		t.Errorf("timings %v", r.result.Timings)
	}
}

func TestStep_DoesNotBeginAfterAnInterruption(t *testing.T) {
	r, told := recorder()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(io.ErrClosedPipe)
	err := r.step(ctx, StepLoad, func(context.Context) error { t.Error("it began"); return nil })
	if !errors.Is(err, io.ErrClosedPipe) || len(*told) != 0 {
		t.Errorf("error %v, events %q", err, *told)
	}
}

func TestFailed_NamesTheServiceAndKeepsItsWords(t *testing.T) {
	plain, build := errors.New("plain"), errors.New("exit 1")
	cases := map[string]struct {
		err     error
		service string
		tail    []string
		text    string
	}{
		"plain": {plain, "", nil, "start: plain"},
		"build": {
			&compose.BuildError{Service: "web", Tail: []string{"a", "b"}, Err: build},
			"web",
			[]string{"a", "b"},
			"start: web: exit 1",
		},
		"the one that cannot": {
			&compose.NotReady{Services: []compose.Seen{
				{Service: "slow", State: "running"},
				{Service: "dead", State: "exited", ExitCode: 3, Tail: []string{"bye"}, Fatal: true},
			}},
			"dead",
			[]string{"bye"},
			"",
		},
		"the first that is late": {
			&compose.NotReady{Services: []compose.Seen{{Service: "slow", Tail: []string{"zzz"}}, {Service: "b"}}},
			"slow",
			[]string{"zzz"},
			"",
		},
	}
	for name, c := range cases {
		r, _ := recorder()
		r.current = StepStart
		err := r.failed(t.Context(), fmt.Errorf("outer: %w", c.err))
		var step *StepError
		if !errors.As(err, &step) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if step.Step != StepStart || step.Service != c.service || !slices.Equal(step.Tail, c.tail) {
			t.Errorf("%s: %+v", name, step)
		}
		if c.text != "" && !strings.HasPrefix(err.Error(), strings.TrimSuffix(c.text, "plain")) {
			t.Errorf("%s: %q", name, err)
		}
		if again := r.failed(t.Context(), err); again != err {
			t.Errorf("%s: wrapped twice", name)
		}
	}
}

func TestFailed_LeavesAloneWhatIsNotTheStacksFault(t *testing.T) {
	r, _ := recorder()
	if r.failed(t.Context(), nil) != nil {
		t.Error("nil became an error")
	}
	down := fmt.Errorf("list: %w", compose.ErrEngineDown)
	if got := r.failed(t.Context(), down); got != down {
		t.Errorf("engine down: %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := r.failed(ctx, context.Canceled); got != context.Canceled {
		t.Errorf("interrupted: %v", got)
	}
}

func TestStepError_ReadsAsAPath(t *testing.T) {
	cause := errors.New("exit 2")
	for want, step := range map[string]*StepError{
		"migrate: web: exit 2":   {Step: StepMigrate, Service: "web", Err: cause},
		"build and pull: exit 2": {Step: StepImages, Err: cause},
	} {
		if step.Error() != want || !errors.Is(step, cause) {
			t.Errorf("%q, want %q", step, want)
		}
	}
}

func TestFollow_HandsComposeEventsOn(t *testing.T) {
	r, told := recorder()
	r.follow(StepImages, compose.Event{Subject: "web", Text: "layer", State: compose.Working, Current: 1, Total: 4})
	r.follow(StepImages, compose.Event{Subject: "web", Text: "old syntax", State: compose.Warning})
	r.follow(StepImages, compose.Event{Subject: "web", Text: "line", State: compose.Output})
	want := []string{
		"build and pull progress web layer 25 %", "build and pull notice web old syntax",
		"build and pull progress web line",
	}
	if diff := cmp.Diff(want, *told); diff != "" {
		t.Error(diff)
	}
}

// project is a compose project as the loader gives it.
func project() *types.Project {
	published := []types.ServicePortConfig{{Target: 8000, Published: "8000", Protocol: "tcp"}}
	return &types.Project{
		Name: "shop",
		Services: types.Services{
			"db":  {Name: "db", Image: "postgres:15"},
			"web": {Name: "web", Image: "web", Ports: published},
		},
		DisabledServices: types.Services{"tool": {Name: "tool", Image: "web", Profiles: []string{"tools"}}},
		Volumes:          types.Volumes{"data": {Name: "data"}, "outside": {Name: "outside", External: true}},
	}
}

func TestChoose_FindsDatabasePortsAndTheServiceThatMigrates(t *testing.T) {
	for _, service := range []string{"", "web", "tool"} {
		r, _ := recorder()
		if service != "" {
			r.options.Migrate = &Migrate{Service: service}
		}
		chosen, err := r.choose(project())
		if err != nil {
			t.Fatalf("%q: %v", service, err)
		}
		if r.next.Database != "db" || !slices.Equal(r.next.Expose, []port{{"web", 8000}}) {
			t.Errorf("%q: %+v", service, r.next)
		}
		if !slices.Equal(r.started, []string{"db", "web"}) {
			t.Errorf("%q: starts %q", service, r.started)
		}
		if _, there := chosen.Services["tool"]; there != (service == "tool") {
			t.Errorf("%q: tool is part of it: %v", service, there)
		}
	}
	r, _ := recorder()
	r.options.Migrate = &Migrate{Service: "nowhere"}
	if _, err := r.choose(project()); err == nil || !strings.Contains(err.Error(), `no service "nowhere"`) {
		t.Errorf("error %v", err)
	}
}

func TestLabelVolumes_TakesTheGenerationOffOwnVolumesOnly(t *testing.T) {
	p := project()
	shared := types.Labels{labelGeneration: "4", labelPreview: "shop-pr-1"}
	for key, v := range p.Volumes {
		v.Labels = shared
		p.Volumes[key] = v
	}
	got := labelVolumes(p, 4)
	want := types.Labels{labelVolumeOf: "4", labelPreview: "shop-pr-1"}
	if diff := cmp.Diff(want, got.Volumes["data"].Labels); diff != "" {
		t.Error(diff)
	}
	if got.Volumes["outside"].Labels[labelGeneration] != "4" || shared[labelGeneration] != "4" {
		t.Error("labels that are not the volume's own were changed")
	}
}

func TestVolumesOf_AreThoseThatTheGenerationsContainersHave(t *testing.T) {
	g1, g2 := stackOf(1, port{"web", 80}), stackOf(2, port{"web", 80})
	volume := func(key, name string) seenVolume {
		return seenVolume{Name: name, Labels: map[string]string{labelPreview: "shop-pr-1", composeVolume: key}}
	}
	with := func(b seenContainer, volumes ...string) seenContainer { b.Volumes = volumes; return b }
	s := survey{
		containers: []seenContainer{
			with(deployed(g1, "db", "a", "running", nil), "shop-pr-1-g1_data", "anonymous"),
			with(deployed(g1, "tool", "b", "running", map[string]string{composeOneOff: "True"}), "shop-pr-1-g1_cache"),
			with(deployed(g2, "db", "c", "running", nil), "shop-pr-1-g2_data"),
		},
		volumes: []seenVolume{
			volume("data", "shop-pr-1-g1_data"), volume("data", "shop-pr-1-g2_data"),
			volume("cache", "shop-pr-1-g1_cache"),
			{Name: "anonymous", Labels: map[string]string{labelPreview: "shop-pr-1"}},
		},
	}
	if diff := cmp.Diff(map[string]string{"data": "shop-pr-1-g1_data"}, s.volumesOf("shop-pr-1", 1)); diff != "" {
		t.Error(diff)
	}
	if !s.containers[0].hasOneOf(map[string]string{"data": "shop-pr-1-g1_data"}) ||
		s.containers[2].hasOneOf(map[string]string{"x": "y"}) {
		t.Error("hasOneOf is wrong")
	}
}

func TestSurvey_ShowsTheServingGenerationOrTheNewest(t *testing.T) {
	g := func(number int) generation { return stackOf(number, port{"web", 80}) }
	cases := map[string]struct {
		volumes []seenVolume
		shown   int
		state   State
	}{
		"nothing":       {nil, 0, Incomplete},
		"begun":         {[]seenVolume{marked(g(1), markBegun)}, 1, Incomplete},
		"several begun": {[]seenVolume{marked(g(1), markBegun), marked(g(3), markBegun)}, 3, Incomplete},
		"serving":       {[]seenVolume{marked(g(1), markServing), marked(g(2), markBegun)}, 1, Serving},
		"just switched": {[]seenVolume{marked(g(1), markServing), marked(g(2), markServing)}, 2, Serving},
		"data moving": {
			[]seenVolume{marked(g(1), markServing), marked(g(1), markStopped), marked(g(2), markBegun)},
			1, Updating,
		},
		"moved, not old": {[]seenVolume{
			marked(g(1), markStopped), marked(g(1), markServing),
			marked(g(2), markServing),
		}, 2, Serving},
	}
	for name, c := range cases {
		s := survey{volumes: c.volumes}
		if got := s.shown("shop-pr-1"); got != c.shown {
			t.Errorf("%s: shows %d, want %d", name, got, c.shown)
		}
		if got := s.state("shop-pr-1"); got != c.state {
			t.Errorf("%s: is %s, want %s", name, got, c.state)
		}
	}
}

func TestSurvey_KnowsAGenerationByItsMarkerOrByWhatIsLeft(t *testing.T) {
	g := stackOf(2, port{"web", 80})
	for name, s := range map[string]survey{
		"serving marker": {volumes: []seenVolume{marked(g, markServing)}},
		"begun marker":   {volumes: []seenVolume{marked(g, markBegun)}},
		"a container":    {containers: []seenContainer{deployed(g, "web", "a", "running", nil)}},
		"a network":      {others: []map[string]string{g.labels()}},
	} {
		if diff := cmp.Diff(g, s.generation("shop-pr-1", 2)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	// All that is left is a volume, which has no generation.
	labels := g.labels()
	delete(labels, labelGeneration)
	s := survey{volumes: []seenVolume{{Name: "v", Labels: labels}}}
	if got := s.generation("shop-pr-1", 0); got.Preview != g.Preview || len(s.generations("shop-pr-1")) != 0 {
		t.Errorf("of a volume: %+v", got)
	}
}

func TestHasService_NamesThoseThereAre(t *testing.T) {
	g := stackOf(1, port{"web", 80})
	s := survey{containers: []seenContainer{
		deployed(g, "db", "a", "exited", nil),
		deployed(g, "web", "b", "running", nil),
	}}
	if err := s.hasService(g, "db"); err != nil {
		t.Error(err)
	}
	if err := s.hasService(g, "d"); err == nil || !strings.Contains(err.Error(), `no service "d"`) {
		t.Errorf("error %v", err)
	}
}

func TestSend_OnlyMindsReading(t *testing.T) {
	closed := 0
	closeWrite := func() error { closed++; return errors.New("gone") }
	if err := send(nil, io.Discard, closeWrite); err != nil || closed != 0 {
		t.Errorf("nothing to send: %v, closed %d", err, closed)
	}
	var to bytes.Buffer
	if err := send(strings.NewReader("abc"), &to, closeWrite); err != nil || to.String() != "abc" || closed != 1 {
		t.Errorf("sent %q, %v, closed %d", to.String(), err, closed)
	}
	if err := send(strings.NewReader("abc"), deaf{}, closeWrite); err != nil {
		t.Errorf("to a command that does not listen: %v", err)
	}
	broken := io.MultiReader(strings.NewReader("ab"),
		readerFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }))
	if err := send(broken, &to, closeWrite); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("from a broken reader: %v", err)
	}
}

type deaf struct{}

func (deaf) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestJoinRemoved_AddsEachKind(t *testing.T) {
	one, other := Preview{ID: "one"}, Preview{ID: "other"}
	a := Removed{
		Removed:  compose.Removed{Containers: []string{"a"}, Images: []string{"i"}},
		Previews: []Preview{one},
	}
	b := Removed{
		Removed:  compose.Removed{Containers: []string{"b"}, Networks: []string{"n"}, Volumes: []string{"v"}},
		Previews: []Preview{other},
	}
	want := Removed{
		Removed: compose.Removed{
			Containers: []string{"a", "b"}, Networks: []string{"n"}, Volumes: []string{"v"}, Images: []string{"i"},
		},
		Previews: []Preview{one, other},
	}
	if diff := cmp.Diff(want, joinRemoved(a, b)); diff != "" {
		t.Error(diff)
	}
}

func TestPrintable_PlaysNoTricks(t *testing.T) {
	for text, want := range map[string]string{
		"plain é 日本":               "plain é 日本",
		"\x1b[2Jclear\r\n\tscreen": "[2Jclearscreen",
		"right\u202eleft":          "rightleft",
		strings.Repeat("é", 300):   strings.Repeat("é", 100),
		"bad \xff byte":            "bad \ufffd byte",
	} {
		if got := printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
