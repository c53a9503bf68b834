package compose

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/docker/docker/api/types/container"
	"golang.org/x/term"
)

// Size is that of a terminal, in characters.
type Size struct{ Width, Height uint16 }

// Terminal is the caller's terminal while a command inside a preview has it:
// in raw mode, so that every key goes there.
type Terminal struct {
	// Sizes are its size now, and again whenever that changes.
	Sizes <-chan Size

	file    *os.File
	before  *term.State
	changed chan os.Signal
	stop    chan struct{}
	stopped chan struct{}
}

// TakeTerminal sets a terminal to raw mode and watches its size. Give it back
// with Restore.
func TakeTerminal(file *os.File) (*Terminal, error) {
	before, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	sizes := make(chan Size)
	t := &Terminal{
		Sizes: sizes, file: file, before: before,
		changed: make(chan os.Signal, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	notifyResize(t.changed)
	go t.watch(sizes)
	return t, nil
}

func (t *Terminal) watch(sizes chan<- Size) {
	defer close(t.stopped)
	for {
		if width, height, err := term.GetSize(int(t.file.Fd())); err == nil {
			select {
			case sizes <- Size{uint16(width), uint16(height)}:
			case <-t.stop:
				return
			}
		}
		select {
		case <-t.changed:
		case <-t.stop:
			return
		}
	}
}

// Restore gives the terminal back as it was.
func (t *Terminal) Restore() {
	signal.Stop(t.changed)
	close(t.stop)
	<-t.stopped
	_ = term.Restore(int(t.file.Fd()), t.before)
}

// resize hands sizes on until ctx ends. An exec that has just been started may
// not run yet, on a busy machine for a while, and has no size then.
func (e *Engine) resize(ctx context.Context, exec string, sizes <-chan Size) {
	var size Size
	var again <-chan time.Time
	for {
		select {
		case size = <-sizes:
		case <-again:
		case <-ctx.Done():
			return
		}
		again = nil
		err := e.Client().ContainerExecResize(ctx, exec,
			container.ResizeOptions{Width: uint(size.Width), Height: uint(size.Height)})
		if err != nil {
			again = time.After(pollEvery)
		}
	}
}

// terminal gives a running exec the sizes that it is told, or those of the
// caller's terminal when in is one. The function it returns ends that.
func (e *Engine) terminal(ctx context.Context, exec string, in io.Reader, sizes <-chan Size) (end func(), err error) {
	restore := func() {}
	if file, ok := in.(*os.File); ok && sizes == nil && term.IsTerminal(int(file.Fd())) {
		t, err := TakeTerminal(file)
		if err != nil {
			return nil, err
		}
		sizes, restore = t.Sizes, t.Restore
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.resize(ctx, exec, sizes)
	}()
	return func() {
		cancel()
		<-done
		restore()
	}, nil
}
