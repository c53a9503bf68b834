package gateway

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/worktree"
)

// An engine on another computer has another folder at the same place.
func TestCopy_TakesWhatIsNamedOfThatVeryFolder(t *testing.T) {
	from := t.TempDir()
	for _, file := range []string{"wanted", "secret"} {
		if err := os.WriteFile(filepath.Join(from, file), []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(from)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	here, err := worktree.Identity(root)
	if err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]CopyReply{
		here:        {Copied: worktree.Copied{Files: 1, Bytes: 4}},
		"elsewhere": {Elsewhere: true},
	} {
		to := t.TempDir()
		request, _ := json.Marshal(CopyRequest{Folder: folder, Entries: []worktree.Entry{{From: "wanted", To: "as"}}})
		var out bytes.Buffer
		if err := Command(t.Context(), []string{"copy", from, to}, bytes.NewReader(request), &out); err != nil {
			t.Fatal(err)
		}
		var got CopyReply
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got.Shared = false; got != want {
			t.Errorf("%s: %+v, want %+v", folder, got, want)
		}
		if entries, err := os.ReadDir(to); err != nil || len(entries) != want.Files {
			t.Errorf("%s: it holds %v, %v", folder, entries, err)
		}
	}
	for _, args := range [][]string{{"copy"}, {"copy", from}, {"copy", "/missing", from}, {"copy", from, "/missing"}} {
		if err := Command(t.Context(), args, strings.NewReader("{}"), new(bytes.Buffer)); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
	if err := Command(t.Context(), []string{"copy", from, t.TempDir()}, strings.NewReader("{"), nil); err == nil {
		t.Error("half a request is taken")
	}
}
