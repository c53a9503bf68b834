package provision

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// readMachine finds what is there of the preview, and removes what killed runs
// have left.
func (r *run) readMachine(ctx context.Context) error {
	s, err := r.survey(ctx)
	if err != nil {
		return err
	}
	_, stopped := s.marker(r.next.Preview.ID, r.serving.Number, markStopped)
	removed, err := r.removeLeftoversOf(ctx, s, r.next.Preview.ID)
	if err != nil {
		return err
	}
	r.mended = stopped || len(removed) > 0
	if len(removed) > 0 {
		r.notice("removed %d unfinished of an earlier run", len(removed))
	}
	return nil
}

// survey finds what is there of the preview, refuses one that belongs to
// another repository, and settles the entrance, since services are told their
// address. It only looks.
func (r *run) survey(ctx context.Context) (survey, error) {
	if err := r.Front.Check(); err != nil {
		return survey{}, err
	}
	if err := r.limit(ctx); err != nil {
		return survey{}, err
	}
	current, _, err := r.findGateway(ctx)
	if err != nil {
		return survey{}, err
	}
	r.at = r.wantedEntrance(current)
	preview := r.options.Preview
	s, err := look(ctx, r.Docker.Client(), preview.ID)
	if err != nil {
		return survey{}, err
	}
	if err := s.sameOwner(preview); err != nil {
		return survey{}, err
	}
	if err := r.onlyOne(ctx); err != nil {
		return survey{}, err
	}
	number := 0
	for _, made := range s.generations(preview.ID) {
		number = made
	}
	if serving := s.serving(preview.ID); serving > 0 {
		r.serving = s.generation(preview.ID, serving)
	}
	r.name(number + 1)
	if end, put := s.extended(preview.ID, r.serving.Number); put && r.options.Expires > 0 &&
		(end.IsZero() || end.After(r.next.Expires)) {
		r.next.Expires = end // somebody asked for that
	}
	return s, nil
}

// name says what the next generation is called, and how long it lives.
func (r *run) name(number int) {
	r.next = generation{
		Preview: r.options.Preview, Number: number, Via: r.gateway(), Commit: r.options.Commit,
		Version: r.options.Version,
		SignIn:  r.signIn(), Pass: r.serving.Pass,
	}
	if r.next.Preview.RepositoryID == "" { // nobody asked the forge this time
		r.next.Preview.RepositoryID = r.serving.Preview.RepositoryID
	}
	if r.serving.Number == 0 {
		r.next.Pass = newPass()
	}
	if r.options.Expires > 0 {
		r.next.Expires = time.Now().Add(r.options.Expires).UTC().Truncate(time.Second)
	}
}

// signIn tells whether one has to sign in to the preview: as told, else where
// other computers can reach it.
func (r *run) signIn() bool {
	if r.options.Public != nil {
		return !*r.options.Public
	}
	return r.at.public()
}

// sameOwner refuses an id that another repository or branch has on this
// machine.
func (s survey) sameOwner(preview Preview) error {
	for _, labels := range s.labels() {
		other := previewOf(labels)
		if !preview.SameRepository(other) {
			return others(preview, other)
		}
		if other.PullRequest != preview.PullRequest || preview.PullRequest == 0 && other.Branch != preview.Branch {
			return hint.Usage(fmt.Errorf("preview %s is that of branch %s", preview.ID, other.Branch),
				"remove it with offshoot down")
		}
	}
	return nil
}

// readFiles reads the compose project and the archive, decides what the
// generation is, and marks it as begun.
func (r *run) readFiles(ctx context.Context) error {
	project, changes, err := r.loadProject(ctx)
	if err != nil {
		return err
	}
	changes = append(changes, hasten(project, r.Docker.Client().ClientVersion())...)
	if err := r.openArchive(); err != nil {
		return err
	}
	if err := r.carry(ctx, project); err != nil {
		return err
	}
	changes = append(changes, r.nameDatabase(project)...)
	if err := r.openOthers(project); err != nil {
		return err
	}
	own, err := r.decide(r.onlyNeeded(project), changes)
	if err != nil {
		return err
	}
	stack := compose.NewStack(r.Docker, own, nil)
	stack.Patience = r.timeout()
	r.stack.Store(stack)
	return r.next.set(ctx, r.Docker.Client(), markBegun, nil)
}

// decide says what the next generation is, and how that differs from the
// compose file. It only looks.
func (r *run) decide(project *types.Project, changes []compose.Change) (*types.Project, error) {
	source := r.options.Source
	r.transform = compose.Options{
		Preview: r.next.Preview.ID, Generation: r.next.Number, Labels: r.next.everyLabel(),
		Database: r.next.Database, DatabaseVolume: r.ownVolume(), Dir: source.Dir,
		Root: cmp.Or(source.Root, source.Dir), Allow: source.Allow,
		Environment: r.options.Environment, ReuseVolumes: r.carried,
		CPUs: r.limits.cpus, Memory: r.limits.memory, Pids: r.limits.pids,
		Caches: r.caches(),
	}
	own, more, err := compose.Transform(project, r.transform)
	if err != nil {
		return nil, err
	}
	r.result.Changes = slices.Concat(changes, more)
	return labelVolumes(own, r.next.Number), nil
}

// caches tells the repository's cache mounts of builds from all others': what is
// in them runs in every build that has them. Those of a stranger are the
// preview's own.
func (r *run) caches() string {
	owner := []string{r.next.Preview.Repository}
	if r.options.Stranger {
		owner = append(owner, r.next.Preview.ID)
	}
	text, _ := json.Marshal(owner) // it never fails
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// ownVolume names the volume of the database where we make it, and not compose:
// where an archive goes into it.
func (r *run) ownVolume() string {
	if r.archive == nil {
		return ""
	}
	return r.next.volumeName()
}

// loadProject reads the compose files and chooses among the services. Which of
// them are shown is known only then, and where several are, each has an
// address of its own that the files may ask for: they are read once more.
func (r *run) loadProject(ctx context.Context) (*types.Project, []compose.Change, error) {
	project, changes, err := r.loadWith(ctx)
	if err == nil && len(r.next.Expose) > 1 {
		project, changes, err = r.loadWith(ctx)
	}
	return project, changes, err
}

// loadWith reads the compose files with the variables that are known so far.
func (r *run) loadWith(ctx context.Context) (*types.Project, []compose.Change, error) {
	project, changes, err := compose.Load(ctx, r.source())
	if err = r.plan.goOn(project, err); err != nil {
		return nil, nil, err
	}
	if project, err = r.choose(project); err != nil {
		return nil, nil, err
	}
	return project, append(changes, r.introduced(project)...), nil
}

// introduced says what services are told, and which ports have no link though
// nobody chose.
func (r *run) introduced(project *types.Project) []compose.Change {
	changes := []compose.Change{introduce(project, r.next.variables(r.at))}
	if len(r.options.Expose) > 0 {
		return changes
	}
	exposed := map[string]int{}
	for _, p := range r.next.Expose {
		exposed[p.Service] = p.Number
	}
	return append(changes, compose.LeftAside(project, exposed)...)
}

// source is what the compose files may see.
func (r *run) source() compose.Source {
	source := r.options.Source
	source.Env = maps.Clone(r.next.variables(r.at))
	maps.Copy(source.Env, r.options.Source.Env)
	source.Mounts = slices.Sorted(maps.Keys(r.options.Mounts))
	return source
}

// choose names the services of the project that offshoot deals with. A service
// that migrates may be one that only a profile brings: it is made part of the
// project, but not of what is started.
func (r *run) choose(project *types.Project) (*types.Project, error) {
	database, err := compose.FindDatabase(project, r.options.Database)
	if err != nil {
		return nil, err
	}
	exposed, err := compose.FindExposed(project, r.options.Expose)
	if err != nil && !r.bare {
		return nil, err
	}
	if len(exposed) > maxExposed {
		return nil,
			hint.Usage(fmt.Errorf("%d services are to be shown, and a preview shows at most %d", len(exposed),
				maxExposed),
				"name those to show under preview.expose")
	}
	r.next.Database, r.candidates = database, map[string][]int{}
	r.next.expose(project, exposed)
	r.makeRoom(len(exposed))
	for service := range exposed {
		r.candidates[service] = compose.PublishedPorts(project.Services[service])
	}
	r.started = project.ServiceNames()
	return r.withMigration(project)
}

// expose sets the services that are shown, the one to open first first.
func (g *generation) expose(project *types.Project, exposed map[string]int) {
	g.Expose = nil
	for _, service := range compose.ExposedOrder(project, exposed) {
		g.Expose = append(g.Expose, port{Service: service, Number: exposed[service]})
	}
}

func (r *run) withMigration(project *types.Project) (*types.Project, error) {
	if r.options.Migrate == nil || slices.Contains(project.ServiceNames(), r.options.Migrate.Service) {
		return project, nil
	}
	if _, known := project.DisabledServices[r.options.Migrate.Service]; !known {
		return nil, hint.Usage(fmt.Errorf("migrate: no service %q in the compose file", r.options.Migrate.Service),
			"preview.migrate.service is one of %s", strings.Join(project.ServiceNames(), ", "))
	}
	return project.WithServicesEnabled(r.options.Migrate.Service)
}

func (r *run) openArchive() error {
	if r.options.KeepData && r.serving.Number > 0 {
		return nil
	}
	if r.options.Archive == "" {
		r.notice("no archive and no source: the database is what the compose project's own scripts make of it")
		return nil
	}
	var err error
	if r.archive, err = openArchive(r.options.Archive); err != nil {
		return err
	}
	r.next.Archive = r.archive.SHA256
	return nil
}

// carry finds the volumes of the serving generation that the next one takes
// over.
func (r *run) carry(ctx context.Context, project *types.Project) error {
	if !r.options.KeepData {
		return nil
	}
	if r.serving.Number == 0 {
		r.notice("nothing serves yet, so there is no data to keep")
		return nil
	}
	s, err := look(ctx, r.Docker.Client(), r.serving.Preview.ID)
	if err != nil {
		return err
	}
	if r.serving.Database != r.next.Database {
		return hint.Wrap(fmt.Errorf("the data to keep is that of service %s, and the database is %s now",
			r.serving.Database, r.next.Database),
			"run offshoot up without --keep-data")
	}
	r.carried = map[string]string{}
	for key, name := range s.volumesOf(r.serving.Preview.ID, r.serving.Number) {
		_, known := project.Volumes[key]
		if known || isDataVolume(project, key) || strings.HasPrefix(key, compose.EmptyVolume) {
			r.carried[key] = name
		}
	}
	if r.carried[compose.DatabaseVolume] == "" {
		return hint.Wrap(errors.New("the serving generation has no database volume to keep"),
			"run offshoot up without --keep-data")
	}
	r.next.Archive = r.serving.Archive
	for _, c := range s.containersOf(r.serving.Preview.ID, r.serving.Number) {
		if c.service() == r.serving.Database {
			// Not to know it is no reason to stop: a container that is down gives no file.
			r.kept, _ = serverIn(ctx, r.Docker.Client(), c.ID)
		}
	}
	return nil
}

// isDataVolume tells whether a volume is one that compose.SettleData gives to a
// service of the project.
func isDataVolume(project *types.Project, key string) bool {
	return key == compose.DatabaseVolume || slices.ContainsFunc(project.ServiceNames(), func(service string) bool {
		return key == compose.DataVolume(service, false)
	})
}

// volumesOf maps the keys of the volumes that a generation's containers have
// to their names.
func (s survey) volumesOf(id string, number int) map[string]string {
	names := map[string]string{}
	for _, v := range s.volumes {
		key := v.Labels[composeVolume]
		if key == "" || v.Labels[labelPreview] != id {
			continue
		}
		for _, c := range s.containersOf(id, number) {
			if slices.Contains(c.Volumes, v.Name) {
				names[key] = v.Name
			}
		}
	}
	return names
}

// labelVolumes gives the volumes a label of their own instead of that of the
// generation: see removeVolumes.
func labelVolumes(project *types.Project, number int) *types.Project {
	for key, v := range project.Volumes {
		if bool(v.External) {
			continue
		}
		v.Labels = maps.Clone(v.Labels)
		if v.Labels == nil {
			v.Labels = types.Labels{}
		}
		delete(v.Labels, labelGeneration)
		v.Labels[labelVolumeOf] = strconv.Itoa(number)
		project.Volumes[key] = v
	}
	return project
}

// follow hands on what compose tells.
func (r *run) follow(step Step, e compose.Event) {
	kind := Progress
	if e.State == compose.Warning {
		kind = Notice
	}
	text := e.Text
	if e.Total > 0 && e.State == compose.Working {
		text = fmt.Sprintf("%s %d %%", text, 100*e.Current/e.Total)
	}
	r.emit(Event{Step: step, Kind: kind, Service: e.Subject, Text: text})
}
