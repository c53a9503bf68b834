package checks

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/queries"
	"github.com/offshoot-dev/offshoot/internal/visit"
)

// A Stack is one that is up, on this computer, whose database tells of its queries as queries.Settings have it.
type Stack interface {
	// Logs follows the log of its containers from the start on, until the context ends. Each line begins with the
	// container's name and "| ".
	Logs(ctx context.Context, w io.Writer) error
	// Psql runs psql in the database's container.
	Psql(ctx context.Context, args []string) (exit int, err error)
	// Run runs a command in the container of a service.
	Run(ctx context.Context, service string, command []string) (exit int, err error)
	// Site is where it answers, with what signs in where one has to; and Database is the one that the archive was
	// loaded into.
	Site() string
	Database() string
}

// What a visit does.
const (
	alikePages  = 2
	visitRounds = 3
	visitPause  = 10 * time.Millisecond // more than the log may be behind
	pageTime    = 30 * time.Second
)

// ErrSilent says that the database does not tell what it is asked.
var ErrSilent = errors.New("the log of the database does not tell what it is asked: its image lacks auto_explain, " +
	"or logs to somewhere else")

// Record visits the pages of a stack, runs what is to be run there, and tells what the code asked for that.
func (s Settings) Record(ctx context.Context, on Stack) (*queries.Recording, error) {
	return s.record(ctx, on, visitRounds)
}

func (s Settings) record(ctx context.Context, on Stack, times int) (*queries.Recording, error) {
	ear := hear(ctx, on)
	defer ear.stop()
	rounds, err := s.visit(ctx, on, times)
	if err != nil {
		return nil, err
	}
	var run []queries.Span
	if s.Run != nil {
		select { // the log tells of the last page's queries a moment later
		case <-time.After(visitPause):
		case <-ctx.Done():
		}
		span := queries.Span{Began: time.Now()}
		if span.Exit, err = on.Run(ctx, s.Run.Service, s.Run.Command); err != nil {
			return nil, fmt.Errorf("checks.run: %w", err)
		}
		span.Ended = time.Now()
		run = append(run, span)
	}
	asked, err := ear.all(ctx)
	if err != nil {
		return nil, err
	}
	return queries.Record(asked, rounds, run...), nil
}

// visit signs in, where somebody is to, and visits the pages.
func (s Settings) visit(ctx context.Context, on Stack, times int) ([][]visit.Visit, error) {
	base, err := url.Parse(on.Site())
	if err != nil || base.Host == "" {
		return nil, errors.New("the preview has no link to visit")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{
		Timeout: pageTime, Jar: jar, CheckRedirect: visit.SameHost(base.Host),
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
	if base.RawQuery != "" || base.Path != "" && base.Path != "/" { // the way in
		if err := visit.Enter(ctx, client, base); err != nil {
			return nil, err
		}
		base = &url.URL{Scheme: base.Scheme, Host: base.Host, Path: "/"}
	}
	o := visit.Options{
		Client: client, Base: base, Pages: s.first(), Header: s.header(), Most: s.MostPages(), Alike: alikePages,
		Rounds: times, Pause: visitPause,
	}
	if s.Login != nil {
		if err := visit.SignIn(ctx, o, s.Login.Path, s.Login.Form); err != nil {
			return nil, hint.Wrap(fmt.Errorf("checks.login: %w", err), "see checks.login in offshoot.yaml")
		}
	}
	rounds := visit.Site(ctx, o)
	return rounds, context.Cause(ctx)
}

func (s Settings) header() http.Header {
	h := http.Header{}
	for name, value := range s.Headers {
		if value != "" {
			h.Set(name, value)
		}
	}
	return h
}

// An ear hears what the log of a stack's database tells, from the start on: it is not kept for long.
type ear struct {
	on   Stack
	stop context.CancelFunc
	done chan struct{}

	mu    sync.Mutex
	asked []queries.Query
	err   error
}

func hear(ctx context.Context, on Stack) *ear {
	ctx, stop := context.WithCancel(ctx)
	e := &ear{on: on, stop: stop, done: make(chan struct{})}
	read, write := io.Pipe()
	go func() {
		_ = write.CloseWithError(on.Logs(ctx, &withoutNames{w: write}))
	}()
	go func() {
		defer close(e.done)
		defer read.Close()
		err := queries.Listen(read, on.Database(), func(q queries.Query) {
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

// all returns what was asked until now: the log has told all of it when it tells of a query of ours.
func (e *ear) all(ctx context.Context) ([]queries.Query, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patienceOfLog, ErrSilent)
	defer cancel()
	sign := rand.Text()
	// A record of the log has ended when the next one begins.
	code, err := e.on.Psql(ctx, []string{"-X", "-q", "-c", "SELECT '" + sign + "'", "-c", "SELECT 1"})
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

// mostLine bounds a line that has no end yet.
const mostLine = 4 << 20

func (n *withoutNames) Write(p []byte) (int, error) {
	n.rest = append(n.rest, p...)
	for {
		advance, line, _ := bufio.ScanLines(n.rest, false)
		if advance == 0 {
			if len(n.rest) > mostLine {
				n.rest = nil
			}
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
