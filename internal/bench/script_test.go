package bench

import (
	"strings"
	"testing"
	"testing/iotest"
)

func TestCopied_CountsTheRowsOfCopyBlocks(t *testing.T) {
	for script, want := range map[string]int64{
		"": 0,
		"CREATE TABLE t (n int);\nCOPY t (n) FROM stdin;\n1\n2\n\\.\n\nCOPY u FROM STDIN;\n\\.\nSELECT 1;\n": 2,
		"COPY t TO stdout;\n1\n":                          0,
		"COPY t FROM stdin;\nCOPY u FROM stdin;\n\n\\.\n": 2,
		"COPY t FROM stdin;\n1\nthe last has no end":      1,
	} {
		if got, err := Copied(strings.NewReader(script)); err != nil || got != want {
			t.Errorf("%q: %d, %v", script, got, err)
		}
	}
}

func TestCopied_PassesOnThatItCannotRead(t *testing.T) {
	if _, err := Copied(iotest.ErrReader(iotest.ErrTimeout)); err != iotest.ErrTimeout {
		t.Error(err)
	}
}
