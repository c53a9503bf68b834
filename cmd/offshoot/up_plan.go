package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

// upPlan is the document of up --plan, and what is printed of it.
type upPlan struct {
	*provision.UpPlan
	Machine machinePlan `json:"machine"`
	Fetches string      `json:"fetches,omitempty"` // an archive in a bucket
	Subset  bool        `json:"subset,omitempty"`  // one is made of the source first
	// Others are the archives of further databases, by their names.
	Others  map[string]string `json:"others,omitempty"`
	Changes []changeResult    `json:"changes"`
}

// machinePlan is where the preview would run.
type machinePlan struct {
	Provider string   `json:"provider"`
	Types    []string `json:"types,omitempty"` // the first to be had is taken
	Region   string   `json:"region,omitempty"`
	Spot     bool     `json:"spot,omitempty"`
	DiskGB   int      `json:"disk_gb,omitempty"`
	Image    string   `json:"image,omitempty"`
	// PricePerHour is what ec2.prices says of the first type; 0: nothing.
	PricePerHour float64 `json:"price_per_hour,omitempty"`
}

// planUp tells what up would do, and ends as up would where that has to fail.
func (a making) planUp(
	ctx context.Context, cfg *config.Config, o upOptions, preview provision.Preview, commit string,
) error {
	plan, err := a.makePlan(ctx, cfg, o, preview, commit)
	if err != nil {
		return fmt.Errorf("up %s: %w", preview.Name, err)
	}
	if a.json {
		a.result = plan
	} else if err := a.println(plan.text(ui.Columns(a.stdout)(), o.verbose)); err != nil {
		return err
	}
	return plan.failure()
}

// failure ends the program as the run would end.
func (p upPlan) failure() error {
	if !p.Fails() {
		return nil
	}
	err := fmt.Errorf("up %s: %s would stop it", p.Preview.Name,
		ui.Plural(int64(len(p.Refused)+len(p.Problems)), "problem"))
	if len(p.Refused) > 0 {
		return hint.Usage(err, "")
	}
	for _, problem := range p.Problems {
		if problem.Usage {
			return hint.Usage(err, "")
		}
	}
	return err
}

func (a making) makePlan(
	ctx context.Context, cfg *config.Config, o upOptions, preview provision.Preview, commit string,
) (_ upPlan, err error) {
	wrong := o.check()
	where := a.backend(cfg)
	plan := upPlan{Machine: where.machine()}
	archive := ""
	switch {
	case store.IsLocation(o.archive):
		plan.Fetches = o.archive
	case o.archive != "" && wrong == nil:
		if archive, err = filepath.Abs(o.archive); err != nil {
			return plan, err
		}
	case o.archive == "" && !o.keepData:
		_, err := a.spec(cfg, sourceFlags{})
		plan.Subset = err == nil
		if err != nil && !errors.Is(err, errNoSource) {
			wrong = errors.Join(wrong, hint.Wrap(err, "or load a file with --archive"))
		}
	}
	engine, unreachable := where.planned(ctx)
	if engine.Docker != nil {
		defer closing(engine.Docker, &err)
	}
	options := provisionOptions(cfg, o, preview, commit, archive)
	missing := plan.addOthers(cfg, o, &options)
	plan.UpPlan, err = engine.Plan(ctx, options)
	if err != nil {
		return plan, err
	}
	for _, err := range append(missing, wrong, cfg.Preview.EnvironmentUnset) {
		plan.Add(err)
	}
	if unreachable != nil {
		plan.Unknown = append(plan.Unknown, "the engine: "+unreachable.Error())
	}
	if engine.Docker != nil && strings.HasPrefix(engine.Docker.Client().DaemonHost(), "unix://") {
		plan.Add(portTaken(ctx, plan.Gateway))
	}
	if d := plan.Database; d != nil && (o.archive != "" || plan.Subset) {
		d.Data = provision.DataArchive
	}
	if where.dedicated() {
		plan.farAway(cfg)
	}
	plan.Changes = changeResults(plan.UpPlan.Changes)
	return plan, nil
}

// addOthers adds the archives of further databases, and tells what is wrong with
// their files. Those that lie here are read beside a first one that does.
func (p *upPlan) addOthers(cfg *config.Config, o upOptions, options *provision.Options) (wrong []error) {
	if o.keepData {
		return nil // which has them
	}
	p.Others, options.Archives = otherFiles(cfg, o), map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(p.Others)) {
		file := p.Others[name]
		switch err := checkArchive(file); {
		case err != nil:
			wrong = append(wrong, fmt.Errorf("database %s: %w", name, err))
		case !store.IsLocation(file) && !p.Subset && p.Fetches == "":
			options.Archives[name] = file
		}
	}
	return wrong
}

// farAway leaves out what is known only when there is a machine.
func (p *upPlan) farAway(cfg *config.Config) {
	p.Gateway, p.Links, p.SignIn = nil, []provision.Link{}, cfg.Preview.Public == nil || !*cfg.Preview.Public
	p.Unknown = append(p.Unknown, "the machine of the preview, and so its address and links: AWS was not asked")
}

// portTaken tells of another program where the gateway would answer.
func portTaken(ctx context.Context, g *provision.PlannedGateway) error {
	if g == nil || g.Running || g.Port == 0 {
		return nil
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(g.Port))
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return hint.Wrap(fmt.Errorf("%s is taken", address), "stop what listens there, or set preview.port in %s",
			config.Name)
	}
	return listener.Close()
}
