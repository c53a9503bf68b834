package sweep

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/provision"
)

func TestSurplus_IsTheOldestImagesAndThenTheCache(t *testing.T) {
	const mb = 1_000_000
	images := []provision.IdleImage{{Name: "old", Bytes: 30 * mb}, {Name: "new", Bytes: 20 * mb}}
	for _, c := range []struct {
		name                   string
		images                 []provision.IdleImage
		cache, removable, keep int64
		want                   []string
	}{
		{"room for all", images, 40 * mb, 40 * mb, 90 * mb, nil},
		{
			"one too many", images, 40 * mb, 40 * mb, 89 * mb,
			[]string{"old: of no preview; builds left 90.0 MB, 89.0 MB may stay"},
		},
		{"the cache too", images, 40 * mb, 40 * mb, 30 * mb, []string{
			"old: of no preview; builds left 90.0 MB, 30.0 MB may stay",
			"new: of no preview; builds left 60.0 MB, 30.0 MB may stay",
			"of the engine: it has 40.0 MB, 30.0 MB may stay: what was used least recently goes",
		}},
		{
			"only the cache", nil, 40 * mb, 1, 0,
			[]string{"of the engine: it has 40.0 MB, 0 B may stay: what was used least recently goes"},
		},
		{"all of it in use", nil, 40 * mb, 0, 0, nil},
		{"nothing at all", nil, 0, 0, 0, nil},
	} {
		var got []string
		for _, r := range Mark(noon, surplus(shop, c.images, c.cache, c.removable, c.keep), nil).Remove {
			got = append(got, r.ID+": "+r.Text)
		}
		slices.SortStableFunc(c.want, func(a, b string) int { // a plan sorts by name
			return strings.Compare(strings.Replace(a, "of the", "~", 1), strings.Replace(b, "of the", "~", 1))
		})
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestOfOthers_LeavesImagesOfThisRepositoryToItsPreviews(t *testing.T) {
	images := []provision.IdleImage{
		{Name: "a", Repository: "other"}, {Name: "b", Repository: shop}, {Name: "c", Repository: ""},
	}
	var names []string
	for _, i := range ofOthers(shop, images) {
		names = append(names, i.Name)
	}
	if !slices.Equal(names, []string{"a", "c"}) {
		t.Errorf("%q", names)
	}
}

func TestCalled_IsGoneWhereAnotherSweepRemovedIt(t *testing.T) {
	images := []provision.IdleImage{{Name: "a", Bytes: 1}, {Name: "b", Bytes: 2}}
	for _, want := range images {
		if got, err := called(want.Name, images); err != nil || got.Bytes != want.Bytes {
			t.Errorf("%s: %+v, %v", want.Name, got, err)
		}
	}
	if got, err := called("c", images); !errors.Is(err, ErrGone) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRoom_IsWhatImagesLeaveToTheCache(t *testing.T) {
	images := []provision.IdleImage{{Bytes: 30}, {Bytes: 20}}
	for keep, want := range map[int64]int64{60: 10, 50: 0, 40: 0} {
		if got := room(images, keep); got != want {
			t.Errorf("of %d: %d, want %d", keep, got, want)
		}
	}
}
