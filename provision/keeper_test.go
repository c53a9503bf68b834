package provision

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// keptBy is the keeper of a generation that says something.
func keptBy(g generation, k keeper) seenContainer {
	labels := g.everyLabel()
	labels[labelKeeper] = "true"
	return seenContainer{
		ID: "keeper" + strconv.Itoa(g.Number), Name: k.name(g), Labels: labels, State: "running",
		Created: noon,
	}
}

func TestKeeper_SaysByItsNameWhatItReadsBack(t *testing.T) {
	g := stackOf(3)
	for want, k := range map[string]keeper{
		"offshoot.shop-pr-1-g3.begun":                          {is: markBegun},
		"offshoot.shop-pr-1-g3.serving":                        {is: markServing},
		"offshoot.shop-pr-1-g3.serving.until-never":            {is: markServing, put: true},
		"offshoot.shop-pr-1-g3.serving.until-20260304T120000Z": {is: markServing, put: true, until: noon},
		"offshoot.shop-pr-1-g3.asleep.since-20260304T120000Z.until-20260304T130000Z": {
			is: markAsleep, since: noon, put: true, until: noon.Add(time.Hour),
		},
		"offshoot.shop-pr-1-g3.serving.pass-0123456789abcdef.until-never": {
			is: markServing, pass: "0123456789abcdef",
			put: true,
		},
	} {
		if got := k.name(g); got != want {
			t.Errorf("name %q, want %q", got, want)
		}
		if got, ok := keeperOf(g, want); !ok || got.is != k.is || !got.since.Equal(k.since) || got.put != k.put ||
			got.pass != k.pass || !got.until.Equal(k.until) {
			t.Errorf("%q is read as %+v, %v", want, got, ok)
		}
	}
}

func TestKeeper_ReadsNothingLikeItsName(t *testing.T) {
	for _, name := range []string{
		"", "offshoot.", "offshoot.shop-pr-1-g3", "offshoot.shop-pr-1-g3.", "offshoot.shop-pr-1-g3.kept",
		"offshoot.shop-pr-1-g3.serving.",
		"offshoot.shop-pr-1-g4.serving", "shop-pr-1-g3.serving", "offshoot.shop-pr-1-g3.serving.until-",
		"offshoot.shop-pr-1-g3.serving.until-soon",
		"offshoot.shop-pr-1-g3.serving.until-20261301T000000Z", "offshoot.shop-pr-1-g3.serving.until-never.until-never",
		"offshoot.shop-pr-1-g3.asleep.until-never.since-20260304T120000Z",
		"offshoot.shop-pr-1-g3.serving.more-20260304T120000Z",
		"offshoot.shop-pr-1-g3.serving.pass-", "offshoot.shop-pr-1-g3.serving.pass-x",
		"offshoot.shop-pr-1-g3.serving.until-never.pass-0123456789abcdef",
		"offshoot.shop-pr-1-g3.SERVING", "x.offshoot.shop-pr-1-g3.serving",
	} {
		if k, ok := keeperOf(stackOf(3), name); ok {
			t.Errorf("%q is read as %+v", name, k)
		}
	}
}

func TestSurvey_TakesFromKeepersWhatMarkersSayElse(t *testing.T) {
	g1, g2 := stackOf(1, port{"web", 80}), stackOf(2, port{"web", 80})
	end := noon.Add(time.Hour)
	web := deployed(g1, "web", "a", "running", nil)
	for name, c := range map[string]struct {
		keepers []seenContainer
		shown   int
		state   State
		route   gateway.State
		expires time.Time
	}{
		"begun": {
			[]seenContainer{keptBy(g1, keeper{is: markBegun})},
			1, Incomplete, gateway.Starting,
			time.Time{},
		},
		"serving": {
			[]seenContainer{keptBy(g1, keeper{is: markServing}), keptBy(g2, keeper{is: markBegun})},
			1,
			Serving, gateway.Serving,
			time.Time{},
		},
		"just switched": {
			[]seenContainer{keptBy(g1, keeper{is: markServing}), keptBy(g2, keeper{is: markServing})},
			2,
			Serving, gateway.Serving,
			time.Time{},
		},
		"asleep": {
			[]seenContainer{keptBy(g1, keeper{is: markAsleep, since: noon})},
			1, Asleep, gateway.Asleep,
			time.Time{},
		},
		"extended": {
			[]seenContainer{keptBy(g1, keeper{is: markServing, put: true, until: end})},
			1, Serving,
			gateway.Serving, end,
		},
	} {
		s := survey{containers: append([]seenContainer{web}, c.keepers...)}
		if got := s.shown("shop-pr-1"); got != c.shown {
			t.Errorf("%s: shows %d", name, got)
		}
		if got := s.state("shop-pr-1"); got != c.state {
			t.Errorf("%s: is %s", name, got)
		}
		if got := s.generation("shop-pr-1", c.shown); !got.Expires.Equal(c.expires) || got.Commit != g1.Commit {
			t.Errorf("%s: generation %+v", name, got)
		}
		routes := s.routesOf("shop-pr-1", entrance{port: 8480})
		if len(routes) != 1 || routes[0].State != c.route || !routes[0].Since.Equal(noon) ||
			!routes[0].Expires.Equal(c.expires) {
			t.Errorf("%s: routes %+v", name, routes)
		}
		if containers := s.containersOf("shop-pr-1", 1); len(containers) != 1 || containers[0].ID != web.ID {
			t.Errorf("%s: a keeper is taken for a service: %+v", name, containers)
		}
	}
}

func TestSurvey_TakesNoContainerForAKeeperThatIsNone(t *testing.T) {
	g := stackOf(1, port{"web", 80})
	named := deployed(g, "web", "a", "running", nil) // a service, whatever it is called
	named.Name = keeper{is: markServing}.name(g)
	other := keptBy(g, keeper{is: markServing}) // of one preview, called as that of another
	other.Labels = maps.Clone(other.Labels)
	other.Labels[labelPreview] = "shop-pr-2"
	unnumbered := keptBy(g, keeper{is: markServing})
	unnumbered.Labels = maps.Clone(unnumbered.Labels)
	unnumbered.Labels[labelGeneration] = "0"
	s := survey{containers: []seenContainer{named, other, unnumbered}}
	for _, id := range []string{"shop-pr-1", "shop-pr-2"} {
		if got := s.serving(id); got != 0 {
			t.Errorf("%s: generation %d serves", id, got)
		}
	}
}

func TestUnusedVolumes_AreNotThoseThatAKeeperHas(t *testing.T) {
	k := keptBy(stackOf(2), keeper{is: markServing})
	k.Volumes = []string{"held"}
	volume := func(name string) seenVolume {
		return seenVolume{Name: name, Labels: map[string]string{labelPreview: "shop-pr-1", labelVolumeOf: "1"}}
	}
	s := survey{containers: []seenContainer{k}, volumes: []seenVolume{volume("held"), volume("left")}}
	if got := s.unusedVolumes("shop-pr-1"); !slices.Equal(got, []string{"left"}) {
		t.Errorf("unused %q", got)
	}
}

// changing is an engine that notes what it is told to change. It has a gateway,
// and containers with the names.
func changing(t *testing.T, ids ...string) (e *compose.Engine, changes func() []string) {
	t.Helper()
	var mutex sync.Mutex
	var told []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Api-Version", "1.41")
		_, call, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/") // without the version
		id := strings.Split(call+"//", "/")[1]
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			mutex.Lock()
			told = append(told, strings.TrimSpace(r.Method+" "+call+" "+r.URL.Query().Get("name")))
			mutex.Unlock()
		}
		switch {
		case path.Base(r.URL.Path) == "_ping":
		case id == defaultGateway:
			_, _ = w.Write([]byte(`{"Id":"g","Config":{"Image":"i","Labels":{"` + labelGateway + `":"` +
				defaultGateway + `"}}}`))
		case id == "create":
			_, _ = w.Write([]byte(`{"Id":"new"}`))
		case slices.Contains(ids, id) || id == "new":
			w.WriteHeader(http.StatusNoContent)
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"message":"No such container"}`))
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("DOCKER_HOST", "tcp://"+strings.TrimPrefix(server.URL, "http://"))
	e, err := compose.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e, func() []string {
		mutex.Lock()
		defer mutex.Unlock()
		return slices.DeleteFunc(slices.Clone(told), func(call string) bool { return strings.HasSuffix(call, "/wait") })
	}
}

func TestMarkServing_IsOneCall(t *testing.T) {
	const serving = "offshoot.shop-pr-1-g1.serving"
	made := []string{"POST containers/create " + serving, "POST containers/new/start"}
	for name, c := range map[string]struct {
		there  []string // the ids of the containers
		change func(*job)
		want   []string
	}{
		"the keeper is renamed": {[]string{"old"}, func(*job) {}, []string{"POST containers/old/rename " + serving}},
		"of other labels, there is another": {
			[]string{"old"}, func(j *job) { j.next.Expose = nil }, append(slices.Clone(made), "DELETE containers/old"),
		},
		"of one that is gone, too": {
			nil, func(*job) {},
			slices.Concat([]string{"POST containers/old/rename " + serving}, made, []string{"DELETE containers/old"}),
		},
		"where there was none": {nil, func(j *job) { j.keeping = keeping{} }, made},
	} {
		e, changes := changing(t, c.there...)
		j := &job{Engine: Engine{Docker: e}, succession: succession{next: stackOf(1, port{"web", 80})}}
		j.keeping = keeping{id: "old", labels: j.keeperLabels()}
		c.change(j)
		if err := j.markServing(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := changes(); !slices.Equal(got, c.want) {
			t.Errorf("%s: told %q, want %q", name, got, c.want)
		}
	}
}

func TestSleepAndExtend_RenameTheKeeperAndNothingElse(t *testing.T) {
	g := stackOf(1, port{"web", 80})
	now := keeper{is: markServing, put: true, until: noon}
	s := survey{containers: []seenContainer{keptBy(g, now)}}
	e, changes := changing(t, "keeper1")
	m := Engine{Docker: e}
	if err := m.sleep(t.Context(), s, g); err != nil {
		t.Error(err)
	}
	g.Expires = time.Time{}
	if err := m.markUntil(t.Context(), s, g); err != nil {
		t.Error(err)
	}
	if err := m.wake(t.Context(), s, g); err != nil { // it is awake
		t.Error(err)
	}
	got := changes()
	const call = "POST containers/keeper1/rename offshoot.shop-pr-1-g1."
	if len(got) != 2 || !strings.HasPrefix(got[0], call+"asleep.since-") ||
		!strings.HasSuffix(got[0], ".until-20260304T120000Z") || got[1] != call+"serving.until-never" {
		t.Errorf("told %q", got)
	}
}
