package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/shop/internal/schema"
	"example.com/shop/internal/shoptest"
)

// TestMain is the shop itself when a test starts it as a process.
func TestMain(m *testing.M) {
	if os.Getenv("SHOP_TEST_PROCESS") == "1" {
		main()
		return
	}
	shoptest.Main(m)
}

// process is a shop that runs on its own, as in a container.
type process struct {
	command *exec.Cmd
	output  *bufio.Reader
}

func start(t *testing.T, environment []string, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	p := &process{command: exec.CommandContext(ctx, self, args...)}
	p.command.Dir = t.TempDir()
	p.command.Env = append([]string{"SHOP_TEST_PROCESS=1", "PATH=" + os.Getenv("PATH")}, environment...)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	p.command.Stdout, p.command.Stderr, p.output = writer, writer, bufio.NewReader(reader)
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	return p
}

// await reads output up to the line with a text in it, and returns that line.
func (p *process) await(t *testing.T, want string) string {
	t.Helper()
	var all strings.Builder
	for {
		line, err := p.output.ReadString('\n')
		all.WriteString(line)
		if strings.Contains(line, want) {
			return line
		}
		if err != nil {
			t.Fatalf("no %q in %s: %v", want, all.String(), err)
		}
	}
}

// end waits for the process and returns the rest of its output and its code.
func (p *process) end(t *testing.T) (string, int) {
	t.Helper()
	rest, err := io.ReadAll(p.output)
	if err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := p.command.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(rest), p.command.ProcessState.ExitCode()
}

func TestProcess_WebStopsOnEitherSignal(t *testing.T) {
	address := shoptest.Shared(t, schema.PullRequest)
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		p := start(t, []string{"DATABASE_URL=" + address.URL}, "web", "--listen", "127.0.0.1:0")
		line := p.await(t, "address=")
		_, at, _ := strings.Cut(strings.TrimSpace(line), "address=")
		response, err := http.Get("http://" + at + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("healthz answers %s", response.Status)
		}
		if err := p.command.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if rest, code := p.end(t); code != 0 {
			t.Errorf("%v: exit %d, %s", signal, code, rest)
		}
	}
}

func TestProcess_WorkerStopsOnSIGTERM(t *testing.T) {
	p := start(t, []string{"DATABASE_URL=" + shoptest.Seeded(t, schema.Production).URL}, "worker", "--every", "1h")
	p.await(t, "products_changed=0")
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if rest, code := p.end(t); code != 0 || !strings.Contains(rest, "stopped") {
		t.Errorf("exit %d, %s", code, rest)
	}
}

func TestProcess_WorkerWaitsForADatabaseThatIsNotThere(t *testing.T) {
	p := start(t, []string{"DATABASE_URL=host=" + t.TempDir() + " user=shop password=hunter2"}, "worker", "--every",
		"1ms")
	for range 3 {
		if line := p.await(t, "level=WARN"); strings.Contains(line, "hunter2") {
			t.Errorf("the log tells the password: %s", line)
		}
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if rest, code := p.end(t); code != 0 {
		t.Errorf("exit %d, %s", code, rest)
	}
}

func TestProcess_ExitCodesReachTheShell(t *testing.T) {
	for _, each := range []struct {
		args []string
		want int
		text string
	}{
		{nil, 0, "usage: shop COMMAND"},
		{[]string{"prune"}, 2, `no command "prune"`},
		{[]string{"migrate"}, 1, "no database"},
		{[]string{"worker", "--every", "0s"}, 2, "--every must be above 0"},
		{[]string{"healthcheck", "--address", "http://127.0.0.1:1/", "--timeout", "1s"}, 1, "shop healthcheck: "},
	} {
		if text, code := start(t, nil, each.args...).end(t); code != each.want || !strings.Contains(text, each.text) {
			t.Errorf("%v: exit %d, %q; want %d, %q", each.args, code, text, each.want, each.text)
		}
	}
}

func TestServe_SaysWhyItCannotStart(t *testing.T) {
	address := shoptest.Shared(t, schema.Production)
	for want, args := range map[string][]string{
		"listen tcp": {"--listen", "256.0.0.1:80"},
		"address":    {"--listen", "nonsense"},
	} {
		code, _, errs := shop(t, append([]string{"web", "--url", address.URL}, args...)...)
		if code != 1 || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
}

// A preview's database may come up after the shop; the page says so meanwhile.
func TestServe_StartsWithoutADatabase(t *testing.T) {
	p := start(t, []string{"DATABASE_URL=host=" + t.TempDir() + " user=shop"}, "web", "--listen", "127.0.0.1:0")
	_, at, _ := strings.Cut(strings.TrimSpace(p.await(t, "address=")), "address=")
	for path, want := range map[string]int{"/healthz": 503, "/": 503, "/style.css": 200, "/pictures/fern/1": 200} {
		response, err := http.Get("http://" + at + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s answers %d, want %d", path, response.StatusCode, want)
		}
	}
	if code, _, errs := shop(t, "healthcheck", "--address", "http://"+at+"/healthz"); code != 1 ||
		!strings.Contains(errs, "503") {
		t.Errorf("healthcheck: exit %d, %s", code, errs)
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, code := p.end(t); code != 0 {
		t.Errorf("exit %d", code)
	}
}

func TestServe_ShowsTheContentFolder(t *testing.T) {
	content := t.TempDir()
	if err := os.WriteFile(filepath.Join(content, "announcement.md"), []byte("# From the *mount*"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, []string{"DATABASE_URL=" + shoptest.Shared(t, schema.Production).URL, "OFFSHOOT_PREVIEW=pr-7"},
		"web", "--listen", "127.0.0.1:0", "--content", content)
	_, at, _ := strings.Cut(strings.TrimSpace(p.await(t, "address=")), "address=")
	read := func() string {
		response, err := http.Get("http://" + at + "/")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var body bytes.Buffer
		if _, err := body.ReadFrom(response.Body); err != nil {
			t.Fatal(err)
		}
		return body.String()
	}
	if body := read(); !strings.Contains(body, "<h2>From the <em>mount</em></h2>") || !strings.Contains(body, "pr-7") {
		t.Error("the home page lacks the announcement or the preview's name")
	}
	if err := os.WriteFile(filepath.Join(content, "announcement.md"), []byte("Changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if body := read(); !strings.Contains(body, "<p>Changed</p>") {
		t.Error("a changed text is not shown")
	}
}
