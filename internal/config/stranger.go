package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
)

// LoadForStranger reads the configuration of a fork's checkout: no link, and no
// variable is replaced.
func LoadForStranger(dir string) (*Config, error) {
	if err := refuseLink(dir); err != nil {
		return nil, err
	}
	return Load(dir, NoVariables)
}

// NoVariables withholds all variables: a file that names some reads as if they
// were empty.
func NoVariables(string) (string, bool) { return withheld, true }

// refuseLink keeps a fork from having a file of this computer read, of which an
// error shows the keys.
func refuseLink(dir string) error {
	path, err := find(dir)
	if err != nil || path == "" {
		return err
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink != 0 {
		return hint.Usage(fmt.Errorf("configuration: %s is a link", Name), "in a fork it has to be a file")
	}
	return nil
}

// ForStranger returns what is left of a fork's own configuration on top of the
// base branch's. The list is of what a stranger may say: what the preview is made of.
// Data, machine, money, and who may look are the base branch's. No source, no
// key, no file of this computer, and no right at AWS is anybody's here.
func (c *Config) ForStranger(own *Config) *Config {
	of, by := c.Preview, own.Preview
	made := &Config{
		Path: own.Path, Dir: own.Dir, Stranger: true,
		Project: c.Project, Provider: c.Provider, EC2: c.EC2, Pulls: c.Pulls, Sweep: c.Sweep, Rehearse: c.Rehearse,
		Checks: c.Checks.forStranger(),
		Preview: Preview{
			Compose: by.Compose, Profiles: by.Profiles, Without: by.Without, EnvFiles: by.EnvFiles, Build: by.Build,
			Database: by.Database, DatabaseName: by.DatabaseName, Migrate: by.Migrate, Expose: by.Expose,
			Rehearse:    of.Rehearse,
			Environment: by.Environment, Mounts: copies(by.Mounts),
			Expires: of.Expires, KeepTemplates: of.KeepTemplates, Port: of.Port, Domain: of.Domain, Public: of.Public,
			ACME: of.ACME, Wildcard: of.Wildcard,
		},
	}
	made.EC2.Profile = ""
	if !filepath.IsAbs(made.EC2.Binary) {
		made.EC2.Binary = "" // of the checkout, so the stranger's
	}
	return made
}

// copies leaves out what is shared of the checkout.
func copies(mounts map[string]string) map[string]string {
	var kept map[string]string
	for path, what := range mounts {
		if what == "shared" {
			continue
		}
		if kept == nil {
			kept = map[string]string{}
		}
		kept[path] = what
	}
	return kept
}

// Ignored names the keys that a fork's file changes in vain.
func Ignored(own, base *Config) []string {
	var changed []string
	for _, key := range []struct {
		name      string
		own, base any
	}{
		{"project", own.Project, base.Project},
		{"source", []any{own.Source, own.Way}, []any{base.Source, base.Way}},
		{"subset", own.Subset, base.Subset},
		{"mask", own.Mask, base.Mask},
		{"schema", own.Schema, base.Schema},
		{"scanned", own.Scanned, base.Scanned},
		{"privacy", own.Privacy, base.Privacy},
		{"preview.database.databases", own.Preview.Databases, base.Preview.Databases},
		{"preview.expires", own.Preview.Expires, base.Preview.Expires},
		{"preview.keep_templates", own.Preview.KeepTemplates, base.Preview.KeepTemplates},
		{"preview.allow", own.Preview.Allow, base.Preview.Allow},
		{"preview.port", own.Preview.Port, base.Preview.Port},
		{"preview.domain", own.Preview.Domain, base.Preview.Domain},
		{"preview.public", own.Preview.Public, base.Preview.Public},
		{
			"preview.acme",
			[]any{own.Preview.ACME, own.Preview.Wildcard},
			[]any{base.Preview.ACME, base.Preview.Wildcard},
		},
		{"rehearse", own.Rehearse, base.Rehearse},
		{"preview.rehearse", own.Preview.Rehearse, base.Preview.Rehearse},
		{"checks", own.Checks.Settings, base.Checks.Settings},
		{"pull_requests", own.Pulls, base.Pulls},
		{"sweep", own.Sweep, base.Sweep},
		{"provider", own.Provider, base.Provider},
		{"ec2", own.EC2, base.EC2},
	} {
		if !reflect.DeepEqual(key.own, key.base) {
			changed = append(changed, key.name)
		}
	}
	return changed
}

// On returns the configuration for a machine with these labels: one that was made for a fork stays the
// stranger's, also where a maintainer starts or updates it.
func (c *Config) On(labels map[string]string) *Config {
	if labels[provision.LabelStranger] == "" {
		return c
	}
	strangers := *c
	strangers.Stranger = true
	return &strangers
}
