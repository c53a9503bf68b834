package pgtool

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const listing = `;
; Archive created at 2030-01-01 00:00:00 UTC
;     dbname: x
;
7; 2615 16391 SCHEMA - My Schema postgres
3378; 0 0 COMMENT - EXTENSION file_fdw 
3223; 2606 16405 FK CONSTRAINT public child fk x postgres
3380; 0 0 COMMENT public CONSTRAINT "fk x" ON child postgres
`

func TestParseList_KnowsObjectsByTheirOids(t *testing.T) {
	got, err := parseList(listing)
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{7, 2615, 16391, "SCHEMA - My Schema postgres"},
		{3378, 0, 0, "COMMENT - EXTENSION file_fdw"},
		{3223, Constraints, 16405, "FK CONSTRAINT public child fk x postgres"},
		{3380, 0, 0, `COMMENT public CONSTRAINT "fk x" ON child postgres`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for i, object := range []string{"SCHEMA", "EXTENSION file_fdw", "CONSTRAINT", `CONSTRAINT "fk x" ON child`} {
		if is := got[i].IsCommentOn(object); is != (i%2 == 1) || got[i].IsComment() != is {
			t.Errorf("entry %d: %t", i, is)
		}
	}
	if got[1].IsCommentOn("EXTENSION file") {
		t.Error("half a name matches")
	}
}

func TestParseList_RefusesWhatItDoesNotKnow(t *testing.T) {
	for _, line := range []string{"x", "x; 1 2 y", "1; x 2 y", "1; 2 x y"} {
		if got, err := parseList(line); err == nil {
			t.Errorf("%q read as %v", line, got)
		}
	}
}

func TestWriteList_WritesNoNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	if err := WriteList(path, []Entry{{7, 2615, 16391, "SCHEMA - x"}, {9, 0, 0, "COMMENT - y"}}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("7; 2615 16391\n9; 0 0\n", string(got)); diff != "" {
		t.Error(diff)
	}
}
