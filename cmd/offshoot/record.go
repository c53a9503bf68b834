package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/compat"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/queries"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/internal/visit"
	"github.com/offshoot-dev/offshoot/internal/whole"
	"github.com/offshoot-dev/offshoot/provision"
)

const recordLong = `Record boots this checkout's compose stack on an archive, visits its pages by their
links, and tells what the code asked of its database for each: statements, rows and
blocks. Nothing of it is left.

With --to it keeps the recording in a file; with --against it compares with one, such
as that of the main branch on the same archive, and exits with 3 where a page fails by
now, asks a statement again and again, or reads much more. What is counted does not
depend on how busy the computer is.

Without --archive, a subset of the configured source is made first.`

// recordOptions is the command line of record.
type recordOptions struct {
	up      upOptions
	project string // the folder
	to      string
	against string
	pages   []string
	headers string // file
	most    int
}

// What a visit does when nobody says.
const (
	visitedPages  = 40
	alikePages    = 2
	visitRounds   = 3
	visitPause    = 20 * time.Millisecond
	recordingLife = 2 * time.Hour // after which a sweep takes what is left for forgotten
)

func (a making) recordCommand() *cobra.Command {
	o := recordOptions{}
	c := &cobra.Command{
		Use:   "record",
		Short: "tell what each page asks of the database, against another recording",
		Long:  recordLong,
		Example: "  offshoot record --archive shop.sql.zst --to main.json\n" +
			"  offshoot record --archive shop.sql.zst --against main.json",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.record(c.Context(), o) },
	}
	f := c.Flags()
	loadingFlags(f, &o.up)
	f.StringVar(&o.project, "project", "", "`FOLDER` of the compose project (default: this one)")
	f.StringVar(&o.to, "to", "", "keep the recording in `FILE`")
	f.StringVar(&o.against, "against", "", "compare with the recording in `FILE`")
	f.StringArrayVar(&o.pages, "page", nil, "visit `PATH` first, and the links of it (default /); may be repeated")
	f.IntVar(&o.most, "pages", visitedPages, "visit `N` pages at most")
	f.StringVar(&o.headers, "headers", "", "send the headers in `FILE` with each request, such as Cookie: session=1")
	f.DurationVar(&o.up.timeout, "timeout", defaultTimeout, "how long to wait until the stack is ready")
	a.jsonFlag(c)
	return c
}

func (o *recordOptions) check() error {
	for _, page := range o.pages {
		if !strings.HasPrefix(page, "/") {
			return hint.Usage(fmt.Errorf("page %s", page), "write a path, such as /orders?state=new")
		}
	}
	if o.most < 1 {
		return hint.Usage(fmt.Errorf("--pages %d", o.most), "visit one page at least")
	}
	return o.up.check()
}

// header reads the headers of each request, and has their values shown nowhere.
func (a making) header(path string) (http.Header, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	header, err := visit.ParseHeader(strings.Split(strings.TrimSpace(string(text)), "\n"))
	if err != nil {
		return nil, hint.Usage(fmt.Errorf("%s: %w", path, err), "write lines such as Cookie: session=1")
	}
	for _, values := range header {
		for _, value := range values {
			a.secrets.Add(value)
		}
	}
	return header, nil
}

func (a making) record(ctx context.Context, o recordOptions) (err error) {
	defer func() {
		if err != nil && !errors.As(err, new(*checkError)) {
			err = fmt.Errorf("record: %w", err)
		}
	}()
	o.up.archive = a.archiveOf(o.up)
	if err := o.check(); err != nil {
		return err
	}
	header, err := a.header(o.headers)
	if err != nil {
		return err
	}
	before, err := readRecording(o.against)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(cmp.Or(o.project, "."))
	if err != nil {
		return err
	}
	cfg, err := a.configOf(dir)
	if err != nil {
		return err
	}
	recording, err := a.recordProject(ctx, cfg, o, header)
	if err != nil {
		return err
	}
	if o.to != "" {
		if err := whole.Write(o.to, 0o644, recording.WriteJSON); err != nil {
			return err
		}
	}
	if before == nil {
		return a.printDocument(recording)
	}
	comparison := queries.Compare(before, recording)
	if err := a.printDocument(comparison); err != nil {
		return err
	}
	if len(comparison.Worse) > 0 {
		return &checkError{"record: " + comparison.Headline()}
	}
	return nil
}

// readRecording reads a file of record; nil where none is named.
func readRecording(path string) (*queries.Recording, error) {
	if path == "" {
		return nil, nil
	}
	r, err := queries.Read(path)
	if err != nil {
		return nil, hint.Usage(err, "make it first: offshoot record --to FILE")
	}
	return r, nil
}

// recordedCode are the statements of a recording. How often they were sent says nothing
// about production.
func recordedCode(path string) ([]compat.Statement, error) {
	r, err := readRecording(path)
	if r == nil {
		return nil, err
	}
	all := r.Sent()
	for i := range all {
		all[i].Calls = 0
	}
	return all, nil
}

// recordProject records on the engine of this computer, whatever previews run on.
func (a making) recordProject(
	ctx context.Context, cfg *config.Config, o recordOptions, header http.Header,
) (recording *queries.Recording, err error) {
	err = a.throwAway(ctx, cfg, o.up, provision.IdentifyRecording, func(t throwAway) (err error) {
		t.options.Expires, t.options.Rehearse = recordingLife, false
		t.options.ServerSettings = queries.Settings
		result, err := t.engine.Up(ctx, t.options, newSteps(t.ui).observe)
		if err != nil {
			return err
		}
		defer func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			_, removed := t.engine.Down(ctx, result.Preview, provision.Guard{}, nil)
			err = errors.Join(err, removed)
		}()
		recording, err = a.recordPreview(ctx, t, result, o, header)
		return err
	})
	return recording, err
}

// recordPreview visits a preview that is up.
func (a making) recordPreview(
	ctx context.Context, t throwAway, result *provision.Result, o recordOptions, header http.Header,
) (*queries.Recording, error) {
	if result.Loaded == nil {
		return nil, hint.Usage(errors.New("there is no archive to record on"),
			"give one with --archive, or set source in offshoot.yaml")
	}
	ear := hear(ctx, t.engine, result)
	defer ear.stop()
	rounds, err := a.visit(ctx, t.ui, result, o, header)
	if err != nil {
		return nil, err
	}
	asked, err := ear.all(ctx)
	if err != nil {
		return nil, err
	}
	recording := queries.Record(asked, rounds)
	recording.Commit, recording.Archive = t.commit, result.Loaded.SHA256
	return recording, nil
}

// visit visits the pages of a preview on this computer.
func (a making) visit(
	ctx context.Context, u *ui.UI, result *provision.Result, o recordOptions, header http.Header,
) ([][]visit.Visit, error) {
	if len(result.Links) == 0 {
		return nil, errors.New("the preview has no link to visit")
	}
	base, err := url.Parse(result.Links[0].URL)
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	step := u.Start("visit pages")
	client := &http.Client{
		Timeout: 30 * time.Second, Jar: jar, CheckRedirect: visit.SameHost(base.Host),
		// Names below localhost lead here, whatever a resolver says.
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", port))
		}},
	}
	defer client.CloseIdleConnections()
	rounds := visit.Site(ctx, visit.Options{
		Client: client, Base: base, Pages: o.pages, Header: header, Most: o.most, Alike: alikePages,
		Rounds: visitRounds, Pause: visitPause,
	})
	if err := context.Cause(ctx); err != nil {
		step.Fail("")
		return nil, err
	}
	step.Done(ui.Plural(int64(len(rounds[0])), "page"))
	return rounds, nil
}

// An ear hears what the log of a preview's database tells, from the start on: it is
// not kept for long.
type ear struct {
	engine provision.Engine
	result *provision.Result
	stop   context.CancelFunc
	done   chan struct{}

	mu    sync.Mutex
	asked []queries.Query
	err   error
}

func hear(ctx context.Context, engine provision.Engine, result *provision.Result) *ear {
	ctx, stop := context.WithCancel(ctx)
	e := &ear{engine: engine, result: result, stop: stop, done: make(chan struct{})}
	read, write := io.Pipe()
	go func() {
		options := compose.LogOptions{Follow: true}
		_ = write.CloseWithError(engine.Logs(ctx, result.Preview, options, &withoutNames{w: write}))
	}()
	go func() {
		defer close(e.done)
		defer read.Close()
		err := queries.Listen(read, result.Loaded.Database, func(q queries.Query) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.asked = append(e.asked, q)
		})
		e.mu.Lock()
		defer e.mu.Unlock()
		e.err = err
	}()
	return e
}

// patienceOfLog is how long the log may be behind.
const patienceOfLog = 20 * time.Second

// all returns what was asked until now: the log has told all of it when it tells of
// a query of ours.
func (e *ear) all(ctx context.Context) ([]queries.Query, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patienceOfLog,
		errors.New("the log of the database does not tell what it is asked: its image lacks auto_explain, or "+
			"logs to somewhere else"))
	defer cancel()
	sign := rand.Text()
	// A record of the log has ended when the next one begins.
	two := []string{"-X", "-q", "-c", "SELECT '" + sign + "'", "-c", "SELECT 1"}
	code, err := e.engine.Psql(ctx, e.result.Preview, two,
		compose.ExecOptions{Stdout: io.Discard, Stderr: io.Discard})
	if err == nil && code != 0 {
		err = fmt.Errorf("psql: exit %d", code)
	}
	if err != nil {
		return nil, err
	}
	for ended := false; ; {
		e.mu.Lock()
		asked, err := e.asked, e.err
		e.mu.Unlock()
		heard := slices.IndexFunc(asked, func(q queries.Query) bool { return strings.Contains(q.Text, sign) })
		if heard >= 0 {
			return asked[:heard], nil
		}
		if ended {
			return nil, errors.Join(errors.New("the log of the database ended"), err)
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-e.done:
			ended = true
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// withoutNames leaves out which container a line is of.
type withoutNames struct {
	w    io.Writer
	rest []byte
}

func (n *withoutNames) Write(p []byte) (int, error) {
	n.rest = append(n.rest, p...)
	for {
		advance, line, _ := bufio.ScanLines(n.rest, false)
		if advance == 0 {
			return len(p), nil
		}
		n.rest = n.rest[advance:]
		if _, text, found := strings.Cut(string(line), "| "); found {
			if _, err := io.WriteString(n.w, text+"\n"); err != nil {
				return 0, err
			}
		}
	}
}
