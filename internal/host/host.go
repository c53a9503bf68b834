package host

import "context"

// Host is a connection to a machine. It may be used by several goroutines at
// once.
type Host interface {
	// Run runs the command until it ends: nil when it exits with 0, an
	// *ExitError when it ends otherwise, the context's cause when that ends
	// first. Where the connection is lost the error is another one, and the
	// command may or may not have run.
	Run(ctx context.Context, c Command) error
	// Close ends the connection; what runs over it fails.
	Close() error
}

// Close does nothing: this computer needs no connection.
func (Local) Close() error { return nil }
