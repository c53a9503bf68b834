// Package config reads offshoot.yaml: what a subset keeps, what becomes of
// personal data, and what a preview boots and where.
//
//	Load -> Config.Parse -> one decoder with all mistakes, each with its line
//
// The file is checked here; whether a source or a machine can be reached is for
// the commands to find out. A fork's file is read by LoadForStranger, and counts
// only as far as ForStranger says.
package config

import (
	"time"

	"github.com/offshoot-dev/offshoot/internal/rehearse"
	"github.com/offshoot-dev/offshoot/subset/mask"
)

// Name is the file that is looked for.
const Name = "offshoot.yaml"

// DefaultExpires is how long a preview lives when nobody says.
const DefaultExpires = 72 * time.Hour

// Config is what offshoot.yaml says. Default returns that of no file at all.
// docs/offshoot.schema.json describes the same for editors.
type Config struct {
	Path string // of the file; empty when there is none
	Dir  string // the folder that relative paths start from

	Project string
	Source  string
	Way     Way // to the source
	// Stranger says that the configuration is that of a fork: nothing of it is
	// made with a source, a key or a login of this computer.
	Stranger bool

	// SourceUnset says that source names a variable that is not set. Only a
	// command that reads the source minds: tearing a preview down must work
	// where the secrets are not.
	SourceUnset error

	Subset   Subset
	Mask     []mask.Rule         // in the order of the file
	Schema   []mask.LiteralRule  // for what the schema itself says, in the order of the file
	Scanned  map[string][]string // columns by table, nil before the first scan
	Privacy  mask.Privacy        // empty means strict
	Preview  Preview
	Rehearse rehearse.Limits
	Checks   Checks
	Pulls    Pulls
	Sweep    Sweep
	Provider string // of the machines: empty or docker, or ec2
	EC2      EC2
}

func (c *Config) fields() []field {
	return []field{
		{
			name: "project", value: text(&c.Project),
			about:  "part of the preview's name and link",
			absent: "the repository's name, or the folder's when that is not the repository's root",
		},
		{
			name: "source", value: c.source(),
			about: "the database to take subsets of, only read: URL or `key=value` pairs, as psql takes them, or " +
				"`{url, via, …}` where it takes more to reach it; `--source` and `OFFSHOOT_SOURCE` win over it",
			absent: "none", example: "${PRODUCTION_DATABASE_URL}",
		},
		{name: "subset", value: section(c.Subset.fields()), about: "which rows to keep"},
		{name: "preview", value: section(c.Preview.fields()), about: "what to boot for a pull request"},
		{
			name: "rehearse", value: section(limitFields(&c.Rehearse)),
			about: "what a migration may do to production; beyond that `rehearse`, `up` and `ci` exit with 3",
		},
		{
			name: "checks", value: c.Checks.checked(),
			about: "pages that are visited to compare what main's code and the pull request's ask of the database; " +
				"`false`: none; see [Queries](queries.md)",
		},
		{
			name: "pull_requests", value: section(c.Pulls.fields()),
			about: "which pull requests have a preview, and what is said on them",
		},
		{name: "sweep", value: section(c.Sweep.fields()), about: "what the scheduled cleanup leaves"},
		{
			name: "provider", value: provider(&c.Provider),
			about:  "`docker`, or `ec2`: a [machine](ec2.md) for each preview; `--provider` wins over it",
			absent: "`docker`",
		},
		{name: "ec2", value: section(c.EC2.fields()), about: "machines on Amazon EC2"},
		{
			name: "mask", value: masks(&c.Mask),
			about: "a transformer, or `{as, …}` with its options; of several patterns the first counts; see " +
				"[Masking](masking.md)",
			absent: "none",
			example: map[string]any{
				"*.email":           "email",
				"public.users.born": map[string]any{"as": "shift", "days": 30, "by": "id"},
			},
		},
		{
			name: "schema", value: literals(&c.Schema),
			about: "what becomes of personal data in the texts of the schema: `keep`, `scrub` or `drop`; " +
				"see [Masking](masking.md#the-schema-itself)",
			absent: "none", example: map[string]any{"comment on *": "drop", "view public.vip": "scrub"},
		},
		{
			name: "scanned", value: scanned(&c.Scanned),
			about: "the columns of the table when `offshoot mask scan --write` last saw it; " +
				"a column that is not among them needs a rule",
			absent: "never scanned",
		},
		{
			name: "privacy", value: privacy(&c.Privacy),
			about: "what a sensitive-looking column without a rule does: stop the subset (`strict`), `warn`, or " +
				"nothing (`off`); `--privacy` wins over it",
			absent: "`strict`",
		},
	}
}
