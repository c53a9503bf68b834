package store

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/offshoot-dev/offshoot/internal/stall"
)

// standing is a store whose server stands still in the middle of the first
// stalls requests of a method, without ending any.
func standing(t *testing.T, method string, stalls int32) (*bucket, *Store) {
	t.Helper()
	b, _ := newBucket(t)
	var left atomic.Int32
	left.Store(stalls)
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method || left.Add(-1) < 0 {
			b.ServeHTTP(w, r)
			return
		}
		if method == http.MethodGet {
			w.Header().Set("Content-Length", fmt.Sprint(small))
			_, _ = w.Write(content(small)[:small/2])
			_ = http.NewResponseController(w).Flush()
		}
		<-over
	}))
	t.Cleanup(func() { close(over); server.Close() })
	s := open(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient:  clientOver(stall.Dialer{After: 300 * time.Millisecond}),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxBackoff, o.RateLimiter = time.Millisecond, ratelimit.None
			})
		},
	})
	s.partSize, s.pause = 64<<10, time.Millisecond
	b.url = server.URL
	return b, s
}

func TestDownload_GoesOnWhereItStoodStill(t *testing.T) {
	t.Parallel()
	b, s := standing(t, http.MethodGet, 1)
	if _, err := s.Upload(t.Context(), fileOf(t, content(small)), shop, nil); err != nil {
		t.Fatal(err)
	}
	info, err := s.Stat(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "got")
	if err := s.Download(t.Context(), shop, path, info); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, content(small)) || b.called("GET") != 1 {
		t.Errorf("%d bytes, after %d requests that did not stand still", len(got), b.called("GET"))
	}
}

func TestDownload_EndsWhenItStandsStillAgainAndAgain(t *testing.T) {
	t.Parallel()
	_, s := standing(t, http.MethodGet, 1000)
	if _, err := s.Upload(t.Context(), fileOf(t, content(small)), shop, nil); err != nil {
		t.Fatal(err)
	}
	info, err := s.Stat(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	link, err := s.Presign(t.Context(), shop, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, err := range map[string]error{
		"download": s.Download(t.Context(), shop, filepath.Join(folder, "got"), info),
		"fetch": fetch(t.Context(), stall.Dialer{After: 300 * time.Millisecond}, link, filepath.Join(folder, "got"),
			info),
	} {
		if err == nil || !strings.Contains(err.Error(), "no byte for 300ms") || strings.Contains(err.Error(), "X-Amz") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if entries, _ := os.ReadDir(folder); len(entries) > 0 {
		t.Errorf("left: %v", entries)
	}
}

func TestUpload_IsSentAgainWhenItStandsStill(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"whole": small, "in parts": 200 << 10} {
		b, s := standing(t, http.MethodPut, 1)
		if _, err := s.Upload(t.Context(), fileOf(t, content(size)), shop, nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, _ := b.holds(shop.Key); !bytes.Equal(got, content(size)) {
			t.Errorf("%s: %d bytes arrived", name, len(got))
		}
	}
	_, s := standing(t, http.MethodPut, 1000)
	if _, err := s.Upload(t.Context(), fileOf(t, content(small)), shop, nil); err == nil ||
		!strings.Contains(err.Error(), "no byte for 300ms") {
		t.Errorf("again and again: %v", err)
	}
}
