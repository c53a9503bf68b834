package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/subset"
)

// oneLine is the result of a document without its spaces.
func oneLine(t *testing.T, result any) string {
	t.Helper()
	var doc struct{ Result json.RawMessage }
	if err := json.Unmarshal([]byte(documentOf(t, result)), &doc); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, doc.Result); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestDocument_ShapesOfTheOtherCommands(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		name   string
		result any
		want   string
	}{
		{"list of none", listResult{Previews: []provision.Status{}}, `{"previews":[]}`},
		{
			"list",
			listResult{Previews: []provision.Status{{
				Preview: provision.Preview{ID: "shop-a", Project: "shop", Name: "a", Repository: "r", Branch: "a"},
				State:   provision.Serving, Generation: 3,
				Commit: "c0ffee", Archive: "00ff", Database: "db", Created: at, Expires: at.Add(time.Hour),
				Links: []provision.Link{{Service: "web", URL: "http://a"}},
				Services: []provision.Service{
					{Name: "web", State: "running", Health: "healthy"},
					{Name: "once", State: "exited", ExitCode: 1},
				},
			}}},
			`{"previews":[{"preview":{"id":"shop-a","project":"shop","name":"a","repository":"r","branch":"a"},"state":"serving","generation":3,` +
				`"commit":"c0ffee","archive":"00ff","database":"db","created":"2026-01-02T03:04:05Z","expires":"2026-01-02T04:04:05Z",` +
				`"links":[{"service":"web","url":"http://a"}],"services":[{"name":"web","state":"running","health":"healthy"},{"name":"once","state":"exited","exit_code":1}]}]}`,
		},
		{
			"doctor",
			doctorResult{Findings: []finding{
				{Check: "port", OK: true, Text: "free"},
				{Check: "source", Text: "no", Hints: []string{"do"}},
			}},
			`{"findings":[{"check":"port","ok":true,"text":"free"},{"check":"source","ok":false,"text":"no","hints":["do"]}]}`,
		},
		{
			"up that loaded and migrated nothing",
			newUpResult(&provision.Result{Preview: provision.Preview{
				ID: "shop-a", Project: "shop", Name: "a",
				Repository: "r",
			}, Links: []provision.Link{}, Kept: true, Expires: at}),
			`{"preview":{"id":"shop-a","project":"shop","name":"a","repository":"r"},"generation":0,"links":[],"kept_data":true,` +
				`"expires":"2026-01-02T03:04:05Z","timings":[],"changes":[]}`,
		},
		{"down that found no machine", downDocument(provision.Removed{Machines: []string{}}), `{"machines":[]}`},
		{
			"down that found nothing", downDocument(provision.Removed{}),
			`{"containers":[],"networks":[],"volumes":[],"images":[]}`,
		},
	} {
		if diff := cmp.Diff(c.want, oneLine(t, c.result)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestDocument_OfASubset(t *testing.T) {
	got := oneLine(t, &subset.Report{
		Version: 1, Database: "shop", Server: 170002, Seed: 7, Curve: "10:3,1000000:10000", SourceRows: 100,
		Target: 15, Rows: 16, Overflow: 1,
		Bytes: 900, Seconds: 1.5, Steps: []subset.Step{{Name: "copy", Seconds: 1}},
		Tables: []subset.TableReport{{
			Schema: "public", Name: "a", Source: 100, Target: 15, Rows: 16, Sampled: 15,
			Forced: 1, ForcedBy: []subset.Force{{Key: "public.b.fk", Rows: 1}},
		}},
		Keys: []subset.KeyReport{{
			Name: "fk", Child: "public.b", Parent: "public.a", Declared: true, Validated: true,
			Rows: 4,
		}},
	})
	want := `{"version":1,"database":"shop","server_version":170002,"seed":7,"curve":"10:3,1000000:10000","source_rows":100,"target":15,"rows":16,` +
		`"overflow":1,"target_error":0,"bytes":900,"seconds":1.5,"steps":[{"name":"copy","seconds":1}],"tables":[{"schema":"public","name":"a","source_rows":100,` +
		`"target":15,"rows":16,"sampled":15,"forced":1,"forced_by":[{"key":"public.b.fk","rows":1}],"bytes":0,"seconds":0,"target_error":0}],` +
		`"keys":[{"name":"fk","child":"public.b","parent":"public.a","declared":true,"validated":true,"rows":4,"dangling":0}]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// printed returns what print wrote to stdout.
func printed(t *testing.T, a placing, print func() error) (string, error) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	a.stdout = out
	failed := print()
	data, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(data), failed
}

func TestDoctor_OneLineForEachCheckAndItsHintsBelow(t *testing.T) {
	a := here()
	a.secrets.Add("hunter9")
	found := []finding{
		{Check: "configuration", OK: true, Text: "/srv/offshoot.yaml"},
		{Check: "source", Text: "dial u:hunter9@h\nsecond line", Hints: []string{"check the URL", "and the network"}},
		{Check: "port", Text: "::error::taken \x1b[31m"},
	}
	got, err := printed(t, a, func() error { return (setup{a}).printFindings(found) })
	want := `ok    configuration  /srv/offshoot.yaml
fail  source         dial u:***@h
                     second line
                     hint: check the URL
                     hint: and the network
fail  port           : :error::taken
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if exitCode(t.Context(), err) != exitCheckFailed || err.Error() != "doctor: 2 of 3 checks failed" {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(doctorResult{Findings: found}, a.result); diff != "" || found[1].Check != "source" {
		t.Errorf("the document is not what was found: %s", diff)
	}
	a.json = true
	if got, err := printed(t, a, func() error { return (setup{a}).printFindings(found[:1]) }); got != "" || err != nil {
		t.Errorf("with --json: %q, %v", got, err)
	}
}

func TestListTable_WideNamesStayInTheirColumns(t *testing.T) {
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	got := ui.Table(listRows([]provision.Status{
		{
			Preview: provision.Preview{Name: "世界", Project: "größe"}, State: provision.Serving, Commit: "abc",
			Created: now, Expires: now.Add(time.Minute),
		},
		{
			Preview: provision.Preview{Name: "e\u0301", Project: "x\x1b[31m"}, State: provision.Starting,
			Created: now.Add(time.Hour),
		},
		{
			Preview: provision.Preview{Name: "pr-1234567", Project: "shop"}, State: provision.Incomplete, Expires: now,
			Services: []provision.Service{
				{Name: "web", State: "restarting"},
				{Name: "db", State: "running", Health: "starting"},
				{Name: "job", State: "running", ExitCode: 1},
			},
		},
	}, now))
	want := `PREVIEW     PROJECT  STATE                        COMMIT  AGE  EXPIRES
世界        größe    serving                      abc     0s   in 1m
` + "e\u0301           x        starting                             0s   never\n" +
		`pr-1234567  shop     incomplete (web restarting)               in 0s
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRough_ChangesItsUnitAtItsBorders(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{-time.Hour, "0s"},
		{59*time.Second + 999*time.Millisecond, "59s"},
		{time.Minute, "1m"},
		{time.Hour - 1, "59m"},
		{time.Hour, "1h"},
		{48*time.Hour - 1, "47h"},
		{48 * time.Hour, "2d"},
		{59 * time.Hour, "2d"},
		{61 * time.Hour, "3d"},
	} {
		if got := rough(c.d); got != c.want {
			t.Errorf("rough(%v) = %s, want %s", c.d, got, c.want)
		}
	}
}

func TestWriteReport_ReplacesTheFileWhole(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "r.md"), filepath.Join(dir, "other.md")
	write(t, other, "somebody else's")
	if err := os.Symlink(other, path); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := writeReport(path, smallReport); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("mode %v, %v, want a file that all may read", info.Mode(), err)
	}
	if data, err := os.ReadFile(other); string(data) != "somebody else's" {
		t.Errorf("what the link named is overwritten: %s, %v", data, err)
	}
	wantFiles(t, dir, "other.md", "r.md")
	// Where nothing can be written, whoever runs this.
	if err := writeReport("/proc/self/report.json", smallReport); err == nil ||
		!strings.HasPrefix(err.Error(), "report: ") || exitCode(t.Context(), err) != exitFailed {
		t.Errorf("error %v", err)
	}
}

func TestPrintReport_GoesWhereTheScriptDoesNot(t *testing.T) {
	a := here()
	stderr, err := os.Create(filepath.Join(t.TempDir(), "err"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	a.stderr = stderr
	for to, onStdout := range map[string]bool{"": true, "a.sql": true, "-": false} {
		got, err := printed(t, a, func() error { return (data{a}).printMade(subsetOptions{to: to}, smallReport) })
		if strings.Contains(got, "orders") != onStdout || err != nil {
			t.Errorf("--to %q: %q on stdout, %v", to, got, err)
		}
	}
	if data, err := os.ReadFile(stderr.Name()); !strings.Contains(string(data), "orders") {
		t.Errorf("%q on stderr, %v", data, err)
	}
	a.json = true
	asked := subsetOptions{to: "a.sql"}
	if got, err := printed(t, a, func() error { return (data{a}).printMade(asked, smallReport) }); got != "" ||
		err != nil || a.result != any(smallReport) {
		t.Errorf("with --json: %q, %v, %v", got, err, a.result)
	}
}

func TestAnswers_InOneLine(t *testing.T) {
	got := []string{
		kept(&subset.Report{Database: "shop", Rows: 1, SourceRows: 1234567, Tables: make([]subset.TableReport, 12)}),
		describeRemoved(provision.Removed{Removed: compose.Removed{
			Containers: []string{"a"},
			Volumes:    []string{"b", "c"},
		}}),
		describeRemoved(provision.Removed{Machines: []string{"i-1", "i-2"}}),
	}
	want := []string{
		"kept 1 row of shop's 1,234,567 rows in 12 tables, no foreign key dangles that did not before",
		"1 container, 0 networks, 2 volumes and 0 images",
		"2 machines",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
