package compose_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"

	"github.com/offshoot-dev/offshoot/internal/stall"
)

// standingRegistry has one image, whose layer stands still in the middle for the
// first times that it is asked for.
func standingRegistry(t *testing.T, times int32) (ref string) {
	t.Helper()
	var layer bytes.Buffer
	content := make([]byte, 256<<10)
	_, _ = rand.Read(content)
	packed := tar.NewWriter(&layer)
	check(t, packed.WriteHeader(&tar.Header{Name: "file", Mode: 0o644, Size: int64(len(content))}))
	_, err := packed.Write(content)
	check(t, err)
	check(t, packed.Close())
	digest := func(b []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(b)) }
	config := fmt.Appendf(nil,
		`{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[%q]}}`,
		digest(layer.Bytes()))
	manifest := fmt.Appendf(nil,
		`{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",`+
			`"config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":%d,"digest":%q},`+
			`"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar","size":%d,"digest":%q}]}`,
		len(config),
		digest(config), layer.Len(), digest(layer.Bytes()))
	var left atomic.Int32
	left.Store(times)
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/manifests/"):
			w.Header().Set("Content-Type", "application/vnd.docker.distribution.manifest.v2+json")
			w.Header().Set("Docker-Content-Digest", digest(manifest))
			_, _ = w.Write(manifest)
		case strings.HasSuffix(r.URL.Path, digest(config)):
			_, _ = w.Write(config)
		case strings.HasSuffix(r.URL.Path, digest(layer.Bytes())) && left.Add(-1) >= 0:
			w.Header().Set("Content-Length", fmt.Sprint(layer.Len()))
			_, _ = w.Write(layer.Bytes()[:100<<10])
			_ = http.NewResponseController(w).Flush()
			select {
			case <-over:
			case <-r.Context().Done():
			}
		case strings.HasSuffix(r.URL.Path, digest(layer.Bytes())):
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(layer.Bytes()))
		}
	}))
	t.Cleanup(func() { close(over); server.Close() })
	return server.Listener.Addr().String() + "/acme/slow:1"
}

func TestPull_BeginsAnewWhenItStandsStill(t *testing.T) {
	ref := standingRegistry(t, 1)
	b := newBench(t, map[string]string{"compose.yaml": "services: {app: {image: " + ref + "}}"})
	s := b.stack()
	s.Stall = time.Second
	check(t, s.Pull(t.Context()))
	t.Cleanup(func() {
		_, err := b.engine.Client().ImageRemove(context.WithoutCancel(t.Context()), ref, image.RemoveOptions{})
		check(t, err)
	})
	if !b.seen("pull", "no byte for 1s: once more") {
		t.Error("it was not said")
	}
}

func TestPull_EndsWhenItStandsStillAgainAndAgain(t *testing.T) {
	b := newBench(t, map[string]string{"compose.yaml": "services: {app: {image: " + standingRegistry(t, 1000) + "}}"})
	s := b.stack()
	s.Stall = time.Second
	var stood *stall.Error
	if err := s.Pull(t.Context()); !errors.As(err, &stood) ||
		!strings.Contains(err.Error(), "for app: no byte for 1s") {
		t.Errorf("got %v", err)
	}
}
