package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

func documentOf(t *testing.T, result any) string {
	t.Helper()
	var out bytes.Buffer
	if err := ui.WriteJSON(&out, &ui.Secrets{}, ui.Document{Command: "x", Result: result}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestDocument_OfUp(t *testing.T) {
	got := documentOf(t, newUpResult(&provision.Result{
		Preview: provision.Preview{
			ID: "shop-pr-1", Project: "shop", Name: "pr-1", Repository: "example.com/shop",
			PullRequest: 1,
		}, Generation: 2,
		Links:    []provision.Link{{Service: "web", URL: "http://pr-1.shop.localhost:8480/"}},
		Loaded:   &provision.Loaded{Archive: "a.sql", SHA256: "00", Bytes: 5, Took: 1500 * time.Millisecond},
		Migrated: &provision.Migrated{Took: time.Second},
		Timings:  []provision.Timing{{Step: provision.StepLock, Took: 250 * time.Millisecond}},
		Changes:  []compose.Change{{Service: "db", What: "fsync=off", Why: "faster", Usual: true}},
	}))
	want := `{
  "version": 1,
  "command": "x",
  "exit": 0,
  "result": {
    "preview": {
      "id": "shop-pr-1",
      "project": "shop",
      "name": "pr-1",
      "repository": "example.com/shop",
      "pull_request": 1
    },
    "generation": 2,
    "links": [
      {
        "service": "web",
        "url": "http://pr-1.shop.localhost:8480/"
      }
    ],
    "loaded": {
      "archive": "a.sql",
      "sha256": "00",
      "bytes": 5,
      "seconds": 1.5
    },
    "migrated": {
      "output": [],
      "seconds": 1
    },
    "timings": [
      {
        "step": "lock",
        "seconds": 0.25
      }
    ],
    "changes": [
      {
        "service": "db",
        "what": "fsync=off",
        "why": "faster",
        "usual": true
      }
    ]
  }
}
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDocument_OfDown(t *testing.T) {
	got := documentOf(t, downDocument(provision.Removed{Removed: compose.Removed{Containers: []string{"a"}}}))
	want := `{
  "version": 1,
  "command": "x",
  "exit": 0,
  "result": {
    "containers": [
      "a"
    ],
    "networks": [],
    "volumes": [],
    "images": []
  }
}
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
