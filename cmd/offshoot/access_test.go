package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
)

func TestPrintAccess_GivesLinksAndPasswordOrTheWayToALinkThatNeedsNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	a := here()
	a.stdout = out
	access := &provision.Access{
		Links:    []provision.Link{{Service: "web", URL: "https://x/.offshoot/sign-in?token=t"}},
		Password: "abcd-efgh",
	}
	const want = "https://x/.offshoot/sign-in?token=t\npassword abcd-efgh\n"
	if err := (viewing{a}).printAccess(access, nil); err != nil {
		t.Error(err)
	}
	err = (viewing{a}).printAccess(nil, fmt.Errorf("shop-pr-1 %w", provision.ErrOpen))
	if hints := strings.Join(hint.Of(err), " "); err == nil || !strings.Contains(hints, "offshoot open") {
		t.Errorf("of an open one: %v, %q", err, hints)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("printed %q, %v", got, err)
	}
}
