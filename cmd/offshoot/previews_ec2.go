package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/worktree"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/dedicated"
	"github.com/offshoot-dev/offshoot/provision/docker"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/gateway"
	"github.com/offshoot-dev/offshoot/provision/machine"
	"github.com/offshoot-dev/offshoot/provision/remote"
	"github.com/offshoot-dev/offshoot/provision/sweep"
)

// ec2Backend has the previews each on an instance of its own.
type ec2Backend struct {
	placing
	cfg *config.Config
}

func (b ec2Backend) previews(ctx context.Context, s supply) (provision.Previews, error) {
	provider, err := ec2.New(ctx, b.ec2Options(b.cfg))
	if err != nil {
		return nil, err
	}
	return b.on(provider, s), nil
}

// on is of the machines of a provider.
func (b ec2Backend) on(provider dedicated.Provider, s supply) dedicated.Previews {
	var given gateway.Given // the certificate of all names below the domain
	p := dedicated.Previews{Provider: provider, Stderr: b.stderr}
	p.Front = func(m machine.Machine) (provision.Front, error) {
		address, err := dedicated.AddressOf(m)
		if err != nil {
			return provision.Front{}, err
		}
		cfg := b.cfg.On(m.Labels)
		front := cfg.Front(address)
		if !cfg.Stranger {
			front.Given = given
		}
		return front, nil
	}
	if s.ui == nil {
		return p
	}
	p.Supply = dedicated.Supply{
		Files: b.files, Elsewhere: s.archives.elsewhere, Info: s.ui.Info, Warn: s.ui.Warn,
		Prepare: func(ctx context.Context) (err error) {
			foretell(ctx, b.cfg, s.ui)
			given, err = b.wildcardCertificate(ctx, s.ui, b.cfg)
			return err
		},
		Program: func(system, architecture string) (string, error) {
			return b.program(s.program, system, architecture)
		},
	}
	return p
}

// files is what goes to the machine, but for the archives.
func (b ec2Backend) files(ctx context.Context, o provision.Options) (d remote.Delivery, err error) {
	git, err := b.checkout(ctx, b.cfg.Dir)
	if err != nil {
		return d, err
	}
	if err := checkCompose(ctx, b.cfg); err != nil {
		return d, err
	}
	if err := b.cfg.Preview.ACME.Check(); err != nil {
		return d, hint.Usage(err, "correct preview.acme in %s", config.Name)
	}
	source := b.cfg.ComposeSource()
	below, err := filepath.Rel(git.Root, source.Dir)
	if err != nil || !filepath.IsLocal(below) {
		return d, fmt.Errorf("the compose project in %s is not in the checkout %s", source.Dir, git.Root)
	}
	d = remote.Delivery{Checkout: git.Root, Dir: below, Request: remote.Request{Options: o, Committed: git.Made}}
	if d.Paths, err = pathsOf(ctx, git.Root, source); err != nil {
		return d, err
	}
	if !b.cfg.Stranger {
		d.Request.Options.Logins, err = compose.Logins(ctx, source)
	}
	return d, err
}

// pathsOf are those of a checkout that a preview may see, and what its compose
// project cannot do without.
func pathsOf(ctx context.Context, root string, source compose.Source) ([]string, error) {
	paths, err := worktree.List(ctx, root)
	if err != nil {
		return nil, err
	}
	needed, err := compose.Files(ctx, source)
	if err != nil {
		return nil, err
	}
	return worktree.AddNeeded(root, paths, needed)
}

// program is offshoot for the machine: where it fits, the one that was named, or
// this.
func (b ec2Backend) program(named, system, architecture string) (string, error) {
	own, err := b.ownProgram(named)
	if err != nil {
		return "", err
	}
	return docker.BinaryFor(own, system, architecture)
}

func (b ec2Backend) ownProgram(named string) (string, error) {
	configured := b.cfg.EC2.Binary
	switch {
	case named != "":
		return named, nil
	case configured == "":
		return os.Executable()
	case filepath.IsAbs(configured):
		return configured, nil
	}
	return filepath.Join(b.cfg.Dir, configured), nil
}

func (b ec2Backend) places(ctx context.Context, repository, number string) ([]sweep.Place, func() error, error) {
	provider, err := ec2.New(ctx, b.ec2Options(b.cfg))
	if err != nil {
		return nil, nil, err
	}
	machines := sweep.Machines{Provider: provider, Number: number, Remains: remnants(provider, repository, number)}
	return []sweep.Place{machines}, func() error { return nil }, nil
}

// leftoverAge is how old a volume must be that no instance has: a younger one
// may be on its way to one.
const leftoverAge = time.Hour

// remnants are those of the repository's machines, since other repositories
// share the account, and the security groups that no machine of any is in.
func remnants(provider *ec2.Provider, repository, number string) func(context.Context) ([]sweep.Remnant, error) {
	return func(ctx context.Context) ([]sweep.Remnant, error) {
		found, err := provider.LeftoversOf(ctx, repository, number, leftoverAge)
		if err != nil {
			return nil, err
		}
		groups, err := provider.UnusedGroups(ctx)
		var remains []sweep.Remnant
		for _, l := range slices.Concat(found, groups) {
			remains = append(remains, sweep.Remnant{
				Kind: sweep.Kind(l.Kind), ID: l.ID, Preview: l.Preview,
				Remove: func(ctx context.Context) error { return removeRemnant(ctx, provider, l) },
			})
		}
		return remains, err
	}
}

func removeRemnant(ctx context.Context, provider *ec2.Provider, l ec2.Leftover) error {
	err := provider.Remove(ctx, l)
	if errors.Is(err, ec2.ErrInUse) {
		return sweep.ErrBusy
	}
	return err
}

// planned asks nothing of EC2: a machine of a preview's own has nothing yet.
func (ec2Backend) planned(context.Context) (provision.Engine, error) { return provision.Engine{}, nil }

func (b ec2Backend) machine() machinePlan {
	e := b.cfg.EC2
	m := machinePlan{
		Provider: config.ProviderEC2, Types: e.Types, Region: e.Region, Spot: e.Spot, DiskGB: e.Disk, Image: e.Image,
	}
	if len(m.Types) == 0 {
		m.Types = ec2.DefaultTypes()
	}
	if m.DiskGB == 0 {
		m.DiskGB = ec2.DefaultDisk
	}
	m.PricePerHour = e.Prices[m.Types[0]]
	return m
}

func (ec2Backend) dedicated() bool { return true }

// reaches knows machines of the region. A pull request may have another provider or
// region than the default branch, whose configuration a sweep reads.
func (b ec2Backend) reaches(machine string) bool {
	region := cmp.Or(b.cfg.EC2.Region, b.getenv("AWS_REGION"), b.getenv("AWS_DEFAULT_REGION"))
	return strings.HasPrefix(machine, "i-") && strings.Contains(machine, region)
}

func (ec2Backend) none() string { return "no machines of offshoot's in the region" }
