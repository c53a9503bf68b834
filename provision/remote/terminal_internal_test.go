package remote

import (
	"io"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/compose"
)

func TestFramed_ArrivesAsItWasSent(t *testing.T) {
	typed := strings.Repeat("a\x00\xff\x03é", 10_000)
	sizes := make(chan compose.Size)
	reader, writer := io.Pipe()
	keys, got := unframed(framed(reader, sizes))
	for _, want := range []compose.Size{{Width: 80, Height: 24}, {Width: 65535, Height: 1}} {
		sizes <- want
		if size := <-got; size != want {
			t.Errorf("%v arrives as %v", want, size)
		}
	}
	go func() {
		_, _ = io.WriteString(writer, typed)
		_ = writer.Close()
	}()
	all, err := io.ReadAll(keys)
	if err != nil || string(all) != typed {
		t.Errorf("%d bytes of %d arrive, %v", len(all), len(typed), err)
	}
}

func TestUnframed_TellsWhatIsNoFrame(t *testing.T) {
	for _, stream := range []string{"x\x00\x01a", "s\x00\x03abc", "k\x00\x05ab", "k\x00\x05", "k"} {
		keys, _ := unframed(strings.NewReader(stream))
		if _, err := io.ReadAll(keys); err == nil {
			t.Errorf("%q is taken for a whole stream", stream)
		}
	}
}
