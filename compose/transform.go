package compose

import (
	"fmt"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
)

// DatabaseVolume is the key of the fresh volume that SettleData gives to the
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
	// DatabaseVolume names the volume of the database where the caller makes it
	// before the stack starts; empty: it is made with the stack.
	DatabaseVolume string
	// Dir is the folder that names in Allow start from; empty: Root.
	Dir string
	// Root is the folder that bounds what may be mounted, read and built;
	// empty: the project's working directory. See Source.
	Root string
	// Allow permits what is refused otherwise: see Refusal.
	Allow []string
	// Environment is added to every service.
	Environment map[string]string
	// ReuseVolumes maps a volume key of the project, or DatabaseVolume, to the
	// existing volume to use for it. Such a volume is not removed by Down.
	ReuseVolumes map[string]string
	// CPUs, Memory (bytes) and Pids (processes and threads) cap every service;
	// zero: no cap.
	CPUs   float32
	Memory int64
	Pids   int64
	// Caches tells the cache mounts of builds from those of others: builds with
	// another word have others. Of two such words, none begins the other. Empty:
	// as the file says.
	Caches string
	// LogSize caps the log of every container, in bytes; zero: 10 MiB, twice.
	LogSize int64
}

// ProjectName is the compose project of a preview's generation.
func (o Options) ProjectName() string {
	return fmt.Sprintf("%s-g%d", o.Preview, o.Generation)
}

// Change is one thing that a preview does differently from the compose file.
type Change struct {
	// Service is empty for the project as a whole.
	Service string
	What    string
	Why     string
	// Usual is true of what every preview does, so that nobody has to read it.
	Usual bool
}

// edit is the project being transformed, with what was changed so far.
type edit struct {
	*types.Project
	Options
	changes []Change
}

// Transform makes the project of one generation of a preview. It is pure: p
// stays as it is, and the same input gives the same project and the same
// changes in the same order. A project that could harm the machine is a
// *Refusal.
func Transform(p *types.Project, o Options) (*types.Project, []Change, error) {
	root := o.Root
	if root == "" {
		root = p.WorkingDir
	}
	dir := o.Dir
	if dir == "" {
		dir = root
	}
	check := newChecker(dir, root, o.Allow)
	check.project(p)
	if err := check.err(); err != nil {
		return nil, nil, err
	}
	own, err := p.WithServicesEnabled()
	if err != nil {
		return nil, nil, fmt.Errorf("transform the compose project: %w", err)
	}
	own.DisabledServices = nil
	e := &edit{Project: own, Options: o}
	for _, step := range steps {
		step(e)
	}
	return e.Project, e.changes, nil
}

// steps are the transforms, in the order they are applied and reported.
var steps = []func(*edit){
	renameContainers,
	images,
	buildArguments,
	volumes,
	networks,
	renameProject,
	ports,
	databaseSettings,
	restart,
	logging,
	limits,
	withoutRawSockets,
	environment,
	labels,
}

// changed notes what whoever knows the compose file would not expect.
func (e *edit) changed(service, what, why string) {
	e.note(Change{Service: service, What: what, Why: why})
}

// usual notes what every preview does to such a file, and loses nothing.
func (e *edit) usual(service, what, why string) {
	e.note(Change{Service: service, What: what, Why: why, Usual: true})
}

func (e *edit) note(c Change) {
	if !slices.Contains(e.changes, c) {
		e.changes = append(e.changes, c)
	}
}

// each applies f to every service, by name.
func (e *edit) each(f func(s *types.ServiceConfig)) {
	for _, name := range e.ServiceNames() {
		s := e.Services[name]
		f(&s)
		e.Services[name] = s
	}
}
