package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

var shop = Location{Bucket: "archives", Key: "team/shop.sql.zst"}

// content is n bytes that compress badly.
func content(n int) []byte {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	body := make([]byte, n)
	for i := range body {
		body[i] = byte(random.Uint32())
	}
	return body
}

func fileOf(t *testing.T, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "archive")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	small = 40 << 10
	large = 150 << 10 // three parts
)

func TestUpload_AndDownloadGiveTheSameBytesBack(t *testing.T) {
	t.Parallel()
	b, s := newBucket(t)
	for _, size := range []int{0, small, large} {
		body := content(size)
		var told int64
		sent, err := s.Upload(t.Context(), fileOf(t, body), shop, func(done, total int64) { told = done; _ = total })
		if err != nil || sent.Bytes != int64(size) || told != int64(size) {
			t.Fatalf("%d bytes: %+v, told of %d, %v", size, sent, told, err)
		}
		info, err := s.Stat(t.Context(), shop)
		if err != nil || info.Bytes != sent.Bytes || info.SHA256 != sent.SHA256 {
			t.Errorf("%d bytes: %+v, want %+v, %v", size, info, sent, err)
		}
		path := filepath.Join(t.TempDir(), "got")
		if err := s.Download(t.Context(), shop, path, info); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes came back as %d, %v", size, len(got), err)
		}
	}
	if left := b.left(); len(left) > 0 {
		t.Errorf("parts are left: %q", left)
	}
	if b.called("PUT?partNumber") != 3 {
		t.Errorf("%d parts", b.called("PUT?partNumber"))
	}
}

func TestUpload_EveryCallMayFailOnceOrLoseItsAnswer(t *testing.T) {
	t.Parallel()
	for _, wrong := range []fault{refused, lost} {
		for _, call := range []string{"PUT", "POST?uploads", "PUT?partNumber", "POST?uploadId", "HEAD", "GET?uploads"} {
			t.Run(fmt.Sprint(call, wrong), func(t *testing.T) {
				t.Parallel()
				b, s := newBucket(t)
				b.fault = func(c string, count int) fault {
					if c == call && count == 1 {
						return wrong
					}
					return none
				}
				size := large
				if call == "PUT" {
					size = small
				}
				body := content(size)
				if _, err := s.Upload(t.Context(), fileOf(t, body), shop, nil); err != nil {
					t.Fatal(err)
				}
				if got, _ := b.holds(shop.Key); !bytes.Equal(got, body) {
					t.Error("the object is another one")
				}
				lostBeginning := call == "POST?uploads" && wrong == lost // S3 began one that we know nothing of
				if left := b.left(); (len(left) > 0) != lostBeginning {
					t.Errorf("left: %q", left)
				}
			})
		}
	}
}

func TestUpload_ThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"PUT?partNumber", "POST?uploadId"} {
		b, s := newBucket(t)
		b.fault = func(c string, _ int) fault {
			if c == call {
				return denied
			}
			return none
		}
		_, err := s.Upload(t.Context(), fileOf(t, content(large)), shop, nil)
		if err == nil ||
			!strings.Contains(strings.Join(hint.Of(err), " "),
				"s3:PutObject on arn:aws:s3:::archives/team/shop.sql.zst") {
			t.Errorf("%s: %v, hints %q", call, err, hint.Of(err))
		}
		if _, there := b.holds(shop.Key); there || len(b.left()) > 0 {
			t.Errorf("%s: an object: %v, parts: %q", call, there, b.left())
		}
	}
}

func TestUpload_ThatIsInterruptedTakesItsPartsBack(t *testing.T) {
	t.Parallel()
	b, s := newBucket(t)
	b.objects[shop.Key] = object{body: []byte("before")}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.Upload(ctx, fileOf(t, content(large)), shop, func(int64, int64) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if got, _ := b.holds(shop.Key); string(got) != "before" || len(b.left()) > 0 {
		t.Errorf("the object is %.20q, parts: %q", got, b.left())
	}
}

func TestUpload_TakesBackWhatAKilledOneLeftADayAgo(t *testing.T) {
	t.Parallel()
	b, s := newBucket(t)
	old := time.Now().Add(-25 * time.Hour)
	b.uploads = map[string]*pieces{
		"old":   {key: shop.Key, begun: old},
		"new":   {key: shop.Key, begun: time.Now()},
		"other": {key: shop.Key + ".bak", begun: old},
	}
	if _, err := s.Upload(t.Context(), fileOf(t, content(large)), shop, nil); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(b.left(), " "); got != "new other" {
		t.Errorf("left are %s", got)
	}
}

func TestDownload_GoesOnWhereItWasCutOff(t *testing.T) {
	t.Parallel()
	b, s := newBucket(t)
	body := content(small)
	if _, err := s.Upload(t.Context(), fileOf(t, body), shop, nil); err != nil {
		t.Fatal(err)
	}
	info, err := s.Stat(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	b.fault = func(c string, count int) fault {
		if c == "GET" && count < maxTries {
			return cut
		}
		return none
	}
	path := filepath.Join(t.TempDir(), "got")
	if err := s.Download(t.Context(), shop, path, info); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, body) {
		t.Error("it is not the same")
	}
	link, err := s.Presign(t.Context(), shop, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	b.counts["GET"] = maxTries - 2 // cut once more
	if err := Fetch(t.Context(), link, path, info); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, body) {
		t.Error("by the link it is not the same")
	}
}

func TestDownload_ThatIsNotWhatWasUploadedIsNoFile(t *testing.T) {
	t.Parallel()
	b, s := newBucket(t)
	if _, err := s.Upload(t.Context(), fileOf(t, content(small)), shop, nil); err != nil {
		t.Fatal(err)
	}
	info, err := s.Stat(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "got")
	for wrong, want := range map[fault]string{changed: "its digest is", cut: "cut off after"} {
		b.fault = func(c string, _ int) fault {
			if c == "GET" {
				return wrong
			}
			return none
		}
		if err := s.Download(t.Context(), shop, path, info); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if entries, _ := os.ReadDir(folder); len(entries) > 0 {
			t.Errorf("left: %v", entries)
		}
	}
	b.fault = nil
	b.objects[shop.Key] = object{body: content(small + 1)}
	if err := s.Download(t.Context(), shop, path, info); err == nil {
		t.Error("another object of the same name is taken")
	}
}

func TestFetch_NeverSaysTheLink(t *testing.T) {
	t.Parallel()
	_, s := newBucket(t)
	link, err := s.Presign(t.Context(), shop, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for name, address := range map[string]string{
		"nothing there":  link,
		"nobody answers": "http://127.0.0.1:1/x?X-Amz-Signature=secret",
		"no address":     "http://\x00?X-Amz-Signature=secret",
	} {
		err := Fetch(t.Context(), address, filepath.Join(t.TempDir(), "got"), Info{Bytes: 1})
		if err == nil || strings.Contains(err.Error(), "X-Amz") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStore_SaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	b, s := newBucket(t)
	if _, err := s.Stat(t.Context(), shop); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNoBucket) ||
		!strings.Contains(err.Error(), shop.String()) {
		t.Errorf("no object: %v", err)
	}
	if _, err := s.Upload(t.Context(), fileOf(t, nil), Location{"nowhere", "x"}, nil); !errors.Is(err, ErrNoBucket) ||
		len(hint.Of(err)) != 1 {
		t.Errorf("no bucket: %v", err)
	}
	if _, err := s.Stat(t.Context(), Location{"nowhere", "x"}); !errors.Is(err, ErrNoBucket) {
		t.Errorf("asked for an object of no bucket: %v", err)
	}
	s.client = open(aws.Config{BaseEndpoint: &b.url, Credentials: aws.AnonymousCredentials{}}).client
	if _, err := s.Stat(t.Context(), shop); err == nil ||
		!strings.Contains(strings.Join(hint.Of(err), " "), "s3:GetObject") {
		t.Errorf("no right: %v, %q", err, hint.Of(err))
	}
}

func TestParse_WantsABucketAndAKey(t *testing.T) {
	t.Parallel()
	if got, err := Parse("s3://archives/team/shop.sql.zst"); err != nil || got != shop ||
		got.String() != "s3://archives/team/shop.sql.zst" {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"", "s3://", "s3://b", "s3://b/", "s3:///k", "s3://b/folder/", "S3://b/k", "/tmp/x"} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestCache_DownloadsOnceAndKeepsTheLastUsed(t *testing.T) {
	t.Parallel()
	b, s := newBucket(t)
	cache := Cache{Folder: filepath.Join(t.TempDir(), "archives"), Keep: 2}
	at := func(n int) Location { return Location{"archives", fmt.Sprint(n)} }
	for n := range 3 {
		if _, err := s.Upload(t.Context(), fileOf(t, content(n+1)), at(n), nil); err != nil {
			t.Fatal(err)
		}
	}
	get := func(n int) (path string, hit bool) {
		path, hit, err := cache.Get(t.Context(), s, at(n))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); !bytes.Equal(got, content(n+1)) {
			t.Errorf("%d is another one", n)
		}
		return path, hit
	}
	first, hit := get(0)
	if _, again := get(0); hit || !again || b.called("GET") != 1 {
		t.Errorf("hits %v and %v, %d downloads", hit, again, b.called("GET"))
	}
	old := time.Now().Add(-time.Hour)
	second, _ := get(1)
	if err := os.Chtimes(second, old, old); err != nil {
		t.Fatal(err)
	}
	get(2)
	if _, err := os.Stat(second); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the one that was used longest ago stays: %v", err)
	}
	info, err := os.Stat(first)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	b.objects["0"] = object{body: []byte("by hand"), meta: "../../evil"}
	if path, _, err := cache.Get(t.Context(), s, at(0)); err == nil || path != "" {
		t.Errorf("a digest that is none gives %s, %v", path, err)
	}
}
