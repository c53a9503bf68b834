package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Detach starts a command that goes on when this process and its connection
// have ended: in a session of its own, with nothing on its standard input. What
// it prints is appended to the log. Streams of the command are not used.
func (Local) Detach(c Command, log string) error {
	if len(c.Args) == 0 {
		return errors.New("empty command")
	}
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("%s: %w", c.program(), err)
	}
	defer out.Close()
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Dir, out, out
	cmd.Env = append([]string{}, c.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", c.program(), err)
	}
	return cmd.Process.Release()
}
