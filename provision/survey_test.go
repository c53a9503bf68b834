package provision

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// engineSaying is a client of an engine that gives prepared answers, by the
// end of the path that is asked for; every other is not found.
func engineSaying(t *testing.T, answers map[string]string) client.APIClient {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for path, answer := range answers {
			if strings.HasSuffix(r.URL.Path, path) {
				_, _ = w.Write([]byte(answer))
				return
			}
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"message":"not here"}`))
	}))
	t.Cleanup(server.Close)
	api, err := client.NewClientWithOpts(client.WithHost("tcp://"+strings.TrimPrefix(server.URL, "http://")),
		client.WithVersion("1.44"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	return api
}

func TestLook_ReadsEveryKindAndLeavesImagesOfOthersOut(t *testing.T) {
	api := engineSaying(t, map[string]string{
		"/containers/json": `[{"Id":"b","Names":["/z"],"Labels":{"dev.offshoot.preview":"p"}},{"Id":"a","Names":["/a"],"Labels":{"dev.offshoot.preview":"p"}}]`,
		"/volumes":         `{"Volumes":[{"Name":"v","CreatedAt":"2026-03-04T12:00:00Z","Labels":{"dev.offshoot.preview":"p"}}]}`,
		"/networks":        `[{"Name":"n","Labels":{"dev.offshoot.preview":"of-network"}}]`,
		"/images/json": `[{"Id":"1","RepoTags":["offshoot/of-image/web:g1"],"Labels":{"dev.offshoot.preview":"of-image"}},
			{"Id":"2","RepoTags":["evil:1"],"Labels":{"dev.offshoot.preview":"of-evil"}}]`,
	})
	s, err := look(t.Context(), api, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.previews(); !slices.Equal(got, []string{"of-image", "of-network", "p"}) {
		t.Errorf("previews %q", got)
	}
	if len(s.containers) != 2 || s.containers[0].Name != "a" || s.containers[1].Name != "z" ||
		!s.volumes[0].Created.Equal(noon) {
		t.Errorf("%+v", s)
	}
}

func TestLook_SaysWhatCannotBeListed(t *testing.T) {
	answers := map[string]string{}
	for _, step := range []struct{ path, answer, missing string }{
		{"", "", "list containers: "},
		{"/containers/json", "[]", "list volumes: "},
		{"/volumes", "{}", "list networks: "},
		{"/networks", "[]", "list images: "},
	} {
		if step.path != "" {
			answers[step.path] = step.answer
		}
		if _, err := look(t.Context(), engineSaying(t, answers), "p"); err == nil ||
			!strings.HasPrefix(err.Error(), step.missing) {
			t.Errorf("error %v, want %s…", err, step.missing)
		}
	}
}

func TestLookAt_OfNothingIsNoPreviewAndNoNameIsNotAny(t *testing.T) {
	api := engineSaying(t,
		map[string]string{"/containers/json": "[]", "/volumes": "{}", "/networks": "[]", "/images/json": "[]"})
	for _, id := range []string{"", "shop-pr-1"} {
		_, err := lookAt(t.Context(), api, id)
		if err == nil || !strings.HasSuffix(err.Error(), ErrNoPreview.Error()) || len(hint.Of(err)) != 1 {
			t.Errorf("%q: %v, hints %q", id, err, hint.Of(err))
		}
	}
}

func TestBoxOf_TakesNamesNetworksAndVolumesInOrder(t *testing.T) {
	got := seenContainerOf(container.Summary{
		ID: "0123456789abcdef", Names: []string{"/shop-pr-1-g1-web-1", "/other/alias"}, State: "running",
		Status: "Up 2 hours", Created: noon.Unix(),
		Labels: map[string]string{labelPreview: "shop-pr-1", composeService: "web", composeOneOff: "False"},
		NetworkSettings: &container.NetworkSettingsSummary{
			Networks: map[string]*network.EndpointSettings{
				"z": nil, "a": {IPAddress: "172.20.0.3"},
				"m": {GlobalIPv6Address: "fd00::3"},
			},
		},
		Mounts: []container.MountPoint{
			{Type: mount.TypeBind, Name: "", Source: "/home"},
			{Type: mount.TypeVolume, Name: "data"},
			{Type: mount.TypeTmpfs},
		},
	})
	want := seenContainer{
		ID: "0123456789abcdef", Name: "shop-pr-1-g1-web-1", State: "running", Status: "Up 2 hours",
		Created:  time.Unix(noon.Unix(), 0),
		Labels:   map[string]string{labelPreview: "shop-pr-1", composeService: "web", composeOneOff: "False"},
		Networks: []string{"a", "m", "z"}, Volumes: []string{"data"},
		Addresses: map[string]netip.Addr{"a": netip.MustParseAddr("172.20.0.3"), "m": netip.MustParseAddr("fd00::3")},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if got.preview() != "shop-pr-1" || got.service() != "web" || got.oneOff() || !got.running() ||
		got.short() != "0123456789ab" {
		t.Errorf("%+v", got)
	}
}

func TestBoxOf_OfAContainerThatIsBeingRemovedIsEmptyNotAPanic(t *testing.T) {
	got := seenContainerOf(container.Summary{ID: "0123", State: "removing"})
	if got.Name != "" || got.preview() != "" || got.service() != "" || got.oneOff() || got.running() ||
		got.short() != "0123" {
		t.Errorf("%+v", got)
	}
	for _, value := range []string{"True", "true", "TRUE"} {
		if !(seenContainer{Labels: map[string]string{composeOneOff: value}}).oneOff() {
			t.Errorf("%s is no one-off", value)
		}
	}
}

func TestJarOf_WithoutATimeOfCreationHasNone(t *testing.T) {
	for text, want := range map[string]time.Time{"2026-03-04T13:00:00+01:00": noon, "": {}, "yesterday": {}} {
		if got := seenVolumeOf(&volume.Volume{Name: "v", CreatedAt: text}); !got.Created.Equal(want) ||
			got.Name != "v" {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestServing_BelievesMarkersOfThisPreviewWithANumberOnly(t *testing.T) {
	odd := func(number, id string, m mark) seenVolume {
		return seenVolume{
			Name:   number,
			Labels: map[string]string{labelPreview: id, labelGeneration: number, labelMark: string(m)},
		}
	}
	for name, c := range map[string]struct {
		volumes []seenVolume
		want    int
	}{
		"none":              {nil, 0},
		"begun":             {[]seenVolume{odd("4", "p", markBegun)}, 0},
		"not a number":      {[]seenVolume{odd("x", "p", markServing), odd("", "p", markServing)}, 0},
		"below zero":        {[]seenVolume{odd("-3", "p", markServing)}, 0},
		"of another":        {[]seenVolume{odd("9", "q", markServing), odd("2", "p", markServing)}, 2},
		"ten is over nine":  {[]seenVolume{odd("10", "p", markServing), odd("9", "p", markServing)}, 10},
		"too large for int": {[]seenVolume{odd("99999999999999999999", "p", markBegun), odd("1", "p", markServing)}, 1},
		"stopped is no one": {[]seenVolume{odd("5", "p", markStopped), odd("4", "p", markServing)}, 4},
	} {
		if got := (survey{volumes: c.volumes}).serving("p"); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestGenerations_AreNumbersInOrderOnceEachOfOnePreview(t *testing.T) {
	of := func(id, number string) map[string]string {
		return map[string]string{labelPreview: id, labelGeneration: number}
	}
	s := survey{
		containers: []seenContainer{{Labels: of("p", "10")}, {Labels: of("p", "9")}, {Labels: of("q", "7")}},
		volumes: []seenVolume{
			{Labels: of("p", "9")},
			{Labels: map[string]string{labelPreview: "p", labelVolumeOf: "5"}},
		},
		others: []map[string]string{of("p", "-1"), of("p", "0"), of("p", "nine"), of("p", "2"), nil},
	}
	if got := s.generations("p"); !slices.Equal(got, []int{2, 9, 10}) {
		t.Errorf("generations %v", got)
	}
	if got := s.generations("nobody"); len(got) != 0 {
		t.Errorf("of nobody %v", got)
	}
	if got := s.shown("p"); got != 10 {
		t.Errorf("shows %d without any that serves, want the newest", got)
	}
}

func TestBoxes_AreOfOneGenerationWithoutOneOffs(t *testing.T) {
	g1, g2 := stackOf(1), stackOf(2)
	other := stackOf(1)
	other.Preview.ID = "bank-pr-1"
	s := survey{containers: []seenContainer{
		deployed(g1, "web", "a", "running", nil),
		deployed(g1, "migrate", "b", "exited", map[string]string{composeOneOff: "True"}),
		deployed(g2, "web", "c", "running", nil), deployed(other, "web", "d", "running", nil),
		deployed(g1, "db", "e", "exited", nil),
	}}
	var names []string
	for _, b := range s.containersOf("shop-pr-1", 1) {
		names = append(names, b.service())
	}
	if !slices.Equal(names, []string{"web", "db"}) {
		t.Errorf("containers %q", names)
	}
}

func TestVia_LeavesTheSurveyItselfAsItWas(t *testing.T) {
	mine, other := stackOf(1), stackOf(2)
	other.Via = "another"
	s := survey{
		containers: []seenContainer{
			deployed(other, "web", "a", "running", nil),
			deployed(mine, "web", "b", "running", nil),
		},
		volumes: []seenVolume{marked(other, markServing), marked(mine, markServing)},
		others:  []map[string]string{other.labels(), mine.labels()},
	}
	if got := s.via(defaultGateway).generations("shop-pr-1"); !slices.Equal(got, []int{1}) {
		t.Errorf("generations of one gateway %v", got)
	}
	if got := s.generations("shop-pr-1"); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("generations of both afterwards %v", got)
	}
}

func TestSameOwner_SaysWhoHasItAndWhatToDo(t *testing.T) {
	g := stackOf(1)
	g.Preview.PullRequest, g.Preview.Branch, g.Preview.Repository = 0, "main", "example.com/a/shop"
	s := survey{others: []map[string]string{g.labels()}}
	for want, change := range map[string]func(*Preview){
		"preview shop-pr-1 is one of example.com/a/shop, not of example.com/b/shop": func(p *Preview) {
			p.Repository = "example.com/b/shop"
		},
		"preview shop-pr-1 is that of branch main": func(p *Preview) {
			p.Branch = "Main"
		},
	} {
		stranger := g.Preview
		change(&stranger)
		err := s.sameOwner(stranger)
		if err == nil || err.Error() != want || len(hint.Of(err)) != 1 {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if err := (survey{}).sameOwner(g.Preview); err != nil {
		t.Errorf("of an empty machine: %v", err)
	}
}

func TestStatus_SaysIncompleteUnlessARunHoldsTheLock(t *testing.T) {
	g := stackOf(1, port{"web", 80})
	g.Expires = noon
	s := survey{volumes: []seenVolume{marked(g, markBegun)}}
	s.volumes[0].Created = noon
	engine := Engine{Locks: t.TempDir()}
	want := Status{
		Preview: g.Preview, State: Incomplete, Generation: 1, Commit: "abc", Database: "db", Created: noon,
		Expires: noon,
		Stale:   []int{1},
	}
	if diff := cmp.Diff(want, engine.status(t.Context(), s, g, "engine")); diff != "" {
		t.Error(diff)
	}
	l, err := acquire(t.Context(), lockFor(engine.locks(), "engine", g.Preview.ID), g.Preview.ID, "up", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.release()
	if got := engine.status(t.Context(), s, g, "engine").State; got != Starting {
		t.Errorf("while a run holds the lock: %s", got)
	}
	if got := engine.status(t.Context(), s, g, "another engine").State; got != Incomplete {
		t.Errorf("on another engine: %s", got)
	}
	s.volumes = append(s.volumes, marked(g, markServing))
	if got := engine.status(t.Context(), s, g, "engine").State; got != Serving {
		t.Errorf("while an update runs: %s", got)
	}
}
