package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

// bucketServer has the objects of one bucket, archives, each put as a whole.
// Package store tests what can go wrong on the way.
func bucketServer(t *testing.T) (objects *sync.Map) {
	t.Helper()
	objects = &sync.Map{}
	server := httptest.NewServer(bucketOf(objects))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "id",
		"AWS_SECRET_ACCESS_KEY":     "secret",
		"AWS_EC2_METADATA_DISABLED": "true", "XDG_CACHE_HOME": filepath.Join(t.TempDir(), "cache"),
	} {
		t.Setenv(name, value)
	}
	return objects
}

func bucketOf(objects *sync.Map) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const digest = "X-Amz-Meta-Offshoot-Sha256"
		found, ok := objects.Load(r.URL.Path)
		switch {
		case r.URL.Query().Has("list-type"):
			fmt.Fprint(w, "<ListBucketResult>")
			objects.Range(func(path, _ any) bool {
				key := strings.TrimPrefix(path.(string), "/archives/")
				if strings.HasPrefix(key, r.URL.Query().Get("prefix")) {
					fmt.Fprintf(w, "<Contents><Key>%s</Key></Contents>", key)
				}
				return true
			})
			fmt.Fprint(w, "</ListBucketResult>")
		case r.Method == http.MethodDelete:
			objects.Delete(r.URL.Path)
			w.WriteHeader(http.StatusNoContent)
		case r.URL.Path == "/archives": // it is there
		case !strings.HasPrefix(r.URL.Path, "/archives/"):
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "<Error><Code>NoSuchBucket</Code></Error>")
		case r.Method == http.MethodPut:
			body, _ := io.ReadAll(r.Body)
			objects.Store(r.URL.Path, []string{string(body), r.Header.Get(digest)})
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		default:
			w.Header().Set(digest, found.([]string)[1])
			w.Header().Set("Content-Length", fmt.Sprint(len(found.([]string)[0])))
			if r.Method == http.MethodGet {
				_, _ = io.WriteString(w, found.([]string)[0])
			}
		}
	})
}

func TestBucket_SubsetGoesThereAndUpFetchesIt(t *testing.T) {
	objects := bucketServer(t)
	source := pgtest.New(t)
	pgtest.Exec(t, source,
		"CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 100); ANALYZE")
	environment := lookup("OFFSHOOT_SOURCE", source)
	const to = "s3://archives/team/shop.sql"
	if _, stderr, code := capturedWith(t, environment, "subset", "--to", to, "--privacy", "off"); code != 0 ||
		!strings.Contains(stderr, "to "+to) {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	stored, ok := objects.Load("/archives/team/shop.sql")
	if !ok || !strings.Contains(stored.([]string)[0], "orders") {
		t.Fatalf("the bucket holds %.100v", stored)
	}
	if left, _ := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "offshoot", "passing", "*")); len(left) > 0 {
		t.Errorf("rows of production stay in %q", left)
	}
	if _, stderr, code := capturedWith(t, environment, "subset", "--to", to, "--privacy", "off"); code != exitUsage ||
		!strings.Contains(stderr, "--replace") {
		t.Errorf("a second time: exit code %d: %s", code, stderr)
	}
	for _, want := range []string{to, "in the cache"} {
		said := told(func(u *ui.UI) {
			got, err := here().archive(t.Context(), u, &config.Config{}, upOptions{archive: to},
				provision.Preview{ID: "p"})
			if err != nil {
				t.Fatal(err)
			}
			if content, err := os.ReadFile(got.path); err != nil || string(content) != stored.([]string)[0] {
				t.Errorf("fetched %d bytes, %v", len(content), err)
			}
		})
		if !strings.Contains(said, want) {
			t.Errorf("said %q, want %q", said, want)
		}
	}
}

func TestBucket_WhatIsWrongIsSaidBeforeTheWork(t *testing.T) {
	bucketServer(t)
	source := pgtest.New(t)
	for to, want := range map[string]string{
		"s3://nowhere/shop.sql":   "nowhere: no such bucket",
		"s3://archives/shop.tar":  "does not say which format",
		"s3://archives//":         "is no folder of a bucket",
		"https://archives/x.dump": "unknown kind of URL",
	} {
		if _, stderr, code := capturedWith(t, lookup("OFFSHOOT_SOURCE", source), "subset", "--to", to); code == 0 ||
			!strings.Contains(stderr, want) || strings.Contains(stderr, "choose rows") {
			t.Errorf("%s: exit code %d: %s", to, code, stderr)
		}
	}
	_, err := here().archive(t.Context(), nil, &config.Config{}, upOptions{archive: "s3://b"}, provision.Preview{})
	if err == nil || len(hint.Of(err)) != 1 {
		t.Errorf("%v, %q", err, hint.Of(err))
	}
}
