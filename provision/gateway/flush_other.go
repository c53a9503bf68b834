//go:build !linux

package gateway

import (
	"errors"
	"os"
)

// Only linux runs in containers; elsewhere this is never called.

func own(_, _ string) error { return nil }

func flush(_ string) error { return errors.ErrUnsupported }
