package subset

import "testing"

func TestDangles_IsSilentAboutKeysThatHold(t *testing.T) {
	if got := (&KeyReport{Name: "k", Rows: 5}).dangles(); got != "" {
		t.Error(got)
	}
}
