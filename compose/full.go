package compose

import (
	"errors"
	"strings"
	"syscall"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// ExplainFull adds to an error what to do about a disk that is full, where that
// is behind it. The engine only says so in words.
func ExplainFull(err error) error {
	if !full(err) {
		return err
	}
	return hint.Wrap(err,
		"free space on the engine's disk: docker system df says what takes it, docker builder prune and offshoot "+
			"down free some")
}

func full(err error) bool {
	if err == nil {
		return false
	}
	text := strings.ToLower(err.Error())
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) ||
		strings.Contains(text, "no space left on device") || strings.Contains(text, "disk quota exceeded")
}
