package provision

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

func TestStepError_OfEveryStepReadsAsOnePathWithoutItsTail(t *testing.T) {
	cause := errors.New("exit 3")
	for _, step := range []Step{
		StepLock, StepMachine, StepFiles, StepGateway, StepImages, StepCopies, StepDatabase,
		StepAccept, StepLoad, StepCreate, StepMigrate, StepStart, StepReady, StepRoute,
	} {
		for service, want := range map[string]string{
			"":    string(step) + ": exit 3",
			"web": string(step) + ": web: exit 3",
		} {
			err := fmt.Errorf("up pr-1: %w",
				&StepError{Step: step, Service: service, Err: cause, Tail: []string{"s3cret"}})
			if got := err.Error(); got != "up pr-1: "+want || strings.ContainsAny(got, "\n") {
				t.Errorf("%s", got)
			}
			var failed *StepError
			if !errors.As(err, &failed) || failed.Step != step || !errors.Is(err, cause) {
				t.Errorf("%v cannot be asked for its step and its cause", err)
			}
		}
	}
}

func TestCulprit_IsTheFirstThatIsFatalOrTheFirst(t *testing.T) {
	a, b, c := compose.Seen{Service: "a"}, compose.Seen{Service: "b", Fatal: true}, compose.Seen{
		Service: "c",
		Fatal:   true,
	}
	for want, services := range map[string][]compose.Seen{"a": {a}, "b": {a, b, c}, "c": {c, b, a}} {
		if got := culprit(services).Service; got != want {
			t.Errorf("%s is blamed instead of %s", got, want)
		}
	}
}

func TestNoPreview_IsAskedForByItsValueAndSaysWhatToDo(t *testing.T) {
	err := fmt.Errorf("logs: %w", noPreview("shop-pr-1"))
	if !errors.Is(err, ErrNoPreview) || err.Error() != "logs: shop-pr-1: no such preview" || len(hint.Of(err)) != 1 {
		t.Errorf("%v, hints %q", err, hint.Of(err))
	}
}

func TestPortTakenError_NamesThePortAndWhere(t *testing.T) {
	if got := (&PortTakenError{Port: 8480, Host: "127.0.0.1"}).Error(); got != "port 8480 on 127.0.0.1 is taken" {
		t.Error(got)
	}
}

func TestPublishedPort_IsTheFirstThatIsANumber(t *testing.T) {
	with := func(bindings ...nat.PortBinding) container.InspectResponse {
		return container.InspectResponse{ContainerJSONBase: &container.ContainerJSONBase{
			HostConfig: &container.HostConfig{PortBindings: nat.PortMap{
				gatewayPort: bindings,
				"80/tcp":    {{HostPort: "1"}},
			}},
		}}
	}
	for name, c := range map[string]struct {
		of   container.InspectResponse
		want int
	}{
		"no container":     {container.InspectResponse{}, 0},
		"no configuration": {container.InspectResponse{ContainerJSONBase: &container.ContainerJSONBase{}}, 0},
		"none":             {with(), 0},
		"one":              {with(nat.PortBinding{HostPort: "8480"}), 8480},
		"any":              {with(nat.PortBinding{HostPort: ""}), 0},
		"a second":         {with(nat.PortBinding{HostPort: "x"}, nat.PortBinding{HostPort: "9"}), 9},
	} {
		if got := publishedPort(c.of); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	running := with(nat.PortBinding{HostPort: "9000"})
	for asked, want := range map[int]int{0: 9000, 8481: 8481} {
		if got := (Engine{Port: asked}).wantedPort(running); got != want {
			t.Errorf("asked for %d: %d", asked, got)
		}
	}
	if got := (Engine{}).wantedPort(container.InspectResponse{}); got != gateway.DefaultPort {
		t.Errorf("of a new one: %d", got)
	}
}

func TestTableArchive_HoldsTheTableForTheGatewaysUserAlone(t *testing.T) {
	want := stackTable()
	content, err := tableArchive(want)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(content)
	header, err := archive.Next()
	if err != nil || header.Name != gateway.File || header.Mode != 0o600 || header.Uid != 65534 || header.Gid != 65534 {
		t.Fatalf("%+v, %v", header, err)
	}
	var got gateway.Table
	if err := json.NewDecoder(archive).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("more than one file: %v", err)
	}
}

func stackTable() gateway.Table {
	g := stackOf(1, port{"web", 80}, port{"api", 81})
	return survey{
		volumes:    []seenVolume{marked(g, markServing)},
		containers: []seenContainer{deployed(g, "web", "a", "running", nil)},
	}.routes(entrance{port: 8480})
}

func TestWriteImage_IsTheSameForTheSameProgramAndRefusesAWrongSize(t *testing.T) {
	var first, second bytes.Buffer
	for _, w := range []*bytes.Buffer{&first, &second} {
		if err := writeImage(w, strings.NewReader("program"), 7); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same program makes two images")
	}
	modes := map[string]int64{}
	for archive := tar.NewReader(&first); ; {
		header, err := archive.Next()
		if err != nil {
			break
		}
		modes[header.Name] = header.Mode
	}
	want := map[string]int64{
		"tmp/": 0o1777, "run/": 0o755, "run/offshoot/": 0o700, "var/": 0o755,
		"var/offshoot/": 0o700, "offshoot": 0o755,
	}
	if diff := cmp.Diff(want, modes); diff != "" {
		t.Error(diff)
	}
	for _, size := range []int64{6, 8} {
		if err := writeImage(io.Discard, strings.NewReader("program"), size); err == nil {
			t.Errorf("a program of 7 bytes passes for one of %d", size)
		}
	}
}

func TestMark_RefusesTheAnswerOfAVolumeThatIsNotOurs(t *testing.T) {
	g := stackOf(1)
	for name, c := range map[string]struct {
		labels string
		ours   bool
	}{
		"ours":               {`{"dev.offshoot.preview":"shop-pr-1","dev.offshoot.mark":"serving"}`, true},
		"without labels":     {`null`, false},
		"another mark":       {`{"dev.offshoot.preview":"shop-pr-1","dev.offshoot.mark":"begun"}`, false},
		"of another preview": {`{"dev.offshoot.preview":"bank-pr-1","dev.offshoot.mark":"serving"}`, false},
	} {
		api := engineSaying(t, map[string]string{"/volumes/create": `{"Name":"v","Labels":` + c.labels + `}`})
		err := g.set(t.Context(), api, markServing, nil)
		if (err == nil) != c.ours || err != nil && (!errors.Is(err, errForeign) || len(hint.Of(err)) != 1) {
			t.Errorf("%s: %v", name, err)
		}
	}
	nothing := engineSaying(t, nil)
	if err := g.unset(t.Context(), nothing, markServing); err != nil {
		t.Errorf("a mark that is gone: %v", err)
	}
	if err := g.set(t.Context(), nothing, markBegun, nil); err == nil ||
		!strings.HasPrefix(err.Error(), "mark generation 1 as begun: ") {
		t.Errorf("error %v", err)
	}
}

func TestJoinNetworks_MindsOnlyWhatIsNotThereAlready(t *testing.T) {
	api := engineSaying(t, nil) // each network is gone by now
	if err := joinNetworks(t.Context(), api,
		container.InspectResponse{ContainerJSONBase: &container.ContainerJSONBase{ID: "g"}},
		[]string{"a", "b"}); err != nil {
		t.Errorf("error %v", err)
	}
}

func TestHasOneOf_LooksAtNamesAndNotAtKeys(t *testing.T) {
	b := seenContainer{Volumes: []string{"shop-pr-1-g1_data", "x"}}
	for name, c := range map[string]struct {
		volumes map[string]string
		want    bool
	}{
		"its name": {map[string]string{"data": "shop-pr-1-g1_data"}, true},
		"its key":  {map[string]string{"x": "y"}, false}, "none": {nil, false},
	} {
		if got := b.hasOneOf(c.volumes); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
