package machine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

func TestLabels_AreReadBackAsTheyWereWritten(t *testing.T) {
	spec := machine.Spec{
		Preview: "shop-pr-12", Repository: "github.com/acme/shop",
		Expires: time.Date(2026, 11, 30, 12, 0, 0, 0, time.FixedZone("", 3600)),
		Labels:  map[string]string{"dev.offshoot.commit": "c0ffee"},
	}
	var got machine.Machine
	got.SetLabels(spec.AllLabels())
	want := machine.Machine{
		Preview: "shop-pr-12", Repository: "github.com/acme/shop",
		Expires: time.Date(2026, 11, 30, 11, 0, 0, 0, time.UTC),
		Labels: map[string]string{
			machine.LabelPreview: "shop-pr-12", machine.LabelRepository: "github.com/acme/shop",
			machine.LabelExpires: "2026-11-30T11:00:00Z", "dev.offshoot.commit": "c0ffee",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLabels_OfTheSpecWinOverThoseGiven(t *testing.T) {
	spec := machine.Spec{Preview: "a", Repository: "b", Labels: map[string]string{
		machine.LabelPreview: "x", machine.LabelRepository: "y", machine.LabelExpires: "2020-01-01T00:00:00Z",
	}}
	want := map[string]string{machine.LabelPreview: "a", machine.LabelRepository: "b"}
	if diff := cmp.Diff(want, spec.AllLabels()); diff != "" {
		t.Error(diff)
	}
	if spec.Labels[machine.LabelPreview] != "x" {
		t.Error("the caller's labels were changed")
	}
}

func TestLabels_ThatAreNoTimeNeverExpire(t *testing.T) {
	var m machine.Machine
	m.SetLabels(map[string]string{machine.LabelExpires: "tomorrow"})
	if !m.Expires.IsZero() {
		t.Errorf("expires %v", m.Expires)
	}
}

func TestSpec_NamesAPreview(t *testing.T) {
	for preview, good := range map[string]bool{
		"shop-pr-1": true, "a": true, strings.Repeat("a", 63): true,
		"": false, "-a": false, "a-": false, "A": false, "a.b": false, "a b": false, strings.Repeat("a", 64): false,
		"a\n": false,
	} {
		err := machine.Spec{Preview: preview, Repository: "r"}.Check()
		if good != (err == nil) || !good && !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%q: %v", preview, err)
		}
	}
}

func TestFilter_MatchesByBothFields(t *testing.T) {
	m := machine.Machine{Preview: "p", Repository: "r"}
	for filter, want := range map[machine.Filter]bool{
		{}: true, {Preview: "p"}: true, {Repository: "r"}: true, {Preview: "p", Repository: "r"}: true,
		{Preview: "q"}: false, {Preview: "p", Repository: "s"}: false,
	} {
		if got := filter.Matches(m); got != want {
			t.Errorf("%+v: %v", filter, got)
		}
	}
}
