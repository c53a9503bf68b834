package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/repository"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

func (a viewing) listCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "list",
		Short:   "list previews",
		Example: "  offshoot list\n  offshoot list --json",
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.list(c.Context()) },
	}
	a.providerFlag(c)
	a.jsonFlag(c)
	return c
}

type listResult struct {
	Previews []provision.Status `json:"previews"`
}

func (a viewing) list(ctx context.Context) (err error) {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	all, err := a.previews(ctx, cfg)
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	defer closing(all, &err)
	previews, err := all.List(ctx, provision.Filter{})
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	dedicated := a.backend(cfg).dedicated()
	switch {
	case a.json && dedicated:
		a.result = machineListResult{Previews: onMachines(previews, cfg.EC2.Prices)}
		return nil
	case a.json:
		a.result = listResult{Previews: append([]provision.Status{}, previews...)}
		return nil
	case len(previews) == 0:
		u := a.newUI()
		defer u.Close()
		u.Info(a.backend(cfg).none())
		return nil
	case dedicated:
		rows := machineRows(onMachines(previews, cfg.EC2.Prices), time.Now())
		return a.println(strings.TrimRight(a.table(rows), "\n"))
	}
	return a.printList(previews)
}

// printList prints previews on this computer, and what to do about them.
func (a viewing) printList(previews []provision.Status) error {
	if err := a.println(strings.TrimRight(a.listTable(previews, time.Now()), "\n")); err != nil {
		return err
	}
	u := a.newUI()
	defer u.Close()
	for _, text := range waysOut(previews) {
		u.Info(text)
	}
	return nil
}

// listTable has a line for each preview, and one below it for each of its links.
func (a viewing) listTable(previews []provision.Status, now time.Time) string {
	return withLinks(a.table(listRows(previews, now)), previews)
}

func listRows(previews []provision.Status, now time.Time) [][]string {
	rows := [][]string{{"PREVIEW", "PROJECT", "STATE", "COMMIT", "AGE", "EXPIRES"}}
	for _, p := range previews {
		rows = append(rows, []string{
			p.Preview.Name, p.Preview.Project, listState(p), repository.Short(p.Commit), since(p.Created, now),
			until(p.Expires, now),
		})
	}
	return rows
}

// withLinks puts the links of each preview below its line of the table.
func withLinks(table string, previews []provision.Status) string {
	lines := strings.SplitAfter(table, "\n")
	var b strings.Builder
	b.WriteString(lines[0])
	for i, p := range previews {
		b.WriteString(lines[i+1])
		for _, link := range p.Links {
			b.WriteString("  " + ui.Clean(link.URL) + "\n")
		}
	}
	return b.String()
}

// waysOut says what to do about previews that are not as they were left.
func waysOut(previews []provision.Status) []string {
	var texts []string
	unreachable := false
	for _, p := range previews {
		unreachable = unreachable || p.Unreachable && p.State != provision.Incomplete
		switch p.State {
		case provision.Ended, provision.PartlyDown:
			texts = append(texts,
				fmt.Sprintf("%s is %s: offshoot start%s starts what has ended", p.Preview.Name, p.State,
					p.Preview.Naming()))
		case provision.Broken:
			texts = append(texts, fmt.Sprintf("somebody removed %s of %s: offshoot up%s restores it",
				strings.Join(p.Gone, ", "), p.Preview.Name, p.Preview.Naming()))
		}
	}
	if unreachable {
		texts = append(texts, "no link answers, because the gateway is stopped: offshoot start or up starts it")
	}
	return texts
}

// listState adds the services that are not well.
func listState(p provision.Status) string {
	if p.State == provision.PartlyDown {
		return fmt.Sprintf("%s (%s)", p.State, strings.Join(p.Down, ", "))
	}
	if p.State != provision.Serving && p.State != provision.Incomplete && p.State != provision.Starting {
		return string(p.State) // its services are not meant to run, or cannot
	}
	var bad []string
	for _, s := range p.Services {
		if s.Health == "unhealthy" || s.State == "restarting" || s.ExitCode != 0 && s.State == "exited" {
			bad = append(bad, s.Name+" "+cmp.Or(s.Health, s.State))
		}
	}
	if len(bad) == 0 {
		return string(p.State)
	}
	return fmt.Sprintf("%s (%s)", p.State, strings.Join(bad, ", "))
}

func short(text string, most int) string { return text[:min(len(text), most)] }

func since(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	return rough(now.Sub(t))
}

func until(t, now time.Time) string {
	switch {
	case t.IsZero():
		return "never"
	case t.Before(now):
		return "expired"
	}
	return "in " + rough(t.Sub(now))
}

// rough is a duration in its largest unit.
func rough(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", max(0, d/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d.Round(24*time.Hour)/(24*time.Hour))
}

func firstLink(p provision.Status) string {
	if len(p.Links) == 0 {
		return ""
	}
	return p.Links[0].URL
}
