package compose

import "github.com/compose-spec/compose-go/v2/types"

// FindDatabase names the PostgreSQL service of p: want when it is not empty,
// else the only service whose image or build looks like PostgreSQL. None or
// several is a usage error that names them and the key preview.database.
func FindDatabase(p *types.Project, want string) (string, error) {
	return findDatabase(p, want)
}
