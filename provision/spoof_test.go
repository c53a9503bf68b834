package provision

import (
	"fmt"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"

	"github.com/offshoot-dev/offshoot/compose"
)

func TestBuiltByUs_BelievesNoLabelAlone(t *testing.T) {
	labels := map[string]string{labelPreview: "shop-pr-1", labelGeneration: "1"}
	cases := map[string]struct {
		tags, digests []string
		want          bool
	}{
		"ours":                    {[]string{"offshoot/shop-pr-1/web:g1"}, nil, true},
		"ours, named twice":       {[]string{"mine:latest", "offshoot/shop-pr-1/web:g1"}, nil, true},
		"a build cut short":       {nil, nil, true},
		"on an old engine":        {[]string{"<none>:<none>"}, []string{"<none>@<none>"}, true},
		"pulled":                  {[]string{"evil/image:latest"}, []string{"evil/image@sha256:0"}, false},
		"pulled by digest":        {[]string{"<none>:<none>"}, []string{"evil/image@sha256:0"}, false},
		"built on one of another": {[]string{"offshoot/shop-pr-2/web:g1"}, nil, false},
	}
	for name, c := range cases {
		if got := builtByUs(image.Summary{Labels: labels, RepoTags: c.tags, RepoDigests: c.digests}); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestEveryLabel_LeavesNoneToAnImage(t *testing.T) {
	image := map[string]string{}
	g := generation{
		Preview: Preview{ID: "shop-main", Project: "shop", Name: "main", Repository: "r", Branch: "main"},
		Number:  3, Via: "g",
	}
	for _, key := range []string{
		labelPreview, labelProject, labelName, labelRepository, labelPull, labelBranch, labelCommit, labelGeneration,
		labelArchive, labelExpires,
		labelVersion, labelDatabase, labelExpose, labelVia, labelVolumeOf, labelMark, labelContainers, labelKeeper,
		labelGateway, labelConfig, labelFront, labelSignIn,
	} {
		image[key] = "99"
	}
	for key, value := range g.everyLabel() { // as the engine does it
		image[key] = value
	}
	for key, value := range image {
		if value == "99" {
			t.Errorf("%s is what the image says", key)
		}
	}
	if got := fmt.Sprintf("%+v", generationOf(image)); got != fmt.Sprintf("%+v", g) {
		t.Errorf("read back as %s", got)
	}
}

func TestServicesOf_OfAHundredPreviewsAreToldApartQuickly(t *testing.T) {
	var s survey
	var containers []compose.Container
	for number := range 100 {
		g := stackOf(2, port{"web", 80})
		g.Preview.ID = fmt.Sprintf("shop-pr-%d", number)
		s.volumes = append(s.volumes, marked(g, markServing))
		for _, service := range []string{"web", "db", "worker", "cache", "init"} {
			s.containers = append(s.containers, deployed(g, service, fmt.Sprint(number, service), "running", nil))
			containers = append(containers, compose.Container{Service: service, State: "running", Labels: g.labels()})
			old := g
			old.Number = 1
			containers = append(containers, compose.Container{Service: service, State: "exited", Labels: old.labels()})
		}
		containers = append(containers, compose.Container{Service: "web", OneOff: true, Labels: g.labels()})
	}
	began := time.Now()
	for _, id := range s.previews() {
		if services := servicesOf(s.generation(id, s.shown(id)), containers); len(services) != 5 ||
			services[0].State != "running" {
			t.Fatalf("%s has %+v", id, services)
		}
	}
	if len(s.routes(entrance{port: 8480}).Routes) != 1 { // all of one name, that of the last
		t.Errorf("%d routes", len(s.routes(entrance{port: 8480}).Routes))
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}
