package ec2_test

import (
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/provision/machine"
)

// The account is shared: what another repository's machines left is not ours
// to judge.
func TestLeftovers_AreThoseOfTheRepository(t *testing.T) {
	a := newAccount(t, usual(1))
	for _, repository := range []string{"github.com/acme/shop", "github.com/acme/other"} {
		labels := map[string]string{machine.LabelPreview: "shop-pr-9", machine.LabelRepository: repository}
		a.cloud.LeaveVolume(a.clock.Now(), labels)
		a.cloud.LeaveInterface(labels)
	}
	a.later(2 * time.Hour)
	for repository, want := range map[string]int{"github.com/acme/shop": 2, "github.com/acme/none": 0, "": 4} {
		left, err := a.provider.Leftovers(t.Context(), machine.Filter{Repository: repository}, time.Hour)
		if err != nil || len(left) != want {
			t.Errorf("of %q: %+v, %v, want %d", repository, left, err, want)
		}
	}
}
