package compose

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/docker/compose/v5/pkg/api"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// LogOptions says which log lines to show.
type LogOptions struct {
	// Services; none: all.
	Services []string
	// Tail is the number of lines per container; zero: all.
	Tail int
	// Since is a time or a duration back from now, as docker logs takes it.
	Since      string
	Follow     bool
	Timestamps bool
}

// Logs writes the log lines of the services to w, each after "container | ".
// With Follow it goes on until ctx ends, which is no error.
func (s *Stack) Logs(ctx context.Context, o LogOptions, w io.Writer) error {
	p, err := s.runnable()
	if err != nil {
		return fmt.Errorf("logs: %w", err)
	}
	c, err := s.compose("logs")
	if err != nil {
		return fmt.Errorf("logs: %w", err)
	}
	if len(p.Services) == 0 {
		p = nil // A stack that was found again knows only its name.
	}
	tail := "all"
	if o.Tail > 0 {
		tail = strconv.Itoa(o.Tail)
	}
	err = c.Logs(ctx, s.project.Name, &printer{w: w, prefix: s.project.Name + "-"}, api.LogOptions{
		Project: p, Services: o.Services, Tail: tail, Since: o.Since, Follow: o.Follow, Timestamps: o.Timestamps,
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("logs: %w", err)
	}
	return nil
}

// printer writes whole lines, one at a time.
type printer struct {
	mu     sync.Mutex
	w      io.Writer
	prefix string
}

func (p *printer) Log(name, message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name = strings.TrimPrefix(name, p.prefix)
	for line := range strings.Lines(strings.TrimRight(message, "\r\n") + "\n") {
		fmt.Fprintf(p.w, "%s | %s", name, line)
	}
}

func (p *printer) Err(name, message string) { p.Log(name, message) }
func (*printer) Status(string, string)      {}

// tail is the end of a container's log, or nothing when it cannot be read.
func (e *Engine) tail(ctx context.Context, id string) []string {
	info, err := e.Client().ContainerInspect(ctx, id)
	if err != nil {
		return nil
	}
	r, err := e.Client().ContainerLogs(ctx, id,
		container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: strconv.Itoa(tailLines)})
	if err != nil {
		return nil
	}
	defer r.Close()
	out := newOutput(nil)
	_ = out.copy(info.Config != nil && info.Config.Tty, nil, r)
	return out.tail()
}

// copyOutput copies what a container printed until it ends: a terminal's
// output is raw, otherwise both streams come in one, in frames.
func copyOutput(tty bool, stdout, stderr io.Writer, r io.Reader) error {
	var err error
	if tty {
		_, err = io.Copy(stdout, r)
	} else {
		_, err = stdcopy.StdCopy(stdout, stderr, r)
	}
	return err
}
