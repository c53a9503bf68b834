package compose

import "github.com/compose-spec/compose-go/v2/types"

// DatabaseVolume is the key of the fresh volume that Transform gives to the
// database service.
const DatabaseVolume = "offshoot-database"

// Options says what a preview makes of a project.
type Options struct {
	// Preview is the DNS label of the preview.
	Preview string
	// Generation numbers the stacks of one preview, from 1.
	Generation int
	// Labels go on everything the stack makes: containers, one-off containers,
	// networks, volumes and built images.
	Labels map[string]string
	// Database is the PostgreSQL service; empty: there is none.
	Database string
	// DataDir is where the database volume is mounted; empty: from the
	// service and its image's name. See Engine.DataDir.
	DataDir string
	// Root is the folder that bounds what may be mounted, read and built;
	// empty: the project's working directory.
	Root string
	// Allow permits what is refused otherwise: see Refusal.
	Allow []string
	// Environment is added to every service.
	Environment map[string]string
	// ReuseVolumes maps a volume key of the project, or DatabaseVolume, to the
	// existing volume to use for it. Such a volume is not removed by Down.
	ReuseVolumes map[string]string
	// CPUs and Memory (bytes) cap every service; zero: no cap.
	CPUs   float32
	Memory int64
	// LogSize caps the log of every container, in bytes; zero: 10 MiB, twice.
	LogSize int64
}

// ProjectName is the compose project of a preview's generation.
func (o Options) ProjectName() string { return projectName(o.Preview, o.Generation) }

// Change is one thing that a preview does differently from the compose file.
type Change struct {
	// Service is empty for the project as a whole.
	Service string
	What    string
	Why     string
}

// Transform makes the project of one generation of a preview. It is pure: p
// stays as it is, and the same input gives the same project and the same
// changes in the same order. A project that could harm the machine is a
// *Refusal.
func Transform(p *types.Project, o Options) (*types.Project, []Change, error) {
	return transform(p, o)
}
