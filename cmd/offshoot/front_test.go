package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// What the README shows of the sample shop is what comes out today.

// differing is what is another from run to run: times, and bytes, since the key of the mask is.
var differing = regexp.MustCompile(`\b\d+(\.\d+)? ?(m?s|k?B)\b| {2,}`)

func TestFront_ShowsTheSubsetThatTheSampleShopGives(t *testing.T) {
	dir, source := sampleShop(t)
	file := filepath.Join(t.TempDir(), "shop.sql.zst")
	for _, c := range []struct {
		page, command string
		args          []string
	}{
		{"README.md", "offshoot subset --to shop.sql.zst", []string{"--to", file}},
		{"docs/subset.md", "offshoot subset --plan", []string{"--plan"}},
	} {
		cmd := exec.Command(programPath(t), append([]string{"subset"}, c.args...)...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "OFFSHOOT_SOURCE="+source)
		output, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		isShown(t, c.page, c.command, string(output))
	}
}

// isShown fails where a page shows lines below a command that are not in its output, in that order.
func isShown(t *testing.T, page, command, output string) {
	t.Helper()
	// The database of the sample is called otherwise here.
	output = regexp.MustCompile(`(?m)^\S+: (kept|about)`).ReplaceAllString(output, "shop: $1")
	rest := differing.ReplaceAllString(output, " ")
	for _, line := range consoleBlock(t, "../../"+page, "$ "+command) {
		if line == "…" {
			continue
		}
		line = differing.ReplaceAllString(line, " ")
		at := strings.Index("\n"+rest, "\n"+line+"\n")
		if at < 0 {
			t.Fatalf("%s shows %q, which is not there, or elsewhere, in:\n%s", page, line, output)
		}
		rest = rest[at+len(line):]
	}
}

// sampleShop is a copy of the sample project in a git checkout, with its program, and the database of its demo.
func sampleShop(t *testing.T) (dir, source string) {
	t.Helper()
	dir, source = filepath.Join(t.TempDir(), "shop"), pgtest.New(t)
	if err := os.CopyFS(dir, os.DirFS("../../testdata/shop")); err != nil {
		t.Fatal(err)
	}
	shop := filepath.Join(dir, "bin", "shop")
	for _, args := range [][]string{
		{"go", "build", "-trimpath", "-o", shop, "."},
		{shop, "migrate", "--set", "production"},
		{shop, "seed", "--scale", "1"},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "DATABASE_URL="+source)
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, output)
		}
	}
	git(t, dir, "init", "-q", "-b", "care")
	git(t, dir, "add", ".")
	git(t, dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "care levels")
	return dir, source
}

// consoleBlock is what a page shows below a command, to the end of its block.
func consoleBlock(t *testing.T, page, command string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "\n"+command+"\n")
	block, _, ended := strings.Cut(after, "\n```")
	if !found || !ended {
		t.Fatalf("%s does not show %s", page, command)
	}
	return strings.Split(block, "\n")
}

// -update records the comment from a run; without it, what it says has to be what the program of today can say.
func TestFront_ShowsTheCommentThatTheSampleShopGets(t *testing.T) {
	const page = "../../docs/images/comment.md"
	if *update {
		recordComment(t, page)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	known, err := os.ReadFile("../../internal/report/testdata/ready.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, label := range regexp.MustCompile(`(?m)^\| [A-Z][A-Za-z ]* \||<summary>[A-Z][a-z]+ ?[a-z]*`).FindAll(text, -1) {
		if !bytes.Contains(known, label) {
			t.Errorf("%s is none of the comment's any more: go test ./cmd/offshoot -run TestFront -update", label)
		}
	}
	if !bytes.Contains(text, []byte("| Rehearsal |")) || !bytes.Contains(text, []byte("**[Open web](<http")) {
		t.Errorf("the comment lacks its rehearsal or its link:\n%s", text)
	}
}

func recordComment(t *testing.T, page string) {
	needEngine(t)
	keepGateway(t)
	dir, source := sampleShop(t)
	t.Cleanup(func() { offshoot(t, dir, 0, "down", "--all") })
	write(t, filepath.Join(dir, ".env"), fmt.Sprintf("POSTGRES_VERSION=%d\n", pgtest.Major(t)))
	cmd := exec.Command(programPath(t), "subset", "--to", "shop.sql.zst")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "OFFSHOOT_SOURCE="+source)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	j := newJob(t, dir)
	j.noArchive, j.env = true, []string{"OFFSHOOT_ARCHIVE=" + filepath.Join(dir, "shop.sql.zst")}
	j.run(0, j.event("opened"))
	write(t, page, j.comment())
}
