package compose

import (
	"context"

	"github.com/compose-spec/compose-go/v2/types"
)

// Source says where a compose project is and what it may see.
type Source struct {
	// Dir is the checkout: nothing outside it may be read, mounted or built
	// without an entry in Allow.
	Dir string
	// Files are the compose files, relative to Dir. Without any, the default
	// names are looked for in Dir (compose.yaml, docker-compose.yml, …, with
	// their override files).
	Files []string
	// Profiles are the active ones.
	Profiles []string
	// Env is all that interpolation and pass-through may see besides the
	// project's own .env file. The process environment is never looked at, so
	// that a pull request's file cannot read the keys of the CI job.
	Env map[string]string
	// Name is the project name; empty: from the file or the folder.
	Name string
	// Allow permits what is refused otherwise: see Refusal.
	Allow []string
}

// Load reads a compose project. The changes name what the file expects and did
// not get, for instance a variable that only the process environment has.
// A missing, invalid or hostile file is a usage error.
func Load(ctx context.Context, src Source) (*types.Project, []Change, error) {
	return load(ctx, src)
}
