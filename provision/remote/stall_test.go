package remote_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/host/hosttest"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// deaf is a host on which a program takes no byte of its input for the first
// times, though the machine answers.
type deaf struct {
	host.Host
	times int
}

func (d *deaf) Run(ctx context.Context, c host.Command) error {
	if c.Stdin != nil && d.times > 0 {
		d.times--
		c.Args = []string{"sleep", "600"}
	}
	return d.Host.Run(ctx, c)
}

func TestSite_SendsAgainWhatTheMachineDoesNotTake(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<19) // 8 MB: more than is sent before somebody takes it
	if err := os.WriteFile(program, content, 0o755); err != nil {
		t.Fatal(err)
	}
	var told []string
	folder := t.TempDir()
	site := remote.Site{
		Host: &deaf{Host: hosttest.Start(t).Dial(t), times: 2}, Folder: folder,
		Stall: 300 * time.Millisecond, Pause: time.Millisecond, Notice: func(text string) { told = append(told, text) },
	}
	if err := site.Install(t.Context(), program); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(folder, "bin/current/offshoot")); err != nil ||
		!bytes.Equal(got, content) {
		t.Errorf("%d bytes arrived (%v)", len(got), err)
	}
	if said := strings.Join(told, "\n"); len(told) != 1 ||
		!strings.Contains(said, "the machine took no byte for 300ms") {
		t.Errorf("told %q", told)
	}
}

func TestSite_GivesUpOnAMachineThatTakesNothing(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, make([]byte, 8<<20), 0o755); err != nil {
		t.Fatal(err)
	}
	site := remote.Site{
		Host: &deaf{Host: hosttest.Start(t).Dial(t), times: 1000}, Folder: t.TempDir(),
		Stall: 300 * time.Millisecond, Pause: time.Millisecond, Patience: 400 * time.Millisecond,
	}
	if err := site.Install(t.Context(), program); !errors.Is(err, host.ErrLost) ||
		!strings.Contains(err.Error(), "no byte for 300ms") {
		t.Errorf("error %v", err)
	}
}
