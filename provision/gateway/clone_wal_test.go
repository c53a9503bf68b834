package gateway

import (
	"bytes"
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// segment writes a segment of 64 KB whose first page says that it is at an
// address in the log.
func segment(t *testing.T, path string, address uint64) {
	t.Helper()
	content := make([]byte, 1<<16)
	binary.NativeEndian.PutUint64(content[8:], address)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestClone_LeavesOutSegmentsThatAreNotWrittenYet(t *testing.T) {
	for name, c := range map[string]struct {
		addresses map[string]uint64
		want      []string
	}{
		"two that were written and two that are ready": {
			map[string]uint64{
				"000000010000000000000005": 5 << 16, "000000020000000A0000000F": 0xA<<32 + 15<<16,
				"000000020000000A00000010": 3 << 16, "000000020000000A00000011": 0,
			},
			[]string{"000000010000000000000005", "000000020000000A0000000F"},
		},
		"none that can be read": {
			map[string]uint64{"000000010000000000000005": 7, "000000010000000000000006": 8},
			[]string{"000000010000000000000005", "000000010000000000000006"},
		},
		"what is no segment": {
			map[string]uint64{
				"000000010000000000000005": 5 << 16, "00000002.history": 9,
				"000000010000000000000005.partial": 9,
			},
			[]string{"000000010000000000000005", "000000010000000000000005.partial", "00000002.history"},
		},
	} {
		from, to := t.TempDir(), t.TempDir()
		if err := os.MkdirAll(filepath.Join(from, "data", "pg_wal"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(from, "data", "000000020000000A00000010"), []byte("elsewhere"),
			0o600); err != nil {
			t.Fatal(err)
		}
		for file, address := range c.addresses {
			segment(t, filepath.Join(from, "data", "pg_wal", file), address)
		}
		if err := Command(t.Context(), []string{"clone", from, to}, nil, new(bytes.Buffer)); err != nil {
			t.Fatal(err)
		}
		want := []string{".", "data", "data/000000020000000A00000010", "data/pg_wal"}
		for _, file := range c.want {
			want = append(want, "data/pg_wal/"+file)
		}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(tree(t, to)))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
