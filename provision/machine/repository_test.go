package machine_test

import (
	"slices"
	"testing"

	"github.com/offshoot-dev/offshoot/provision/machine"
	"github.com/offshoot-dev/offshoot/provision/machine/machinetest"
)

func TestOfRepository_ListsTheMachinesOfEveryNameThatItHad(t *testing.T) {
	const name, number = "forge.example/acme/shop", "forge.example#7"
	p := &machinetest.Memory{}
	for preview, of := range map[string][2]string{
		"shop-pr-1": {name, number}, "shop-pr-2": {name, ""}, "old-pr-3": {"forge.example/acme/old", number},
		"shop-pr-4": {name, "forge.example#8"}, "old-pr-5": {"forge.example/acme/old", "forge.example#8"},
		"old-pr-6": {"forge.example/acme/old", ""},
	} {
		spec := machine.Spec{Preview: preview, Repository: of[0], Labels: map[string]string{machine.LabelNumber: of[1]}}
		if _, err := p.Ensure(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	for wanted, want := range map[string][]string{
		number: {"old-pr-3", "shop-pr-1", "shop-pr-2"},
		"":     {"shop-pr-1", "shop-pr-2", "shop-pr-4"},
	} {
		found, err := machine.OfRepository(t.Context(), p, name, wanted)
		var got []string
		for _, m := range found {
			got = append(got, m.Preview)
		}
		if slices.Sort(got); err != nil || !slices.Equal(got, want) {
			t.Errorf("by number %q: %q, want %q, %v", wanted, got, want, err)
		}
	}
}
