package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/gateway"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

const configName = "offshoot.yaml"

// defaultExpires is how long a preview is meant to live when nobody says.
const defaultExpires = 72 * time.Hour

// Config is what offshoot.yaml says. The zero value is that of no file at all.
// docs/offshoot.schema.json describes the same for editors.
type Config struct {
	Path string // of the file; empty when there is none
	Dir  string // the folder that relative paths start from

	Project string
	Source  string
	// Stranger says that the configuration is that of a fork: nothing of it is
	// made with a source, a key or a login of this computer.
	Stranger bool

	// SourceUnset says that source names a variable that is not set. Only a
	// command that reads the source minds: tearing a preview down must work
	// where the secrets are not.
	SourceUnset error

	Subset   SubsetConfig
	Mask     []mask.Rule         // in the order of the file
	Schema   []mask.LiteralRule  // for what the schema itself says, in the order of the file
	Scanned  map[string][]string // columns by table, nil before the first scan
	Privacy  mask.Privacy        // empty means strict
	Preview  PreviewConfig
	Pulls    PullsConfig
	Sweep    SweepConfig
	Provider string // of the machines: empty or docker, or ec2
	EC2      EC2Config
}

// SubsetConfig is the part about what to keep.
type SubsetConfig struct {
	Curve      plan.Curve
	Mode       plan.Mode
	Tables     map[string]plan.Rule
	Roots      []plan.Root
	References []string
}

// PreviewConfig is the part about what to boot.
type PreviewConfig struct {
	Compose  []string
	Profiles []string
	Without  []string
	EnvFiles map[string]string // what to read in place of a missing file
	Build    map[string]string // variables for builds alone
	Database string            // the service
	// DatabaseName is the database in it that the archive is for, and Databases
	// are the archives of further ones.
	DatabaseName string
	Databases    map[string]string
	Migrate      *MigrateConfig
	Expose       map[string]int
	Expires      time.Duration
	KeepSeeds    *int64 // bytes; nil: provision.DefaultSeedSpace; 0: none
	Environment  map[string]string
	// EnvironmentUnset says that a value here, in Build or in Databases names a
	// variable that is not set. Only up minds.
	EnvironmentUnset error
	Mounts           map[string]string // paths of the checkout → copy, empty or shared
	Allow            []string
	Port             int
	Domain           string
	Public           *bool // nil: where nobody else can reach the preview
	ACME             gateway.ACME
	Wildcard         WildcardConfig
}

// MigrateConfig is the migration command and where it runs.
type MigrateConfig struct {
	Service string
	Command []string
}

func (c *Config) fields() []field {
	return []field{
		{name: "project", decode: text(&c.Project)},
		{name: "source", decode: mayBeUnset(text(&c.Source), &c.SourceUnset)},
		{name: "subset", fields: c.Subset.fields()},
		{name: "preview", fields: c.Preview.fields()},
		{name: "pull_requests", fields: c.Pulls.fields()},
		{name: "sweep", fields: c.Sweep.fields()},
		{name: "provider", decode: provider(&c.Provider)},
		{name: "ec2", fields: c.EC2.fields()},
		{name: "mask", decode: masks(&c.Mask)},
		{name: "schema", decode: literals(&c.Schema)},
		{name: "scanned", decode: scanned(&c.Scanned)},
		{name: "privacy", decode: privacy(&c.Privacy)},
	}
}

func (s *SubsetConfig) fields() []field {
	return []field{
		{name: "curve", decode: curve(&s.Curve)},
		{name: "mode", decode: mode(&s.Mode)},
		{name: "tables", decode: entries(func(table string) decodeFunc { return s.table(table) })},
		{name: "roots", decode: entries(func(table string) decodeFunc { return s.root(table) })},
		{name: "references", decode: texts(&s.References)},
	}
}

func (p *PreviewConfig) fields() []field {
	return []field{
		{name: "compose", decode: texts(&p.Compose)},
		{name: "profiles", decode: texts(&p.Profiles)},
		{name: "without", decode: texts(&p.Without)},
		{name: "env_files", decode: entries(func(file string) decodeFunc { return p.envFile(file) })},
		{name: "build", decode: entries(func(name string) decodeFunc { return p.variable(&p.Build, name) })},
		{name: "database", decode: p.database},
		{name: "migrate", fields: p.migrateFields()},
		{name: "expose", decode: entries(func(service string) decodeFunc { return p.expose(service) })},
		{name: "expires", decode: duration(&p.Expires)},
		{name: "keep_seeds", decode: size(&p.KeepSeeds)},
		{name: "environment", decode: entries(func(name string) decodeFunc { return p.variable(&p.Environment, name) })},
		{name: "mounts", decode: entries(func(path string) decodeFunc { return p.mount(path) })},
		{name: "allow", decode: texts(&p.Allow)},
		{name: "port", decode: within(&p.Port, 1, 65535)},
		{name: "domain", decode: domain(&p.Domain)},
		{name: "public", decode: p.openToAll},
		{name: "acme", fields: p.acmeFields()},
	}
}

func (p *PreviewConfig) migrateFields() []field {
	var m MigrateConfig
	keep := func(inner decodeFunc) decodeFunc {
		return func(d *decoder, n node, where string) {
			inner(d, n, where)
			p.Migrate = &m
		}
	}
	return []field{
		{name: "service", decode: keep(text(&m.Service)), required: true},
		{name: "command", decode: keep(list(&m.Command))},
	}
}

// loadConfig finds offshoot.yaml in dir or above, up to the root of the git
// checkout, and reads it. Without a file it returns the defaults.
func loadConfig(dir string, lookup func(string) (string, bool)) (*Config, error) {
	path, err := findConfig(dir)
	if err != nil {
		return nil, err
	}
	c := &Config{Path: path, Dir: dir, Preview: PreviewConfig{Expires: defaultExpires}}
	if path == "" {
		return c, nil
	}
	c.Dir = filepath.Dir(path)
	data, err := readConfig(path)
	if err != nil {
		return nil, hint.Usage(fmt.Errorf("configuration: %w", err), "")
	}
	return c, c.parse(relative(dir, path), data, lookup)
}

// mostConfig is more than anybody writes, in bytes.
const mostConfig = 1 << 20

// readConfig reads a file that a stranger may have made: it may be a link to
// what never ends.
func readConfig(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no file", path)
	case info.Size() > mostConfig:
		return nil, fmt.Errorf("%s is larger than %d KiB", path, mostConfig>>10)
	}
	return os.ReadFile(path)
}

func findConfig(dir string) (string, error) {
	for _, folder := range upToRoot(dir) {
		path := filepath.Join(folder, configName)
		switch _, err := os.Stat(path); {
		case err == nil:
			return path, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", hint.Usage(fmt.Errorf("configuration: %w", err), "")
		}
		if other := filepath.Join(folder, "offshoot.yml"); exists(other) {
			return "", hint.Usage(fmt.Errorf("configuration: %s is not read", relative(dir, other)), "rename it to %s", configName)
		}
	}
	return "", nil
}

// upToRoot lists dir and the folders above it up to the root of the git
// checkout; only dir when it is in none.
func upToRoot(dir string) []string {
	var folders []string
	for folder := dir; ; folder = filepath.Dir(folder) {
		folders = append(folders, folder)
		if exists(filepath.Join(folder, ".git")) {
			return folders
		}
		if folder == filepath.Dir(folder) {
			return []string{dir}
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// relative shortens path for a message when it lies at or below dir.
func relative(dir, path string) string {
	if short, err := filepath.Rel(dir, path); err == nil {
		return short
	}
	return path
}
