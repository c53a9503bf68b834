package mask

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// counting takes rows without keeping them, and looks at the heap meanwhile.
type counting struct {
	bytes int
	peak  uint64
	first []byte
}

func (c *counting) Write(p []byte) (int, error) {
	if c.bytes < 64 {
		c.first = append(c.first, p[:min(len(p), 64)]...)
	}
	c.bytes += len(p)
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	c.peak = max(c.peak, stats.HeapAlloc)
	return len(p), nil
}

func largeStream(w io.Writer, as string) *stream {
	k, _ := kindOf(as)
	c := &Column{rule: Rule{As: as, Value: "x"}, kind: k, field: field{class: text}}
	return newStream(w, func() *rows {
		return &rows{
			table: "public.files", row: row{index: map[string]int{"name": 0, "body": 1}},
			masked: []maskedField{{at: 0, mask: c.apply(NewKey("k")), blind: as == "constant"}},
		}
	})
}

func TestStream_CopiesALargeValueBesideAMaskedOneOnce(t *testing.T) {
	const size = 120 << 20
	line := append(append([]byte("ann\t"), bytes.Repeat([]byte("x"), size)...), '\n')
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var out counting
	s := largeStream(&out, "hash")
	for _, rows := range [][]byte{[]byte("a\tb\n"), line, []byte("c\td\n"), line} {
		if _, err := s.Write(rows); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil || out.bytes != 2*size+4*(hashLength+2)+2 {
		t.Fatalf("%v, %d bytes", err, out.bytes)
	}
	if more := int64(out.peak) - int64(before.HeapAlloc); more > size*5/4 {
		t.Errorf("%d MB more than the line itself", more>>20)
	}
}

func TestStream_RefusesValuesThatAreTooLongToMaskByTheirColumn(t *testing.T) {
	line := strings.Repeat("x", mostValue+1_000_000) + "\ty\n"
	for as, want := range map[string]string{
		"text": "public.files.name: a value of 33 MB is longer than the 32 MB that are masked", "constant": "",
	} {
		var out counting
		s := largeStream(&out, as)
		_, err := io.WriteString(s, "a\tb\n"+line)
		err = errors.Join(err, s.Close())
		if want == "" && (err != nil || !strings.HasPrefix(string(out.first), "x\tb\nx\ty\n")) {
			t.Errorf("%s: %v, %.20q", as, err, out.first)
		}
		if want != "" && (!errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", as, err)
		}
	}
}

func TestText_MasksLongTextsAsShortOnes(t *testing.T) {
	p := NewKey("k").purpose("text")
	long := strings.Repeat("Größe 12 漢字 Ǆ. ", 5000)
	got := p.reshape(long, 3)
	want := NewKey("k").purpose("text").reshapeLong(long[:1000], 3)
	if short := NewKey("k").purpose("text").reshape(long[:1000], 3); short != want {
		t.Errorf("%q, not %q", want, short)
	}
	if len(got) != len(long) || got == long {
		t.Errorf("%d bytes of %d", len(got), len(long))
	}
}
