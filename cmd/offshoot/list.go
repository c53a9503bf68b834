package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/provision"
)

func (a *app) listCommand() *cobra.Command {
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

func (a *app) list(ctx context.Context) (err error) {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if cfg.Provider == providerEC2 {
		return a.listFar(ctx, cfg)
	}
	machine, err := a.machine(ctx, cfg)
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	defer closing(machine.Engine, &err)
	previews, err := provision.List(ctx, machine, provision.Filter{})
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	if a.json {
		a.result = listResult{Previews: append([]provision.Status{}, previews...)}
		return nil
	}
	if len(previews) == 0 {
		u := a.newUI()
		defer u.Close()
		u.Info("no previews on this computer")
		return nil
	}
	return a.println(strings.TrimRight(a.table(listRows(previews, time.Now())), "\n"))
}

func listRows(previews []provision.Status, now time.Time) [][]string {
	rows := [][]string{{"PREVIEW", "PROJECT", "STATE", "COMMIT", "AGE", "EXPIRES", "LINK"}}
	for _, p := range previews {
		rows = append(rows, []string{
			p.Preview.Name, p.Preview.Project, listState(p), short(p.Commit, 10), since(p.Created, now), until(p.Expires, now), firstLink(p),
		})
	}
	return rows
}

// listState adds the services that are not well.
func listState(p provision.Status) string {
	var bad []string
	for _, s := range p.Services {
		if s.Health == "unhealthy" || s.State == "restarting" || s.ExitCode != 0 && s.State == "exited" {
			bad = append(bad, s.Name+" "+firstOf(s.Health, s.State))
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
