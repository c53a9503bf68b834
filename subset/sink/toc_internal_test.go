package sink

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgarchive"
)

// objectsOf are the entries of 2,500 large objects in a version of archives.
func objectsOf(minor int) (made, data []*pgarchive.Entry) {
	c := &toc{archive: &pgarchive.Archive{Header: pgarchive.Header{Minor: minor}}, nextID: 1}
	for loid := range uint32(2500) {
		c.addObject(loid + 1)
	}
	return c.objectEntries()
}

func kindsOf(entries []*pgarchive.Entry) []string {
	var kinds []string
	for _, e := range entries {
		kinds = append(kinds, e.Kind+" "+deref(e.Tag))
	}
	return kinds
}

func TestObjectEntries_AreOneBlockBeforeVersion16(t *testing.T) {
	made, data := objectsOf(15)
	if diff := cmp.Diff([]string{"BLOBS BLOBS"}, kindsOf(data)); diff != "" {
		t.Error(diff)
	}
	if len(made) != 2500 || made[7].Section != pgarchive.PreData ||
		deref(made[7].Definition) != "SELECT pg_catalog.lo_create('8');\n" {
		t.Errorf("%d entries, %+v", len(made), made[7])
	}
	if data[0].File != "blobs.toc" {
		t.Errorf("in %s", data[0].File)
	}
}

func TestObjectEntries_AreBlocksOfAThousandSinceVersion16(t *testing.T) {
	made, data := objectsOf(16)
	want := []string{
		"BLOB METADATA 1..1000", "BLOB METADATA 1001..2000", "BLOB METADATA 2001..2500", "BLOBS 1..1000",
		"BLOBS 1001..2000", "BLOBS 2001..2500",
	}
	if diff := cmp.Diff(want, kindsOf(slices.Concat(made, data))); diff != "" {
		t.Error(diff)
	}
	if lines := strings.Split(deref(made[2].Definition), "\n"); len(lines) != 501 || lines[0] != "2001" ||
		lines[499] != "2500" {
		t.Errorf("%d lines", len(lines))
	}
	if data[0].File == data[1].File || !slices.Equal(data[1].Dependencies, []int{made[1].ID}) {
		t.Errorf("%+v", data[1])
	}
}
