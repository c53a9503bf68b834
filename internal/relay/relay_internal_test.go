package relay

import (
	"net"
	"testing"
	"time"
)

func TestListening_HangsUpOnlyInSilence(t *testing.T) {
	t.Parallel()
	near, program := net.Pipe()
	defer near.Close()
	defer program.Close()
	heard := &listening{Conn: near}
	silent := make(chan time.Time, 1)
	defer heard.until(200*time.Millisecond, func() { silent <- time.Now() })()
	var last time.Time
	for range 10 {
		time.Sleep(50 * time.Millisecond)
		go func() { _, _ = program.Write([]byte("x")) }()
		if _, err := heard.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		last = time.Now()
	}
	if at := <-silent; at.Sub(last) < 150*time.Millisecond {
		t.Errorf("hung up %s after the last word", at.Sub(last))
	}
}
