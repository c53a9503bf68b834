package plan

import (
	"testing"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestPermissionError_NamesTheRole(t *testing.T) {
	names := []catalog.Name{{Schema: "s", Name: "t0"}}
	if got := (&PermissionError{Role: "me", Tables: names}).Error(); got != "role me may not read s.t0" {
		t.Error(got)
	}
}
