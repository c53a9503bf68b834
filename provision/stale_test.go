package provision

import (
	"slices"
	"strconv"
	"testing"
	"time"
)

// madeAt is a marker of a generation of preview p, made at a time.
func madeAt(number int, m mark, created time.Time) seenVolume {
	return seenVolume{
		Name: strconv.Itoa(number) + "-" + string(m), Created: created,
		Labels: map[string]string{labelPreview: "p", labelGeneration: strconv.Itoa(number), labelMark: string(m)},
	}
}

func TestStale_IsWhatNobodyServesBeginsOrKeeps(t *testing.T) {
	container := seenContainer{Name: "c", Labels: map[string]string{labelPreview: "p", labelGeneration: "2"}}
	long, short := noon.Add(-2*time.Hour), noon.Add(-time.Minute)
	for name, c := range map[string]struct {
		survey survey
		want   []int
	}{
		"nothing": {survey{}, nil},
		"serving": {survey{volumes: []seenVolume{madeAt(1, markServing, long)}}, nil},
		"serving, another just begun": {survey{volumes: []seenVolume{
			madeAt(1, markServing, long),
			madeAt(2, markBegun, short),
		}}, nil},
		"serving, another long begun": {survey{volumes: []seenVolume{
			madeAt(1, markServing, long),
			madeAt(2, markBegun, long),
		}}, []int{2}},
		"an older one beside": {survey{
			volumes:    []seenVolume{madeAt(3, markServing, short)},
			containers: []seenContainer{container},
		}, []int{2}},
		"two that serve": {survey{volumes: []seenVolume{
			madeAt(1, markServing, long),
			madeAt(2, markServing, short),
		}}, []int{1}},
		"never came up": {survey{volumes: []seenVolume{madeAt(1, markBegun, long)}}, []int{1}},
		"is coming up":  {survey{volumes: []seenVolume{madeAt(1, markBegun, short)}}, nil},
		"kept for a look": {survey{volumes: []seenVolume{
			madeAt(1, markBegun, long),
			madeAt(1, markKept, long),
		}}, nil},
		"without a marker":             {survey{containers: []seenContainer{container}}, []int{2}},
		"a removal that was cut short": {survey{others: []map[string]string{container.Labels}}, []int{2}},
	} {
		if got := c.survey.stale("p", noon); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
