package soak_test

import (
	"slices"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/soak"
)

func TestSteps_AreFewInOrderAndRepeatable(t *testing.T) {
	t.Setenv("OFFSHOOT_TEST_SEED", "7")
	first, second := soak.Steps(t, 100, 4), soak.Steps(t, 100, 4)
	if want := soak.Rounds(4, 100); len(first) != want || !slices.IsSorted(first) || !slices.Equal(first, second) {
		t.Errorf("%v, then %v", first, second)
	}
	if first[0] < 0 || first[len(first)-1] > 99 {
		t.Errorf("%v lie outside", first)
	}
	t.Setenv("OFFSHOOT_TEST_SEED", "8")
	if other := soak.Steps(t, 100, 4); !soak.On && slices.Equal(first, other) {
		t.Errorf("%v with another seed too", other)
	}
}

func TestSteps_AreAllWhereThereAreFew(t *testing.T) {
	if got := soak.Steps(t, 3, 5); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("%v", got)
	}
}
