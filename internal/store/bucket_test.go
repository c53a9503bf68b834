package store

import (
	"bytes"
	"crypto/md5"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// bucket answers in place of S3, driven by the real SDK alone. It has one
// bucket, archives, and does what S3 does: an upload in parts becomes an
// object in one act, whose answer may get lost like any other.
type bucket struct {
	mutex   sync.Mutex
	objects map[string]object
	uploads map[string]*pieces
	calls   []string // METHOD key?what
	fault   func(call string, count int) fault
	counts  map[string]int
	url     string
}

type object struct {
	body []byte
	meta string
}

type pieces struct {
	key, meta string
	begun     time.Time
	parts     map[int][]byte
}

// A fault is what goes wrong with one call.
type fault int

const (
	none    fault = iota
	refused       // 503, nothing is done
	lost          // it is done, and the connection ends without an answer
	cut           // a body ends in the middle
	denied        // 403
	changed       // a body is another one
	unknown       // 501, of a server that does not know what is asked
)

func newBucket(t *testing.T) (*bucket, *Store) {
	t.Helper()
	b := &bucket{objects: map[string]object{}, uploads: map[string]*pieces{}, counts: map[string]int{}}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	b.url = server.URL
	s := open(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxBackoff, o.RateLimiter = time.Millisecond, ratelimit.None
			})
		},
	})
	s.partSize, s.pause = 64<<10, time.Millisecond
	return b, s
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	name, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	call := r.Method + what(r)
	b.calls = append(b.calls, call)
	b.counts[call]++
	wrong := none
	if b.fault != nil {
		wrong = b.fault(call, b.counts[call])
	}
	body, _ := io.ReadAll(r.Body)
	switch {
	case r.Header.Get("Authorization") == "" && query.Get("X-Amz-Signature") == "" || wrong == denied:
		fail(w, http.StatusForbidden, "AccessDenied")
		return
	case name != "archives":
		fail(w, http.StatusNotFound, "NoSuchBucket")
		return
	case key == "" && r.Method == http.MethodHead: // the bucket is there
		return
	case wrong == refused:
		fail(w, http.StatusServiceUnavailable, "SlowDown")
		return
	case wrong == unknown:
		fail(w, http.StatusNotImplemented, "NotImplemented")
		return
	case wrong == lost:
		b.answer(httptest.NewRecorder(), r, key, body, none)
		hangUp(w)
		return
	}
	b.answer(w, r, key, body, wrong)
}

func what(r *http.Request) string {
	for _, kind := range []string{"uploads", "partNumber", "uploadId", "list-type"} {
		if r.URL.Query().Has(kind) {
			return "?" + kind
		}
	}
	return ""
}

func hangUp(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
	}
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>as told</Message></Error>", code)
}

func (b *bucket) answer(w http.ResponseWriter, r *http.Request, key string, body []byte, wrong fault) {
	upload := b.uploads[r.URL.Query().Get("uploadId")]
	meta := r.Header.Get("X-Amz-Meta-" + digestKey)
	switch call := r.Method + what(r); call {
	case "PUT":
		found, there := b.objects[key]
		if match := r.Header.Get("If-Match"); there && r.Header.Get("If-None-Match") == "*" ||
			match != "" && there && match != fmt.Sprintf(`"%x"`, md5.Sum(found.body)) {
			fail(w, http.StatusPreconditionFailed, "PreconditionFailed")
			return
		} else if match != "" && !there {
			fail(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		b.objects[key] = object{body, meta}
	case "DELETE":
		delete(b.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case "POST?uploads":
		id := fmt.Sprintf("u%d", len(b.calls))
		b.uploads[id] = &pieces{key: key, meta: meta, begun: time.Now(), parts: map[int][]byte{}}
		fmt.Fprintf(w, "<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>", id)
	case "GET?uploads":
		b.list(w)
	case "GET?list-type":
		b.objectsBelow(w, r.URL.Query().Get("prefix"))
	case "HEAD", "GET":
		b.read(w, r, key, wrong)
	default:
		if upload == nil {
			fail(w, http.StatusNotFound, "NoSuchUpload")
			return
		}
		b.part(w, r, upload, body)
	}
}

func (b *bucket) part(w http.ResponseWriter, r *http.Request, upload *pieces, body []byte) {
	id := r.URL.Query().Get("uploadId")
	switch r.Method {
	case http.MethodPut:
		number, _ := strconv.Atoi(r.URL.Query().Get("partNumber"))
		upload.parts[number] = body
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, md5.Sum(body)))
	case http.MethodDelete:
		delete(b.uploads, id)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPost:
		var named struct {
			Part []struct {
				PartNumber int
				ETag       string
			}
		}
		if err := xml.Unmarshal(body, &named); err != nil || len(named.Part) != len(upload.parts) {
			fail(w, http.StatusBadRequest, "InvalidPart")
			return
		}
		var whole []byte
		for _, p := range named.Part {
			whole = append(whole, upload.parts[p.PartNumber]...)
		}
		b.objects[upload.key] = object{whole, upload.meta}
		delete(b.uploads, id)
		fmt.Fprint(w, "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")
	}
}

func (b *bucket) list(w http.ResponseWriter) {
	fmt.Fprint(w, "<ListMultipartUploadsResult>")
	for id, u := range b.uploads {
		fmt.Fprintf(w, "<Upload><Key>%s</Key><UploadId>%s</UploadId><Initiated>%s</Initiated></Upload>", u.key, id,
			u.begun.UTC().Format(time.RFC3339))
	}
	fmt.Fprint(w, "</ListMultipartUploadsResult>")
}

// objectsBelow lists what is right below a folder.
func (b *bucket) objectsBelow(w http.ResponseWriter, prefix string) {
	fmt.Fprint(w, "<ListBucketResult>")
	for key := range b.objects {
		if rest, ok := strings.CutPrefix(key, prefix); ok && !strings.Contains(rest, "/") {
			fmt.Fprintf(w, "<Contents><Key>%s</Key></Contents>", key)
		}
	}
	fmt.Fprint(w, "</ListBucketResult>")
}

func (b *bucket) read(w http.ResponseWriter, r *http.Request, key string, wrong fault) {
	found, ok := b.objects[key]
	etag := fmt.Sprintf(`"%x"`, md5.Sum(found.body))
	switch match := r.Header.Get("If-Match"); {
	case !ok:
		fail(w, http.StatusNotFound, "NoSuchKey")
		return
	case match != "" && match != etag:
		fail(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	body := found.body
	if wrong == changed {
		body = bytes.Repeat([]byte("x"), len(body))
	}
	status, from := http.StatusOK, 0
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
		status, body = http.StatusPartialContent, body[from:]
	}
	w.Header().Set("ETag", etag)
	w.Header().Set("X-Amz-Meta-"+digestKey, found.meta)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	if wrong == cut {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body)
}

// left are the ids of uploads whose parts are still there.
func (b *bucket) left() []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var ids []string
	for id := range b.uploads {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (b *bucket) holds(key string) ([]byte, bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	found, ok := b.objects[key]
	return found.body, ok
}

func (b *bucket) called(call string) int {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.counts[call]
}
