package mask

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// panicking is a stream of two columns, of which the second one's transformer
// fails at a value.
func panicking(w io.Writer) *stream {
	return newStream(w, func() *rows {
		return &rows{
			row: row{index: map[string]int{"id": 0, "mail": 1}},
			masked: []maskedField{{at: 1, mask: func(_ *row, value string) (string, bool) {
				if strings.HasPrefix(value, "secret") {
					panic("cannot mask " + value)
				}
				return "masked", true
			}}},
		}
	})
}

func TestStream_SaysNothingOfAValueWhenATransformerPanics(t *testing.T) {
	var out bytes.Buffer
	s := panicking(&out)
	_, err := io.WriteString(s, "1\tx\n2\tsecret@corp.test\n3\ty\n")
	err = errors.Join(err, s.Close())
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "column mail") ||
		!strings.Contains(err.Error(), "stream_test.go:") {
		t.Errorf("%v", err)
	}
	if strings.Contains(out.String(), "secret") {
		t.Errorf("%q", out.String())
	}
}

func TestStream_KeepsTheOrderOfBlocksAndStopsAtAFailure(t *testing.T) {
	var in, want strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&in, "%d\tx\n", i)
		fmt.Fprintf(&want, "%d\tmasked\n", i)
	}
	var out bytes.Buffer
	s := panicking(&out)
	for text := in.String(); text != ""; {
		n := min(len(text), 70_000)
		if _, err := io.WriteString(s, text[:n]); err != nil {
			t.Fatal(err)
		}
		text = text[n:]
	}
	if err := s.Close(); err != nil || out.String() != want.String() {
		t.Errorf("%v, %d bytes of %d", err, out.Len(), want.Len())
	}
	broken := errors.New("disk full")
	s = panicking(failing{broken})
	for range 100 {
		if _, err := io.WriteString(s, strings.Repeat("1\tx\n", blockSize/4+1)); err != nil {
			break
		}
	}
	if err := s.Close(); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestStream_RefusesRowsOfAnotherTable(t *testing.T) {
	for _, raw := range []string{"1\n", "1\tx\ty\n", "1\tx"} {
		s := panicking(io.Discard)
		_, err := io.WriteString(s, raw)
		if err = errors.Join(err, s.Close()); err == nil || strings.Contains(err.Error(), "x") {
			t.Errorf("%q: %v", raw, err)
		}
	}
}
