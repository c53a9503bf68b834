package gateway

import (
	"context"
	"runtime/debug"
)

// hold does nothing until it is told to end. Its container is what counts: the
// engine takes what a running container has, and its name, for needed.
func hold(ctx context.Context) error {
	debug.FreeOSMemory() // of what the program read when it started
	<-ctx.Done()
	return nil
}
