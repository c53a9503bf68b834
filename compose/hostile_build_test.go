package compose_test

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// neighbour has an image of another preview on the engine, and names it.
func neighbour(t *testing.T) string {
	b := newBench(t, map[string]string{
		"Dockerfile": "FROM scratch\nCOPY busybox /busybox\n", "compose.yaml": "services: {web: {build: .}}\n",
	})
	b.built()
	return "offshoot/" + b.preview + "/web:g1"
}

func TestHostile_ADockerfileWantsAnotherPreviewsImage(t *testing.T) {
	theirs := neighbour(t)
	first, rest, _ := strings.Cut(theirs, "/")
	for name, dockerfile := range map[string]string{
		"from":           "FROM " + theirs + "\n",
		"whole name":     "FROM --platform=$TARGETPLATFORM docker.io/" + theirs + " AS x\n",
		"argument":       "ARG A=" + theirs + "\nFROM ${A}\n",
		"arguments":      "ARG A=" + first + "\nARG B=$A/" + rest + "\nFROM $B\n",
		"build argument": "ARG GIVEN\nFROM $GIVEN\n",
		"platform":       "FROM ${TARGETOS:+offshoot}/" + rest + "\n",
		"copy":           "FROM scratch\nCOPY --from=" + theirs + " / /\n",
		"mount": "FROM scratch\nCOPY busybox /bin/sh\nRUN --mount=type=bind,from=" + theirs +
			",target=/x true\n",
		"other case": "from " + theirs + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, map[string]string{
				"Dockerfile":   dockerfile,
				"compose.yaml": "services: {web: {build: {context: ., args: {GIVEN: " + theirs + "}}}}\n",
			})
			err := b.stack().Build(t.Context())
			if !errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), "image of another preview") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestBuild_MayNameItsOwnImages(t *testing.T) {
	b := newBench(t, map[string]string{
		"base/Dockerfile": "FROM scratch\nCOPY --from=files busybox /busybox\n",
		"Dockerfile":      "FROM scratch\nCOPY busybox /busybox\n",
		"compose.yaml": "services: {web: {build: .}, again: {image: web-of-ours, build: .}, uses: {image: " +
			"web-of-ours}}\n",
	})
	b.built()
}

func TestHostile_ABuildWantsTheCacheMountsOfAnotherRepository(t *testing.T) {
	files := func(run string) map[string]string {
		return map[string]string{
			"Dockerfile": `FROM scratch
COPY busybox /bin/busybox
COPY busybox /bin/sh
ENV PATH=/bin
ARG NONCE
RUN --mount=type=cache,id=offshoot-test,target=/cache ` + run + "\n",
			"compose.yaml": "services: {web: {build: {context: ., args: {NONCE: " + strings.ToLower(rand.Text()) +
				", BUILDKIT_CACHE_MOUNT_NS: ours, BUILDKIT_SYNTAX: example.com/evil}}, command: [busybox, cat, " +
				"/found]}}\n",
		}
	}
	in := func(caches string) func(*compose.Options) {
		return func(o *compose.Options) { o.Caches = caches }
	}
	mine := strings.ToLower(t.Name()) + "-" + newBench(t, nil).preview
	newBench(t,
		files("echo poison > /cache/tool; ls /cache > /found 2>/dev/null || busybox ls /cache > /found"),
	).built(in(mine + "-a"))
	for caches, want := range map[string][]string{mine + "-a": {"tool"}, mine + "-b": nil} {
		b := newBench(t, files("busybox ls /cache > /found"))
		exit, err := b.built(in(caches)).Run(t.Context(), compose.OneOff{Service: "web"})
		if err != nil || !slices.Equal(exit.Tail, want) {
			t.Errorf("%s has %q (%v), want %q", caches, exit.Tail, err, want)
		}
	}
}

func TestHostile_AServiceWantsToRunAnotherPreviewsImage(t *testing.T) {
	theirs := neighbour(t)
	b := newBench(t, map[string]string{"compose.yaml": "services: {web: {image: \"" + theirs + "\"}}\n"})
	p, _, err := compose.Load(t.Context(), compose.Source{Dir: b.dir})
	if err == nil {
		_, _, err = compose.Transform(p, compose.Options{Preview: b.preview, Generation: 1})
	}
	var refusal *compose.Refusal
	if !errors.As(err, &refusal) || !strings.Contains(err.Error(), theirs) {
		t.Errorf("error %v", err)
	}
}
