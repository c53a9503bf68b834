package sweep

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMark_DecidesByExpiryPullRequestAndUse(t *testing.T) {
	machine := Held{Kind: Machine, ID: "i-1", Preview: "shop-pr-3", PullRequest: 3, Expires: noon.Add(time.Hour)}
	open := &Open{1: true, 3: true}
	for name, c := range map[string]struct {
		held Held
		open *Open
		want Reason
	}{
		"open":                         {preview(1), open, ""},
		"closed":                       {preview(2), open, Closed},
		"closed, and expired":          {with(preview(2), expired), open, Expired},
		"open, but expired":            {with(preview(1), expired), open, Expired},
		"expires at this very moment":  {with(preview(1), func(h *Held) { h.Expires = noon }), open, Expired},
		"open, never expires":          {with(preview(1), forever), open, ""},
		"closed, never expires":        {with(preview(2), forever), open, Closed},
		"of a branch":                  {preview(0), open, ""},
		"of a branch, expired":         {with(preview(0), expired), open, Expired},
		"of a branch, never expires":   {with(preview(0), forever), open, ""},
		"left by a killed run, open":   {with(preview(1), orphaned), open, Orphaned},
		"closed, but nobody asked":     {preview(2), nil, ""},
		"expired, nobody asked":        {with(preview(2), expired), nil, Expired},
		"orphan, nobody asked":         {with(preview(2), orphaned), nil, Orphaned},
		"machine of an open one":       {machine, open, ""},
		"machine of a closed one":      {with(machine, func(h *Held) { h.PullRequest = 2 }), open, Closed},
		"machine that should be gone":  {with(machine, expired), open, Expired},
		"closed, and no other is open": {preview(2), &Open{}, Closed},
		"the gateway without any preview": {
			Held{Kind: Gateway, ID: "gateway", Orphan: "there is no preview for it"},
			&Open{}, Orphaned,
		},
	} {
		plan := Mark(noon, []Held{c.held}, c.open)
		got := Reason("")
		if len(plan.Remove) > 0 {
			got = plan.Remove[0].Reason
		}
		if got != c.want || plan.Kept+len(plan.Remove) != 1 || plan.Unchecked != (c.open == nil) {
			t.Errorf("%s: %q, want %q: %+v", name, got, c.want, plan)
		}
	}
}

func TestMark_PutsPreviewsBeforeMachinesAndTheGatewayLast(t *testing.T) {
	plan := Mark(noon, []Held{
		{Kind: Gateway, ID: "gateway", Orphan: "x"},
		{Kind: "volume", ID: "vol-1", Orphan: "x"},
		with(Held{Kind: Machine, ID: "i-1"}, expired),
		with(preview(12), expired), with(preview(9), expired),
		{Kind: Generation, ID: "shop-pr-3", Orphan: "x"},
	}, nil)
	want := []string{"shop-pr-3", "shop-pr-9", "shop-pr-12", "i-1", "vol-1", "gateway"}
	if diff := cmp.Diff(want, ids(plan.Remove)); diff != "" {
		t.Error(diff)
	}
}

func TestMark_SaysWhyInWords(t *testing.T) {
	plan := Mark(noon, []Held{with(preview(1), expired), preview(2)}, &Open{})
	if got := plan.Remove[0].Text + ", " +
		plan.Remove[1].Text; got != "expired on Wed, 4 Mar 2026 11:59 UTC, pull request 2 is not open" {
		t.Error(got)
	}
}
