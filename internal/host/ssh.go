package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Remote says how to reach a machine by SSH.
type Remote struct {
	Address string // host:port
	User    string
	Key     []byte // private, in PEM
	// Agent is the socket of an SSH agent that logs in, where there is no Key.
	Agent string
	// HostKey is the only key that the machine may show, or each in a line.
	HostKey string
	// Admit is called ahead of each connection, also one that is made anew, so
	// that the machine lets the key in; nil: it always does.
	Admit func(context.Context) error
	// Dial makes the connection that SSH goes over; nil: TCP to the address.
	Dial func(context.Context) (net.Conn, error)
	// Timeout bounds the making of a connection; 0: ten seconds.
	Timeout time.Duration
	// Alive is the pause between two signs of life, and how long to wait for
	// an answer to one; 0: fifteen seconds.
	Alive time.Duration
}

// ErrLogin says that the machine is the right one and does not let us in.
var ErrLogin = errors.New("the machine refuses the key")

// ErrLost says that the connection broke while a command ran: whether it goes
// on is not known.
var ErrLost = errors.New("the connection was lost")

// SSH is a machine that is reached by SSH. A connection that was lost is made
// anew by the next command.
type SSH struct {
	remote Remote
	config *ssh.ClientConfig

	mutex  sync.Mutex // guards what follows
	line   *line
	closed bool
}

// line is one connection and the goroutine that keeps it alive.
type line struct {
	client *ssh.Client
	dead   chan struct{} // closed when the connection has ended
	ended  sync.WaitGroup
}

// Dial connects to a machine. It is a *HostKeyError when another one answers,
// to which nothing has been sent then.
func Dial(ctx context.Context, remote Remote) (*SSH, error) {
	if remote.Timeout == 0 {
		remote.Timeout = 10 * time.Second
	}
	if remote.Alive == 0 {
		remote.Alive = 15 * time.Second
	}
	config, err := remote.config()
	if err != nil {
		return nil, err
	}
	s := &SSH{remote: remote, config: config}
	if _, err := s.connected(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func (r Remote) config() (*ssh.ClientConfig, error) {
	if len(r.Key) > 0 || r.Agent == "" { // it is known now that it is none
		if _, err := parseKey(r.Key); err != nil {
			return nil, fmt.Errorf("key to log in with: %w", err)
		}
	}
	wanted, err := hostKeys(r.HostKey)
	if err != nil {
		return nil, fmt.Errorf("host key of %s: %w", r.Address, err)
	}
	return &ssh.ClientConfig{
		User: r.User, HostKeyAlgorithms: algorithms(wanted),
		HostKeyCallback: func(_ string, _ net.Addr, shown ssh.PublicKey) error {
			var prints []string
			for _, want := range wanted {
				if publicLine(shown) == publicLine(want) {
					return nil
				}
				prints = append(prints, ssh.FingerprintSHA256(want))
			}
			return &HostKeyError{
				Address: r.Address, Want: strings.Join(prints, " or "), Shown: ssh.FingerprintSHA256(shown),
			}
		},
	}, nil
}

// connected returns the connection, made anew if it was lost.
func (s *SSH) connected(ctx context.Context) (*line, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed {
		return nil, net.ErrClosed
	}
	if s.line != nil {
		select {
		case <-s.line.dead:
			s.line.close()
			s.line = nil
		default:
			return s.line, nil
		}
	}
	client, heard, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	s.line = keep(client, s.remote.Alive, heard)
	return s.line, nil
}

func (s *SSH) dial(ctx context.Context) (*ssh.Client, *ear, error) {
	if s.remote.Admit != nil {
		if err := s.remote.Admit(ctx); err != nil {
			return nil, nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.remote.Timeout)
	defer cancel()
	dialed, err := s.remote.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	conn := &ear{Conn: dialed}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	login, done, err := s.remote.login()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("key to log in with: %w", err), ignoreClosed(conn.Close()))
	}
	defer done()
	config := *s.config
	config.Auth = []ssh.AuthMethod{login}
	secure, channels, requests, err := ssh.NewClientConn(conn, s.remote.Address, &config)
	if err == nil {
		return ssh.NewClient(secure, channels, requests), conn, nil
	}
	err = errors.Join(err, ignoreClosed(conn.Close()))
	var stranger *HostKeyError
	switch {
	case errors.As(err, &stranger):
		return nil, nil, stranger
	case ctx.Err() != nil:
		return nil, nil, fmt.Errorf("ssh to %s: %w", s.remote.Address, context.Cause(ctx))
	case strings.Contains(err.Error(), "unable to authenticate"): // x/crypto has no type for it
		return nil, nil, fmt.Errorf("ssh to %s: %w", s.remote.Address, ErrLogin)
	}
	return nil, nil, fmt.Errorf("ssh to %s: %w", s.remote.Address, err)
}

func (r Remote) connect(ctx context.Context) (net.Conn, error) {
	if r.Dial != nil {
		return r.Dial(ctx)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", r.Address)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (l *line) close() {
	l.client.Close()
	l.ended.Wait()
}

// Close ends the connection and what runs over it.
func (s *SSH) Close() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.closed = true
	if s.line != nil {
		s.line.close()
		s.line = nil
	}
	return nil
}

// Run runs a command on the machine. Its environment goes over standard
// input, ahead of the command's own.
func (s *SSH) Run(ctx context.Context, c Command) error {
	if len(c.Args) == 0 {
		return errors.New("empty command")
	}
	text, preamble, err := c.remoteLine()
	if err != nil {
		return err
	}
	l, session, err := s.session(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", c.program(), err)
	}
	defer session.Close()
	end := &tail{}
	errs := &firstLine{rest: end}
	if c.Stderr != nil {
		errs.rest = io.MultiWriter(c.Stderr, end)
	}
	session.Stdin, session.Stdout, session.Stderr = strings.NewReader(preamble), c.Stdout, errs
	if c.Stdin != nil {
		session.Stdin = io.MultiReader(strings.NewReader(preamble), c.Stdin)
	}
	if err := session.Start(text); err != nil {
		return fmt.Errorf("%s: %w: %w", c.program(), ErrLost, err)
	}
	err = l.await(ctx, session, errs, c.grace())
	return c.explainRemote(ctx, err, end)
}

// session opens a session over a connection that works: that the last one is
// lost may show only here.
func (s *SSH) session(ctx context.Context) (*line, *ssh.Session, error) {
	for tries := 0; ; tries++ {
		l, err := s.connected(ctx)
		if err != nil {
			return nil, nil, err
		}
		session, err := l.client.NewSession()
		if err == nil {
			return l, session, nil
		}
		if tries > 0 || errors.As(err, new(*ssh.OpenChannelError)) {
			return nil, nil, fmt.Errorf("open a session: %w", err)
		}
		l.client.Close()
		<-l.dead
	}
}

// await waits for a command. When ctx ends, its process group gets SIGTERM,
// after the grace SIGKILL, and where not even that ends it the connection is
// closed over it.
func (l *line) await(ctx context.Context, session *ssh.Session, errs *firstLine, grace time.Duration) error {
	done := make(chan error, 1)
	go func() { done <- session.Wait() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	for _, signal := range []string{"TERM", "KILL"} {
		l.signal(errs.text(), signal)
		select {
		case err := <-done:
			return err
		case <-time.After(grace):
		}
	}
	l.client.Close()
	return <-done
}

// signal sends a signal to the process group of a command. SSH has a request
// for that, which OpenSSH refuses for root and for forced commands.
func (l *line) signal(pid, signal string) {
	if _, err := strconv.ParseUint(pid, 10, 31); err != nil {
		return // it has not begun
	}
	session, err := l.client.NewSession()
	if err != nil {
		return // the connection is gone, and await sees it
	}
	defer session.Close()
	_ = session.Run("kill -" + signal + " -" + pid) // it may just have ended
}

// firstLine keeps the first line that is written to it and hands on the rest.
type firstLine struct {
	rest io.Writer

	mutex sync.Mutex // guards what follows
	line  []byte
	whole bool
}

func (f *firstLine) Write(p []byte) (int, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.whole {
		return f.rest.Write(p)
	}
	line, rest, found := bytes.Cut(p, []byte("\n"))
	f.line, f.whole = append(f.line, line...), found
	if len(rest) > 0 {
		n, err := f.rest.Write(rest)
		return len(p) - len(rest) + n, err
	}
	return len(p), nil
}

func (f *firstLine) text() string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return string(f.line)
}

func (c Command) explainRemote(ctx context.Context, err error, end *tail) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", c.program(), context.Cause(ctx))
	}
	var exit *ssh.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("%s: %w: %w", c.program(), ErrLost, err)
	}
	e := &ExitError{Program: c.program(), Code: exit.ExitStatus(), Stderr: end.String()}
	if name := exit.Signal(); name != "" {
		e.Code, e.Signal = -1, "SIG"+name
	}
	return e
}

func (c Command) program() string { return c.Args[0][strings.LastIndex(c.Args[0], "/")+1:] }
