package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/report"
	"github.com/offshoot-dev/offshoot/provision"
)

// mostClaims bounds how many comments one sweep reads: each costs a request.
const mostClaims = 100

// ended says of previews that are gone by themselves that they are: a machine
// whose time was over, or that EC2 took back, is in no list any more, and cannot
// say so. What a comment claims is compared with what there is of one's repository.
func (p *ciPreviews) ended(ctx context.Context, one provision.Preview) error {
	open, err := p.forge.OpenPulls(ctx)
	if err != nil || len(open) == 0 {
		return err
	}
	there, err := p.numbers(ctx, one)
	if err != nil {
		return err
	}
	open = slices.DeleteFunc(open, func(pull forge.Pull) bool { return there[pull.Number] })
	slices.SortStableFunc(open, func(a, b forge.Pull) int { return b.Updated.Compare(a.Updated) })
	var errs []error
	for _, pull := range open[:min(len(open), mostClaims)] {
		errs = append(errs, p.ifClaimed(ctx, pull.Number))
	}
	return errors.Join(errs...)
}

// numbers are the pull requests of which there is anything.
func (p *ciPreviews) numbers(ctx context.Context, one provision.Preview) (map[int]bool, error) {
	all, err := (&acquaintance{placing: p.placing, forge: p.forge}).ofRepository(ctx, p.cfg, one)
	there := map[int]bool{}
	for _, preview := range all {
		there[preview.PullRequest] = preview.Project == one.Project || there[preview.PullRequest]
	}
	return there, err
}

// ifClaimed mends what the comment says. The next look at the pull request makes
// the preview anew.
func (p *ciPreviews) ifClaimed(ctx context.Context, number int) error {
	preview, err := p.identity(number)
	if err != nil {
		return err
	}
	text, err := p.forge.Said(ctx, number, preview.ID)
	if err != nil || !claimsToServe(text) || !p.inReach(text) {
		return err
	}
	if now, err := p.Now(ctx, number); err != nil || now.Commit != "" { // made meanwhile
		return err
	}
	const reason = "It ended by itself: its time was over, or its machine was taken back. A push, or the comment " +
		"/preview up, makes it anew."
	p.ui.Info(fmt.Sprintf("pull request %d: its preview is gone, and its comment said that it is ready", number))
	return p.gone(ctx, preview.ID, number, reason)
}

// claimsToServe tells whether a comment of ours says that there is a preview.
func claimsToServe(text string) bool {
	state := ci.ReadRecord(text).State
	return cmp.Or(state, report.Ready) == report.Ready && strings.Contains(text, "### 🌱 ")
}

// machineRow is where a comment names the machine.
var machineRow = regexp.MustCompile(`(?m)^\| Machine \| (.*) \|$`)

// inReach tells whether a comment speaks of a machine that this run would see. A
// pull request may have another provider or region than the default branch, whose
// configuration a sweep reads, and an engine another computer.
func (p *ciPreviews) inReach(text string) bool {
	row := machineRow.FindStringSubmatch(text)
	return row == nil || p.backend(p.cfg).reaches(row[1])
}
