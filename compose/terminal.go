package compose

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/docker/docker/api/types/container"
	"golang.org/x/term"
)

// terminal hands the caller's terminal, when in is one, to a running exec: raw
// mode, and its size followed. The function it returns gives it back.
func (e *Engine) terminal(ctx context.Context, exec string, in io.Reader) (restore func(), err error) {
	file, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return func() {}, nil
	}
	before, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	changed := make(chan os.Signal, 1)
	notifyResize(changed)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			e.resize(ctx, exec, file)
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		signal.Stop(changed)
		cancel()
		<-done
		_ = term.Restore(int(file.Fd()), before)
	}, nil
}

// resize is best effort: an exec that is not started yet or has ended has no size.
func (e *Engine) resize(ctx context.Context, exec string, file *os.File) {
	width, height, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return
	}
	_ = e.Client().ContainerExecResize(ctx, exec, container.ResizeOptions{Width: uint(width), Height: uint(height)})
}
