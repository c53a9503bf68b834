package report_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/offshoot-dev/offshoot/internal/report"
)

var update = flag.Bool("update", false, "write what comes out into the golden files")

// Each file has a report as JSON and the Markdown that it becomes.
func TestMarkdown_IsAsInTheGoldenFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r report.Report
		if err := json.Unmarshal(archive.Files[0].Data, &r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		got := report.Markdown(r, nil)
		if *update {
			archive.Files = append(archive.Files[:1], txtar.File{Name: "comment.md", Data: []byte(got)})
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(archive.Files[1].Data), got); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

func TestMarkdown_ShowsHostileTextAsText(t *testing.T) {
	evil := "x`](https://evil.test) <img src=x onerror=alert(1)> | @acme/everyone #1 !2 **bold** https://evil.test " +
		"www.evil.test\n::set-output name=a::b\u202e"
	r := report.Report{
		Preview: evil, State: report.Failed, Reason: evil, Reply: evil, Commit: "<b>@all", Machine: evil, SignIn: evil,
		Links: []report.Link{
			{Service: evil, URL: "javascript:alert(1)"},
			{Service: evil, URL: "http://a.test/<b>](x)"},
		},
		Loaded:    &report.Loaded{Archive: evil, Tables: []report.Table{{Name: evil, Rows: 1}}},
		Changes:   []report.Change{{Service: evil, What: evil, Why: evil}},
		Migrated:  &report.Migrated{Output: []string{evil}},
		Rehearsal: &report.Rehearsal{Headline: evil, Lines: []string{evil}},
		Failure: &report.Failure{
			Step: evil, Service: evil, Error: evil, Hints: []string{evil},
			Log: []string{"``````", "\x1b[31mred " + evil},
		},
		Graph: "graph TD\n```\n" + evil,
	}
	written := report.Markdown(r, nil)
	outside := outsideFences(t, written)
	for _, bad := range []string{
		"<img", "@acme", "](https://evil", "javascript:", "**bold**", "\n::",
		"https://evil.test", "www.evil", "\u202e", "#1 ", "!2", "<b>",
	} {
		if strings.Contains(outside, bad) {
			t.Errorf("%q has a meaning in:\n%s", bad, outside)
		}
	}
	if strings.Contains(written, "\x1b") || strings.Contains(written, "mermaid") {
		t.Errorf("control characters, or a graph that ends its fence:\n%s", written)
	}
}

// outsideFences is what is no log, and fails when a fence is left open.
func outsideFences(t *testing.T, written string) string {
	t.Helper()
	var out []string
	fence := ""
	for line := range strings.SplitSeq(written, "\n") {
		switch {
		case fence == "" && strings.HasPrefix(line, "```"):
			fence = line[:len(line)-len(strings.TrimLeft(line, "`"))]
		case fence != "" && line == fence:
			fence = ""
		case fence == "":
			out = append(out, line)
		}
	}
	if fence != "" {
		t.Errorf("the fence %s stays open", fence)
	}
	return strings.Join(out, "\n")
}

func TestMarkdown_FitsIntoAComment(t *testing.T) {
	long := strings.Repeat("many words ", 40)
	for name, r := range map[string]report.Report{
		"a long log": {
			State: report.Failed,
			Failure: &report.Failure{
				Step: "migrate", Error: "exit 1",
				Log: strings.Split(strings.Repeat(long+"\n", 400), "\n"),
			},
		},
		"a long line": {
			State:   report.Failed,
			Failure: &report.Failure{Step: "migrate", Error: "exit 1", Log: []string{strings.Repeat("é", 70_000)}},
		},
		"many changes": {
			State: report.Ready, Links: []report.Link{{Service: "web", URL: "http://a.test/"}},
			Changes: make([]report.Change, 9000),
		},
		"a long error": {
			State: report.Failed, Reason: strings.Repeat(long, 300),
			Failure: &report.Failure{Error: strings.Repeat(long, 300)},
		},
	} {
		written := report.Markdown(r, nil)
		if n := len([]rune(written)); n > report.Most-100 {
			t.Errorf("%s: %d characters", name, n)
		}
		if r.Failure != nil && name != "a long error" && !strings.Contains(written, "**migrate**") ||
			len(r.Links) > 0 && !strings.Contains(written, "a.test") {
			t.Errorf("%s: what matters is lost", name)
		}
		outsideFences(t, written)
	}
}

func TestMarkdown_RedactsWhatComesFromElsewhere(t *testing.T) {
	const secret = "hunter22"
	r := report.Report{
		State: report.Failed, Reason: secret, Reply: secret, Graph: "graph TD\n" + secret,
		Changes:   []report.Change{{What: secret, Why: secret}},
		Migrated:  &report.Migrated{Took: time.Second, Output: []string{secret}},
		Rehearsal: &report.Rehearsal{Headline: secret, Lines: []string{secret}},
		Failure: &report.Failure{
			Step: "start", Error: secret, Hints: []string{secret},
			Log: []string{"password=" + secret},
		},
	}
	written := report.Markdown(r, func(s string) string { return strings.ReplaceAll(s, secret, "***") })
	if strings.Contains(written, secret) ||
		strings.Count(written, "***")+strings.Count(written, "&#42;&#42;&#42;") < 8 {
		t.Error(written)
	}
	if r.Failure.Log[0] != "password="+secret {
		t.Error("the report itself was changed")
	}
}

func TestMarkdown_SaysThatALinkWorksOnTheRunnerAlone(t *testing.T) {
	for link, want := range map[string]string{
		"http://pr-1.shop.localhost:8480/":        "-L 8480:127.0.0.1:8480 RUNNER",
		"http://pr-1.shop.localhost/":             "-L 80:127.0.0.1:80 RUNNER",
		"https://shop-pr-1.previews.example.com/": "", "https://localhost.example.com/": "",
		"https://shop-pr-1.203-0-113-7.sslip.io/": "",
	} {
		for _, state := range []report.State{report.Ready, report.Building, report.Failed} {
			written := report.Markdown(report.Report{
				Preview: "pr-1 of shop", State: state,
				Links: []report.Link{{Service: "web", URL: link}},
			}, nil)
			if strings.Contains(written, "works on the runner alone") != (want != "") ||
				!strings.Contains(written, want) {
				t.Errorf("%s: %s", link, written)
			}
		}
	}
	if written := report.Markdown(report.Report{Preview: "pr-1 of shop", State: report.Removed},
		nil); strings.Contains(written, "runner") {
		t.Error(written)
	}
}
