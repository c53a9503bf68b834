package main

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/repository"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

// text is the plan for people, grouped by what they ask: what is wrong, what
// would be where, what is in it, and what is different from the compose file.
func (p upPlan) text(width int, verbose bool) string {
	s := &ui.Sheet{Width: width}
	s.Add("refused", p.refusedLines()...)
	s.Add("problems", p.problemLines()...)
	s.Add("preview", p.previewLines()...)
	s.Add("machine", p.Machine.line())
	s.Add("services", p.serviceLines()...)
	s.Add("database", p.databaseLines()...)
	if m := p.Migrate; m != nil {
		s.Add("migrate", m.Service+": "+cmp.Or(strings.Join(m.Command, " "), "its own command"))
	}
	s.Add("link", p.linkLines()...)
	s.Add("mounts", p.mountLines()...)
	s.Add("makes", p.madeLines()...)
	s.Add("changes", p.changedLines(verbose)...)
	s.Add("notes", p.Notices...)
	s.Add("not known", p.Unknown...)
	return strings.TrimRight(s.String(), "\n")
}

func (p upPlan) refusedLines() []string {
	var lines []string
	for _, r := range p.Refused {
		lines = append(lines, r.What)
		if r.Without != "" {
			lines = append(lines, "  not there with preview.without: ["+r.Without+"]")
		}
		lines = append(lines, "  permitted by preview.allow: "+r.Allow)
	}
	return lines
}

func (p upPlan) problemLines() []string {
	var lines []string
	for _, problem := range p.Problems {
		lines = append(lines, strings.Split(problem.Text, "\n")...)
		for _, advice := range problem.Hints {
			lines = append(lines, "  hint: "+advice)
		}
	}
	return lines
}

func (p upPlan) previewLines() []string {
	name := p.Preview.Name + " of " + p.Preview.Project
	if p.Commit != "" {
		name += ", commit " + repository.Short(p.Commit)
	}
	lines := []string{name}
	switch r := p.Replaces; {
	case r != nil && p.Database != nil && p.Database.Data == provision.DataKept:
		lines = append(lines,
			"replaces "+cmp.Or(repository.Short(r.Commit), "the one that serves")+", which stops to hand its data over")
	case r != nil && r.Commit != "":
		lines = append(lines, "replaces commit "+repository.Short(r.Commit)+", which serves until this one is ready")
	case r != nil:
		lines = append(lines, "replaces the one that serves, when this one is ready")
	case p.Generation > 0:
		lines = append(lines, "nothing serves yet")
	}
	if n := len(p.Leftovers); n > 0 {
		lines = append(lines, "first removes what "+ui.Plural(int64(n), "unfinished run")+" left")
	}
	if p.Expires.IsZero() {
		return append(lines, "never expires")
	}
	return append(lines, "expires "+p.Expires.Local().Format(time.RFC1123))
}

func (m machinePlan) line() string {
	if m.Provider != config.ProviderEC2 {
		return "the Docker engine of this computer"
	}
	line := "one of its own on EC2, " + strings.Join(m.Types, " or ")
	for _, more := range []struct {
		given bool
		text  string
	}{
		{m.Region != "", "in " + m.Region},
		{m.Spot, "at the spot price"},
		{true, fmt.Sprintf("%d GB disk", m.DiskGB)},
		{m.Image != "", "from " + m.Image},
		{m.PricePerHour > 0, price(m.PricePerHour) + " an hour"},
	} {
		if more.given {
			line += ", " + more.text
		}
	}
	return line
}

func (p upPlan) serviceLines() []string {
	var rows [][]string
	for _, s := range p.Services {
		row := []string{s.Name, s.Image, pullWords[s.Pull]}
		if s.Build != "" {
			row = []string{s.Name, "built from " + s.Build, ""}
		}
		if s.Once {
			row[2] = strings.TrimPrefix(row[2]+", for the migration only", ", ")
		}
		rows = append(rows, row)
	}
	return tableLines(rows)
}

var pullWords = map[string]string{
	provision.PullDone: "is on the machine", provision.PullMissing: "is pulled",
	provision.PullUnknown: "is pulled if missing",
}

func tableLines(rows [][]string) []string {
	if len(rows) == 0 {
		return nil
	}
	return strings.Split(strings.TrimRight(ui.Table(rows), "\n"), "\n")
}

func (p upPlan) databaseLines() []string {
	d := p.Database
	if d == nil {
		return nil
	}
	if d.Data == provision.DataKept {
		return []string{d.Service + ", keeps its data in " + d.Folder}
	}
	lines := []string{d.Service + ", data in " + d.Folder + " on a fresh volume"}
	into := " into " + d.Name
	a := p.Archive
	switch {
	case p.Subset:
		lines = append(lines, "loads a subset of the source"+into+", made first (see it with offshoot subset --plan)")
	case p.Fetches != "":
		lines = append(lines, "loads "+p.Fetches+into+", fetched first")
	case d.Data == provision.DataScripts:
		return append(lines, "no archive: what the compose project's own scripts make of it")
	case a != nil:
		lines = append(lines, "loads "+a.Path+into,
			fmt.Sprintf("  %s, %s, sha256 %s", a.Format, document.Size(a.Bytes), short(a.SHA256, 16)),
			"  "+cloneWords[d.Clone])
	}
	for _, name := range slices.Sorted(maps.Keys(p.Others)) {
		lines = append(lines, "loads "+p.Others[name]+" into "+name)
	}
	return lines
}

var cloneWords = map[string]string{
	provision.CloneNo:      "loaded: no database that has it is kept",
	provision.CloneLikely:  "cloned from a database that has it, if image and settings are the same",
	provision.CloneUnknown: "cloned if a database that has it is kept, else loaded",
}

func (p upPlan) linkLines() []string {
	var lines []string
	for _, l := range p.Links {
		port := ""
		for _, s := range p.Services {
			if s.Name == l.Service && s.Port > 0 {
				port = fmt.Sprintf(" port %d", s.Port)
			}
		}
		lines = append(lines, l.URL+" ("+l.Service+port+")")
	}
	if g := p.Gateway; g != nil && g.Domain != "" {
		lines = append(lines, "the gateway for "+g.Domain+gatewayWords[g.Running])
	} else if g != nil {
		lines = append(lines, fmt.Sprintf("the gateway at 127.0.0.1:%d%s", g.Port, gatewayWords[g.Running]))
	}
	if p.SignIn {
		return append(lines, "one has to sign in")
	}
	return lines
}

var gatewayWords = map[bool]string{true: " runs", false: " is started"}

func (p upPlan) mountLines() []string {
	var lines []string
	for _, m := range p.Mounts {
		line := m.Service + ": " + mountSource(m) + " at " + m.Target
		if m.ReadOnly && m.Type == "bind" {
			line += ", read-only"
		}
		lines = append(lines, line)
	}
	return lines
}

func mountSource(m provision.PlannedMount) string {
	path := strings.TrimSuffix("./"+m.Source, "/.")
	switch {
	case m.Given == compose.MountCopy:
		return "a copy of " + path
	case m.Given == compose.MountEmpty:
		return "an empty folder for " + path
	case m.Given == compose.MountShared:
		return "the checkout's own " + path
	case m.Type == "bind" && filepath.IsAbs(m.Source):
		return m.Source
	case m.Type == "bind":
		return path
	case m.Type == "tmpfs":
		return "memory"
	case m.Source == "":
		return "a new " + m.Type
	}
	return m.Type + " " + m.Source
}

func (p upPlan) madeLines() []string {
	var lines []string
	for _, n := range p.Networks {
		lines = append(lines, "network "+n)
	}
	for _, v := range p.Volumes {
		lines = append(lines, "volume "+v)
	}
	for _, s := range p.Services {
		if s.Build != "" && !slices.Contains(lines, "image "+s.Image) {
			lines = append(lines, "image "+s.Image)
		}
	}
	return lines
}

// changedLines tells what is different from the compose file.
func (p upPlan) changedLines(verbose bool) []string {
	var lines []string
	for _, line := range changeLines(p.UpPlan.Changes, verbose) {
		if line != changesTitle {
			lines = append(lines, strings.TrimPrefix(line, "  "))
		}
	}
	return lines
}
