package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/internal/pooler"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/gateway"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

const doctorLong = `Doctor checks what offshoot needs, one line each: what is there, or what to do.
It changes nothing. Of EC2 it asks for each right, by dry runs, and prints the
minimal IAM policy.`

func (a setup) doctorCommand() *cobra.Command {
	name := ""
	c := &cobra.Command{
		Use:     "doctor",
		Short:   "check what offshoot needs on this computer",
		Long:    doctorLong,
		Example: "  offshoot doctor\n  offshoot doctor --provider ec2",
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.doctor(c.Context(), name) },
	}
	c.Flags().StringVar(&name, "provider", "", "check `NAME`, docker or ec2 (default: as configured, or docker)")
	a.jsonFlag(c)
	return c
}

// finding is what one check found.
type finding struct {
	Check string   `json:"check"`
	OK    bool     `json:"ok"`
	Text  string   `json:"text"`
	Hints []string `json:"hints,omitempty"`
}

type doctorResult struct {
	Findings []finding       `json:"findings"`
	Policy   json.RawMessage `json:"policy,omitempty"` // of AWS
}

func (a setup) doctor(ctx context.Context, name string) error {
	if err := config.CheckProvider(name); err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	var found []finding
	note := func(name, text string, err error) {
		f := finding{Check: name, OK: err == nil, Text: text}
		if err != nil {
			f.Text, f.Hints = strings.TrimSpace(err.Error()+"\n"+text), hint.Of(err)
		}
		found = append(found, f)
	}
	cfg, err := a.config()
	if err != nil {
		note("configuration", "", err)
		cfg = &config.Config{Dir: "."}
	} else {
		note("configuration", cmp.Or(cfg.Path, "no "+config.Name+", defaults are used"), nil)
	}
	server, text, err := a.checkSource(ctx, cfg)
	note("source", text, err)
	text, err = checkTools(ctx, server)
	note("postgresql programs", text, err)
	text, err = checkProject(ctx, cfg)
	note("compose file", text, err)
	a.checkWildcard(ctx, cfg, note)
	if cmp.Or(name, cfg.Provider) == config.ProviderEC2 {
		checkCertificates(ctx, cfg, note)
		a.checkEC2(ctx, cfg, note)
		return a.printWithPolicy(ctx, cfg, found)
	}
	cfg.Provider = config.ProviderDocker
	text, err = a.checkEngine(ctx, cfg)
	note("docker engine", text, err)
	text, err = a.checkPort(ctx, cfg)
	note("port", text, err)
	note("links", linksFor(cfg), nil)
	return a.printFindings(found)
}

func (a setup) printFindings(found []finding) error {
	if a.result == nil {
		a.result = doctorResult{Findings: found}
	}
	bad := 0
	var rows [][]string
	for _, f := range found {
		mark := "ok"
		if !f.OK {
			mark = "fail"
			bad++
		}
		for i, line := range a.fitted(strings.Split(f.Text, "\n"), found) {
			if i > 0 {
				mark, f.Check = "", ""
			}
			rows = append(rows, []string{mark, f.Check, line})
		}
		for _, advice := range f.Hints {
			for _, line := range a.fitted([]string{"hint: " + advice}, found) {
				rows = append(rows, []string{"", "", line})
			}
		}
	}
	if !a.json {
		if err := a.println(strings.TrimRight(ui.Table(rows), "\n")); err != nil {
			return err
		}
	}
	if bad > 0 {
		return &checkError{text: fmt.Sprintf("doctor: %d of %d checks failed", bad, len(found))}
	}
	return nil
}

// fitted breaks lines for what a terminal has left of the names of checks.
func (a setup) fitted(lines []string, found []finding) []string {
	if !ui.Terminal(a.stdout) {
		return lines
	}
	width := ui.Columns(a.stdout)() - len("fail    ")
	names := 0
	for _, f := range found {
		names = max(names, ui.Width(f.Check))
	}
	var pieces []string
	for _, line := range lines {
		pieces = append(pieces, ui.Wrap(line, max(width-names, 30))...)
	}
	return pieces
}

// checkSource asks the source for its version; 0 when there is none to ask.
func (a setup) checkSource(ctx context.Context, cfg *config.Config) (major int, text string, err error) {
	source, err := a.source(cfg, "")
	if errors.Is(err, errNoSource) {
		return 0, "none configured, offshoot subset needs --source", nil
	}
	if err != nil {
		return 0, "", err
	}
	way, err := a.way(cfg, "")
	if err != nil {
		return 0, "", err
	}
	return serverVersion(ctx, source, way)
}

// serverVersion asks a server for its version; the major one is 0 while it is
// being developed.
func serverVersion(ctx context.Context, source string, way *conninfo.Way) (major int, text string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	found, err := snapshot.Look(ctx, source, way)
	if errors.Is(err, pooler.ErrShared) || errors.As(err, new(*conninfo.WayError)) {
		return 0, "", err
	}
	if err != nil {
		return 0, "", hint.Wrap(err, "check the URL, the password and the network")
	}
	major, err = strconv.Atoi(strings.SplitN(strings.SplitN(found.Version, ".", 2)[0], " ", 2)[0])
	if err != nil {
		major = 0 // a development version, such as 18devel
	}
	text = fmt.Sprintf("PostgreSQL %s at %s", found.Version, found.Host)
	if !way.Direct() {
		text += ", through " + way.Name
	}
	if found.Pooled {
		text += ", through a pooler in session mode"
	}
	return major, text, nil
}

func checkTools(ctx context.Context, server int) (string, error) {
	tools, err := pgtool.Find(ctx, server)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("pg_dump %d, %s", tools.Major, tools.Path("pg_dump")), nil
}

func checkProject(ctx context.Context, cfg *config.Config) (string, error) {
	if cfg.Preview.EnvironmentUnset != nil {
		return "", cfg.Preview.EnvironmentUnset
	}
	some := provision.Preview{ID: "preview", Project: "project", Name: "preview"} // whichever it will be
	plan, err := (provision.Engine{}).Plan(ctx, provisionOptions(cfg, upOptions{}, some, "", ""))
	if err != nil {
		return "", err
	}
	return planSummary(plan), planError(plan)
}

// planSummary is a plan in a few lines.
func planSummary(plan *provision.UpPlan) string {
	if len(plan.Services) == 0 {
		return ""
	}
	var shown, built, mounted []string
	for _, s := range plan.Services {
		if s.Port > 0 {
			shown = append(shown, fmt.Sprintf("%s:%d", s.Name, s.Port))
		}
		if s.Build != "" {
			built = append(built, s.Name)
		}
	}
	for _, m := range plan.Mounts {
		if source := mountSource(m); m.Type == "bind" && !slices.Contains(mounted, source) {
			mounted = append(mounted, source)
		}
	}
	services := []string{ui.Plural(int64(len(plan.Services)), "service")}
	if d := plan.Database; d != nil {
		services = append(services, "database "+d.Service)
	}
	if len(shown) > 0 {
		services = append(services, "shows "+strings.Join(shown, ", "))
	}
	lines := []string{strings.Join(services, ", ")}
	if len(built) > 0 {
		lines = append(lines, "builds "+strings.Join(built, ", "))
	}
	if len(mounted) > 0 {
		lines = append(lines, "mounts "+strings.Join(mounted, ", "))
	}
	if unusual := unusualChanges(plan); unusual > 0 {
		lines = append(lines,
			ui.Plural(unusual, "unusual change")+" to the compose file (offshoot up --plan lists them)")
	}
	return strings.Join(lines, "\n")
}

func unusualChanges(plan *provision.UpPlan) int64 {
	n := int64(0)
	for _, c := range plan.Changes {
		if !c.Usual {
			n++
		}
	}
	return n
}

// planError is all that is wrong with a plan, as one error.
func planError(plan *provision.UpPlan) error {
	if !plan.Fails() {
		return nil
	}
	var lines, hints, without []string
	for _, r := range plan.Refused {
		lines = append(lines, fmt.Sprintf("refused: %s (preview.allow: %s)", r.What, r.Allow))
		if r.Without != "" && !slices.Contains(without, r.Without) {
			without = append(without, r.Without)
		}
	}
	if len(without) > 0 {
		hints = append(hints,
			"leave out what a preview can do without, preview.without: ["+strings.Join(without, ", ")+"] in "+
				config.Name)
	}
	if len(lines) > 0 {
		hints = append(hints, "remove it from the compose file, or list it under preview.allow in "+config.Name)
	}
	for _, p := range plan.Problems {
		lines, hints = append(lines, p.Text), append(hints, p.Hints...)
	}
	err := errors.New(strings.Join(lines, "\n"))
	for _, advice := range slices.Backward(hints) {
		err = hint.Usage(err, "%s", advice)
	}
	return err
}

func (a setup) checkEngine(ctx context.Context, cfg *config.Config) (_ string, err error) {
	engine, err := a.engine(ctx, cfg)
	if err != nil {
		return "", err
	}
	defer closing(engine.Docker, &err)
	version, err := engine.Docker.Client().ServerVersion(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, %s/%s", version.Version, version.Os, version.Arch), engine.Missing
}

// linksFor tells whom the links of previews will work for.
func linksFor(cfg *config.Config) string {
	if cfg.Preview.Domain != "" {
		return "below " + cfg.Preview.Domain
	}
	return "below localhost, for browsers on this computer alone; preview.domain makes them work for others, such " +
		"as reviewers of what a CI job made here"
}

// checkPort tells whether the gateway can have its port, or has it.
func (a setup) checkPort(ctx context.Context, cfg *config.Config) (_ string, err error) {
	port := cfg.Preview.Port
	if port == 0 {
		port = gateway.DefaultPort
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err == nil {
		return address + " is free", listener.Close()
	}
	taken := hint.Wrap(fmt.Errorf("%s is taken", address), "stop what listens there, or set preview.port in %s",
		config.Name)
	engine, unreachable := a.engine(ctx, cfg)
	if unreachable != nil {
		return "", taken
	}
	defer closing(engine.Docker, &err)
	previews, err := engine.List(ctx, provision.Filter{})
	if err != nil || len(previews) == 0 {
		return "", taken
	}
	return fmt.Sprintf("%s serves %s", address, ui.Plural(int64(len(previews)), "preview")), nil
}
