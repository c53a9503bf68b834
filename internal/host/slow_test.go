package host_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/host/hosttest"
)

// slowLine lies between us and a server, and lets through so many bytes in each
// hundredth of a second.
func slowLine(t *testing.T, to string, bytes int64) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := (&net.Dialer{}).DialContext(context.WithoutCancel(t.Context()), "tcp", to)
			if err != nil {
				near.Close()
				continue
			}
			go func() {
				defer far.Close()
				for {
					if n, err := io.CopyN(far, near, bytes); n == 0 || err != nil {
						return
					}
					<-time.After(10 * time.Millisecond)
				}
			}()
			go func() {
				defer near.Close()
				_, _ = io.Copy(near, far)
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// A sign of life stands behind the megabytes that were sent before it: its answer
// is late, and the line is not dead.
func TestSSH_IsNotEndedByALargeFileOnASlowLine(t *testing.T) {
	t.Parallel()
	s := hosttest.Start(t)
	s.Remote.Address = hosttest.Address(slowLine(t, s.Remote.Address, 8<<10))
	s.Remote.Alive = 1500 * time.Millisecond
	h := s.Dial(t)
	content := bytes.Repeat([]byte("0123456789abcdef"), 3<<16) // 3 MB, some seconds
	path := filepath.Join(t.TempDir(), "file")
	c := sh(`cat >"$1"`, path)
	c.Stdin = bytes.NewReader(content)
	if err := h.Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes arrived (%v)", len(got), err)
	}
}
