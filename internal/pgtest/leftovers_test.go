package pgtest

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
)

func TestRemoveLeftovers_RemovesOnlyTheDead(t *testing.T) {
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	dead, err := os.MkdirTemp("/tmp", prefix+strconv.Itoa(gone.Process.Pid)+"-")
	if err != nil {
		t.Fatal(err)
	}
	living, err := os.MkdirTemp("/tmp", prefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(living) })
	removeLeftovers()
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("the folder of a dead process is still there: %v", err)
	}
	if _, err := os.Stat(living); err != nil {
		t.Errorf("the folder of a living process: %v", err)
	}
}
