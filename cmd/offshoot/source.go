package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/offshoot-dev/offshoot/internal/bastion"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/rds"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// sourceFlags says which database to read, and how to get there.
type sourceFlags struct{ source, via string }

func (s *sourceFlags) add(f *pflag.FlagSet) {
	f.StringVar(&s.source, "source", "", "`URL` of the database to read")
	f.StringVar(&s.via, "via", "", "reach it through the SSH server at `ADDRESS`, ssh://user@host (default: as "+
		"configured; none: directly)")
}

// spec is what the configuration asks to keep of the source that is given, and the
// way to that. It connects to nothing.
func (a sourcing) spec(cfg *config.Config, from sourceFlags) (plan.Spec, error) {
	source, err := a.sourceNeeded(cfg, from.source)
	if err != nil {
		return plan.Spec{}, err
	}
	spec := cfg.Spec(source)
	spec.Way, err = a.way(cfg, from.via)
	return spec, err
}

var errNoSource = errors.New("no source given")

// source is the connection string of the database to read: the command
// line's, the environment's or the configuration's. From here on its password
// is not printed.
func (a sourcing) source(cfg *config.Config, flag string) (string, error) {
	if cfg.Stranger {
		return "", errNoSource // whatever the environment of the job has
	}
	source := cmp.Or(flag, a.getenv("OFFSHOOT_SOURCE"), cfg.Source)
	if source == "" && cfg.SourceUnset != nil {
		return "", cfg.SourceUnset
	}
	if source == "" {
		return "", errNoSource
	}
	return source, a.checkURL("source", source)
}

// sourceNeeded is the source for a command that cannot do without, with advice
// where there is none.
func (a sourcing) sourceNeeded(cfg *config.Config, flag string) (string, error) {
	source, err := a.source(cfg, flag)
	if errors.Is(err, errNoSource) {
		err = hint.Usage(err, "give --source, set OFFSHOOT_SOURCE, or write source: to %s", config.Name)
	}
	return source, err
}

// checkURL refuses what is no connection string.
func (a sourcing) checkURL(what, text string) error {
	if err := a.rememberURL(text); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// rememberURL reads a connection string as libpq would, to remember its
// passwords, which may be from the environment or ~/.pgpass, as secrets.
func (a sourcing) rememberURL(text string) error {
	a.secrets.AddURL(text)
	config, err := conninfo.Parse(text)
	if err != nil {
		return err
	}
	for _, server := range conninfo.Servers(&config.Config) {
		password, err := conninfo.PasswordFor(context.Background(), &config.Config, server)
		if err != nil {
			return err
		}
		a.secrets.Add(password)
	}
	return nil
}

// viaDirectly is what --via and OFFSHOOT_VIA say against a configured bastion.
const viaDirectly = "none"

// way is how to reach the source: the command line's, the environment's or the
// configuration's. It lasts until the program ends.
func (a sourcing) way(cfg *config.Config, flag string) (*conninfo.Way, error) {
	if cfg.Stranger {
		return nil, errNoSource
	}
	way := &conninfo.Way{}
	if cfg.Way.Auth == config.AuthRDS {
		way.Password = (&rds.SignIn{Region: cfg.Way.Region, Seen: func(s string) { a.secrets.Add(s) }}).Password
	}
	via := cmp.Or(flag, a.getenv("OFFSHOOT_VIA"), cfg.Way.Via)
	if via == "" || via == viaDirectly {
		return way, nil
	}
	b, err := a.bastion(cfg, via)
	if err != nil {
		return nil, err
	}
	way.Name, way.Dial = b.String(), b.Dial
	return way, nil
}

func (a sourcing) bastion(cfg *config.Config, via string) (*bastion.Bastion, error) {
	key, err := a.viaKey(cfg)
	if err != nil {
		return nil, err
	}
	o := bastion.Options{Via: via, Key: key, Agent: a.getenv("SSH_AUTH_SOCK"), KnownHosts: a.knownHosts()}
	if via == cfg.Way.Via {
		o.HostKey = cfg.Way.HostKey
	}
	b, err := bastion.Open(o)
	if err == nil {
		a.ways = append(a.ways, b)
	}
	return b, err
}

// viaKey is the private key to log in to the bastion with; none where the agent
// has it. A secret that is a variable often lost the newline at its end.
func (a sourcing) viaKey(cfg *config.Config) (string, error) {
	if key := a.getenv("OFFSHOOT_VIA_KEY"); key != "" {
		a.secrets.Add(key)
		return key + "\n", nil
	}
	path := cfg.Way.Key
	if path == "" {
		return "", nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(cfg.Dir, path)
	}
	key, err := os.ReadFile(path)
	if err != nil {
		return "", hint.Usage(fmt.Errorf("source.key: %w", err), "name the file with the private key, or set "+
			"OFFSHOOT_VIA_KEY to what is in it")
	}
	return string(key), nil
}

// knownHosts are the files in which OpenSSH looks for the keys of hosts.
func (a sourcing) knownHosts() []string {
	files := []string{"/etc/ssh/ssh_known_hosts"}
	if home := a.getenv("HOME"); home != "" {
		files = append([]string{filepath.Join(home, ".ssh", "known_hosts")}, files...)
	}
	return files
}

// leave closes the ways to the source that were opened.
func (a *app) leave() error {
	var errs []error
	for _, way := range a.ways {
		errs = append(errs, way.Close())
	}
	return errors.Join(errs...)
}
