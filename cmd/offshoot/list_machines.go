package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/repository"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// onMachine is a preview with a machine of its own, as its labels tell it.
type onMachine struct {
	Preview provision.Preview `json:"preview"`
	Commit  string            `json:"commit,omitempty"`
	Link    string            `json:"link,omitempty"`
	Machine machine.Machine   `json:"machine"`
	// PricePerHour is what ec2.prices says of the type; 0: nothing.
	PricePerHour float64 `json:"price_per_hour,omitempty"`
}

type machineListResult struct {
	Previews []onMachine `json:"previews"`
}

func onMachines(previews []provision.Status, prices map[string]float64) []onMachine {
	all := []onMachine{}
	for _, status := range previews {
		m := *status.Machine
		all = append(all, onMachine{
			Preview: status.Preview, Commit: m.Labels[provision.LabelCommit], Link: linkOf(m),
			Machine: m, PricePerHour: prices[m.Type],
		})
	}
	return all
}

// linkOf is the link of a machine that can be reached.
func linkOf(m machine.Machine) string {
	if m.State != machine.Running {
		return ""
	}
	return m.Labels[provision.LabelLink]
}

func machineRows(previews []onMachine, now time.Time) [][]string {
	rows := [][]string{{"PREVIEW", "PROJECT", "STATE", "COMMIT", "AGE", "EXPIRES", "TYPE", "PER HOUR", "LINK"}}
	for _, p := range previews {
		m := p.Machine
		rows = append(rows, []string{
			cmp.Or(p.Preview.Name, m.Preview), p.Preview.Project, string(m.State), repository.Short(p.Commit),
			since(m.Created, now), until(m.Expires, now),
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
