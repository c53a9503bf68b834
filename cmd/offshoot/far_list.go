package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// farStatus is a preview with a machine of its own, as its labels tell it.
type farStatus struct {
	Preview provision.Preview `json:"preview"`
	Commit  string            `json:"commit,omitempty"`
	Link    string            `json:"link,omitempty"`
	Machine machine.Machine   `json:"machine"`
	// PricePerHour is what ec2.prices says of the type; 0: nothing.
	PricePerHour float64 `json:"price_per_hour,omitempty"`
}

type farListResult struct {
	Previews []farStatus `json:"previews"`
}

// listFar lists the machines of the account in the region: a call per page.
func (a *app) listFar(ctx context.Context, cfg *config.Config) error {
	provider, err := ec2.New(ctx, a.ec2Options(cfg))
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	found, err := provider.List(ctx, machine.Filter{})
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	result := farListResult{Previews: []farStatus{}}
	for _, m := range found {
		result.Previews = append(result.Previews, farStatus{
			Preview: provision.PreviewOf(m.Labels), Commit: m.Labels[provision.LabelCommit], Link: linkOf(m),
			Machine: m, PricePerHour: cfg.EC2.Prices[m.Type],
		})
	}
	if a.json {
		a.result = result
		return nil
	}
	if len(found) == 0 {
		u := a.newUI()
		defer u.Close()
		u.Info("no machines of offshoot's in the region")
		return nil
	}
	return a.println(strings.TrimRight(a.table(farRows(result.Previews, time.Now())), "\n"))
}

// linkOf is the link of a machine that can be reached.
func linkOf(m machine.Machine) string {
	if m.State != machine.Running {
		return ""
	}
	return m.Labels[provision.LabelLink]
}

func farRows(previews []farStatus, now time.Time) [][]string {
	rows := [][]string{{"PREVIEW", "PROJECT", "STATE", "COMMIT", "AGE", "EXPIRES", "TYPE", "PER HOUR", "LINK"}}
	for _, p := range previews {
		m := p.Machine
		rows = append(rows, []string{
			firstOf(p.Preview.Name, m.Preview), p.Preview.Project, string(m.State), short(p.Commit, 10), since(m.Created, now), until(m.Expires, now),
			m.Type, price(p.PricePerHour), p.Link,
		})
	}
	return rows
}

// price is empty where nobody has said one.
func price(perHour float64) string {
	if perHour == 0 {
		return ""
	}
	return strings.TrimRight(fmt.Sprintf("%.4f", perHour), "0")
}
