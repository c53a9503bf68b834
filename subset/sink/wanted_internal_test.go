package sink

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtool"
)

func TestWanted_LeavesOutWhatHoldsValuesOrSecrets(t *testing.T) {
	s := &schema{}
	var kept []string
	for _, e := range s.wanted([]pgtool.Entry{
		{ID: 1, Text: "TABLE public guest owner"},
		{ID: 2, Text: "STATISTICS DATA public guest owner"},
		{ID: 3, Text: "STATISTICS public guest_names owner"},
		{ID: 4, Text: "USER MAPPING - USER MAPPING ann SERVER other owner"},
		{ID: 5, Text: "COMMENT - SCHEMA public owner"},
		{ID: 6, Text: "COMMENT - EXTENSION hstore"},
		{ID: 7, Text: "COMMENT public TABLE guest owner"},
	}) {
		kept = append(kept, e.Text)
	}
	if diff := cmp.Diff([]string{
		"TABLE public guest owner", "STATISTICS public guest_names owner",
		"COMMENT public TABLE guest owner",
	}, kept); diff != "" {
		t.Error(diff)
	}
	if len(s.warnings) != 1 {
		t.Errorf("%q", s.warnings)
	}
}
