package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// An UpPlan is what an Up of the same options would do, as far as it can be
// told by looking.
type UpPlan struct {
	Preview    Preview   `json:"preview"`
	Commit     string    `json:"commit,omitempty"`
	Generation int       `json:"generation,omitempty"` // 0: nobody could look
	Replaces   *Replaced `json:"replaces,omitempty"`   // nil: nothing serves
	Leftovers  []int     `json:"leftovers,omitempty"`  // generations of killed runs, which go first
	Expires    time.Time `json:"expires,omitzero"`

	Refused  []Refused `json:"refused"`
	Problems []Problem `json:"problems"` // that would end the run

	Services []PlannedService `json:"services"`
	Mounts   []PlannedMount   `json:"mounts"`
	Networks []string         `json:"networks"` // to be made
	Volumes  []string         `json:"volumes"`  // likewise

	Database *PlannedDatabase `json:"database,omitempty"`
	Archive  *PlannedArchive  `json:"archive,omitempty"`
	Migrate  *PlannedRun      `json:"migrate,omitempty"`

	Gateway *PlannedGateway `json:"gateway,omitempty"` // nil: nobody could look
	Links   []Link          `json:"links"`
	SignIn  bool            `json:"sign_in"`

	Changes []compose.Change `json:"changes"`
	Notices []string         `json:"notices,omitempty"` // what an Up would say of it
	Unknown []string         `json:"unknown,omitempty"` // what could not be looked at
}

// Replaced is the generation that serves now.
type Replaced struct {
	Generation int       `json:"generation"`
	Commit     string    `json:"commit,omitempty"`
	Expires    time.Time `json:"expires,omitzero"`
}

// Refused is what the compose file asks for and does not get.
type Refused struct {
	What  string `json:"what"`
	Allow string `json:"allow"` // the entry of preview.allow that permits it
	// Without is the service that preview.without may leave out in place of that.
	Without string `json:"without,omitempty"`
}

// A Problem is an error that would end the run, and what to do about it.
type Problem struct {
	Text  string   `json:"text"`
	Hints []string `json:"hints,omitempty"`
	Usage bool     `json:"usage"` // it lies in the command line, the configuration or the compose file
}

// PlannedService is one service, and where its image comes from.
type PlannedService struct {
	Name  string `json:"name"`
	Image string `json:"image"`
	Build string `json:"build,omitempty"` // the context, relative to the checkout
	Pull  string `json:"pull,omitempty"`  // how it gets there, where it is not built
	Port  int    `json:"port,omitempty"`  // that is shown
	// Once is true of a service that only runs the migration.
	Once bool `json:"once,omitempty"`
}

// What is done about an image that is not built.
const (
	PullDone    = "present"
	PullMissing = "pull"
	PullUnknown = "unknown"
)

// PlannedMount is what a service sees of the checkout, or a volume.
type PlannedMount struct {
	Service string `json:"service"`
	Type    string `json:"type"`             // bind, volume, tmpfs, secret or config
	Source  string `json:"source,omitempty"` // relative to the checkout where it is in it
	Target  string `json:"target"`
	// Given is what of the checkout it gets: copy, empty or shared.
	Given    string `json:"given,omitempty"`
	ReadOnly bool   `json:"read_only,omitempty"`
}

// PlannedDatabase is the PostgreSQL service and how it comes by its data.
type PlannedDatabase struct {
	Service string `json:"service"`
	Name    string `json:"name,omitempty"` // of the database the archive goes into
	Folder  string `json:"folder"`         // of the data
	Data    string `json:"data"`           // what comes into it
	Clone   string `json:"clone,omitempty"`
}

// Where the data of the database come from.
const (
	DataArchive = "archive"
	DataKept    = "kept"    // from the generation that serves
	DataScripts = "scripts" // the compose project's own
)

// Whether the archive is loaded, or a database that has it is cloned.
const (
	CloneNo      = "no"
	CloneLikely  = "likely" // where image and settings are as they were
	CloneUnknown = "unknown"
)

// PlannedArchive is what is to be loaded.
type PlannedArchive struct {
	Path   string `json:"path"`
	Format string `json:"format"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// PlannedRun is a command that runs once.
type PlannedRun struct {
	Service string   `json:"service"`
	Command []string `json:"command,omitempty"` // empty: the service's own
}

// PlannedGateway is where previews are shown.
type PlannedGateway struct {
	Running bool   `json:"running"`
	Port    int    `json:"port,omitempty"` // on the loopback interface
	Domain  string `json:"domain,omitempty"`
}

// Plan tells what Up would do. It only looks, takes no lock, and goes on past
// what would end an Up, so that all of it is told at once. A Machine without an
// Engine is one that nobody can look at.
func (e Engine) Plan(ctx context.Context, options Options) (*UpPlan, error) {
	plan := &UpPlan{
		Preview: options.Preview, Commit: options.Commit, Refused: []Refused{}, Problems: []Problem{},
		Services: []PlannedService{}, Mounts: []PlannedMount{}, Networks: []string{}, Volumes: []string{},
		Links: []Link{}, Changes: []compose.Change{},
	}
	r := &planning{contents: &newRun(e, options, plan.hear).contents}
	r.plan = plan
	r.planMachine(ctx)
	clone := r.planArchive(ctx)
	if project, changes := r.planProject(ctx); project != nil {
		r.planStack(ctx, project, changes)
	}
	if plan.Database != nil {
		plan.Database.Clone = clone
	}
	plan.Expires, plan.SignIn = r.next.Expires, r.next.SignIn
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("plan %s: %w", options.Preview.Name, err)
	}
	return plan, nil
}

// Fails tells whether an Up would end before it makes anything.
func (p *UpPlan) Fails() bool { return len(p.Refused)+len(p.Problems) > 0 }

func (p *UpPlan) hear(e Event) {
	if e.Kind == Notice {
		p.Notices = append(p.Notices, e.Text)
	}
}

// Add notes an error that would end the run; it tells whether there is one.
func (p *UpPlan) Add(err error) bool {
	if err == nil {
		return false
	}
	p.Problems = append(p.Problems,
		Problem{Text: err.Error(), Hints: hint.Of(err), Usage: errors.Is(err, hint.ErrUsage)})
	return true
}

// goOn is err, but for a refusal beside which there is a project: a plan, which
// may be nil, notes that one and goes on.
func (p *UpPlan) goOn(project *types.Project, err error) error {
	var refusal *compose.Refusal
	if p == nil || project == nil || !errors.As(err, &refusal) {
		return err
	}
	p.refuse(refusal)
	return nil
}

func (p *UpPlan) refuse(refusal *compose.Refusal) {
	for _, item := range refusal.Items {
		if refused := (Refused{What: item.What, Allow: item.Allow, Without: item.Without}); !slices.Contains(p.Refused,
			refused) {
			p.Refused = append(p.Refused, refused)
		}
	}
}

// planning looks at what an up would find, and makes nothing.
type planning struct{ *contents }

// planMachine looks at what is there of the preview, and at the gateway.
func (p *planning) planMachine(ctx context.Context) {
	p.at = p.wantedEntrance(container.InspectResponse{})
	p.name(1)
	if p.Docker == nil {
		return
	}
	s, err := p.survey(ctx)
	if p.plan.Add(err) {
		return
	}
	p.plan.Generation = p.next.Number
	if p.serving.Number > 0 {
		p.plan.Replaces = &Replaced{Generation: p.serving.Number, Commit: p.serving.Commit, Expires: p.serving.Expires}
	}
	for _, number := range s.generations(p.next.Preview.ID) {
		if number != p.serving.Number {
			p.plan.Leftovers = append(p.plan.Leftovers, number)
		}
	}
	current, exists, err := p.findGateway(ctx)
	if p.plan.Add(err) {
		return
	}
	p.plan.Gateway = &PlannedGateway{Running: exists && current.State != nil && current.State.Running, Port: p.at.port}
	if p.at.public() {
		p.plan.Gateway.Domain = p.at.String()
	}
	if p.Binary == "" {
		p.plan.Add(errors.Join(errors.New("no executable for the gateway"), p.Missing))
	}
}

// planArchive looks at the archive, and tells whether a clone of it is likely.
func (p *planning) planArchive(ctx context.Context) (clone string) {
	if p.options.Archive == "" || p.options.KeepData || p.plan.Add(p.openArchive()) {
		return ""
	}
	a := p.archive
	format, err := a.format()
	if p.plan.Add(err) {
		return ""
	}
	p.plan.Archive = &PlannedArchive{Path: a.Path, Format: format, Bytes: a.Bytes, SHA256: a.SHA256}
	switch {
	case p.options.NoTemplate:
		return CloneNo
	case p.Docker == nil:
		return CloneUnknown
	}
	clone, err = p.likelyClone(ctx)
	p.plan.Add(err)
	return clone
}

// likelyClone tells whether a template of the archive is there. Templates do not say of
// which archive they are, but the previews that have a clone do.
func (p *planning) likelyClone(ctx context.Context) (string, error) {
	templates, err := p.templates(ctx)
	if err != nil {
		return "", err
	}
	s, err := p.lookAll(ctx)
	if err != nil {
		return "", err
	}
	clone := CloneNo
	for _, template := range templates {
		if !template.whole {
			continue
		}
		clone = CloneUnknown
		if slices.ContainsFunc(s.volumes, func(v seenVolume) bool {
			return v.Labels[labelTemplateOf] == template.name && v.Labels[labelArchive] == p.archive.SHA256 &&
				v.Labels[labelRepository] == p.options.Preview.Repository
		}) {
			return CloneLikely, nil
		}
	}
	return clone, nil
}

// planProject reads the compose project. Where one choice among its services is
// wrong, the others are looked at all the same.
func (p *planning) planProject(ctx context.Context) (*types.Project, []compose.Change) {
	project, changes, err := p.loadProject(ctx)
	if err == nil {
		return project, changes
	}
	var refusal *compose.Refusal
	if errors.As(err, &refusal) {
		p.plan.refuse(refusal)
		p.plan.Unknown = append(p.plan.Unknown, "the rest of the compose file: it is read when that is settled")
		return nil, nil
	}
	project, changes, failed := compose.Load(ctx, p.source())
	if project == nil {
		p.plan.Add(failed)
		return nil, nil
	}
	p.next.Database, err = compose.FindDatabase(project, p.options.Database)
	p.plan.Add(err)
	exposed, err := compose.FindExposed(project, p.options.Expose)
	if !p.plan.Add(err) {
		p.next.expose(project, exposed)
	}
	p.started = project.ServiceNames()
	if with, err := p.withMigration(project); !p.plan.Add(err) {
		project = with
	}
	return project, changes
}

// planStack tells what the generation would be.
func (p *planning) planStack(ctx context.Context, project *types.Project, changes []compose.Change) {
	if p.Docker != nil {
		changes = append(changes, hasten(project, p.Docker.Client().ClientVersion())...)
		p.plan.Add(p.carry(ctx, project))
	}
	changes = append(changes, p.nameDatabase(project)...)
	p.plan.Add(p.openOthers(project))
	for _, refused := range p.plan.Refused { // noted already
		p.options.Source.Allow = append(slices.Clip(p.options.Source.Allow), refused.Allow)
	}
	own, err := p.decide(project, changes)
	if p.plan.Add(p.plan.goOn(project, err)) || own == nil {
		return
	}
	own = p.planData(ctx, own)
	source := p.options.Source
	copies, more, err := compose.PlanCopies(own, cmp.Or(source.Root, source.Dir), source.Dir, p.options.Mounts)
	p.plan.Add(err)
	p.result.Changes = append(p.result.Changes, more...)
	p.plan.Changes = append(p.plan.Changes, p.result.Changes...)
	p.plan.Links = append(p.plan.Links, p.next.links(p.at)...)
	p.describe(ctx, own, copies)
}

// planData settles where databases keep their data, by what images say that are
// there, and by the names of the others.
func (p *planning) planData(ctx context.Context, own *types.Project) *types.Project {
	images := map[string]compose.ImageConfig{}
	for _, name := range own.ServiceNames() {
		images[name] = compose.ImageConfig{}
		if p.Docker == nil {
			continue
		}
		image, there, err := p.Docker.ImageConfig(ctx, own.Services[name].Image)
		if p.plan.Add(err); there {
			images[name] = image
		}
	}
	if s, known := own.Services[p.next.Database]; known && !compose.LooksLikePostgres(s, images[s.Name]) {
		p.plan.Unknown = append(p.plan.Unknown,
			"whether "+s.Name+" is PostgreSQL: neither its name nor its image says so, and up ends where it is not")
	}
	settled, changes, err := compose.SettleData(own, p.transform, images)
	if p.plan.Add(err) {
		return own
	}
	p.result.Changes = append(p.result.Changes, changes...)
	return settled
}
