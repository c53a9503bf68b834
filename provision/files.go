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
func (h *shape) readMachine(ctx context.Context) error {
	s, err := h.survey(ctx)
	if err != nil {
		return err
	}
	_, stopped := s.marker(h.next.Preview.ID, h.serving.Number, markStopped)
	removed, err := h.removeLeftoversOf(ctx, s, h.next.Preview.ID)
	if err != nil {
		return err
	}
	h.mended = stopped || len(removed) > 0
	if len(removed) > 0 {
		h.notice("removed %d unfinished of an earlier run", len(removed))
	}
	return nil
}

// survey finds what is there of the preview, refuses one that belongs to
// another repository, and settles the entrance, since services are told their
// address. It only looks.
func (h *shape) survey(ctx context.Context) (survey, error) {
	if err := h.Front.Check(); err != nil {
		return survey{}, err
	}
	if err := h.limit(ctx); err != nil {
		return survey{}, err
	}
	current, _, err := h.findGateway(ctx)
	if err != nil {
		return survey{}, err
	}
	h.at = h.wantedEntrance(current)
	preview := h.options.Preview
	s, err := look(ctx, h.Docker.Client(), preview.ID)
	if err != nil {
		return survey{}, err
	}
	if err := s.sameOwner(preview); err != nil {
		return survey{}, err
	}
	if err := h.onlyOne(ctx); err != nil {
		return survey{}, err
	}
	number := 0
	for _, made := range s.generations(preview.ID) {
		number = made
	}
	if serving := s.serving(preview.ID); serving > 0 {
		h.serving = s.generation(preview.ID, serving)
	}
	h.name(number + 1)
	if end, put := s.extended(preview.ID, h.serving.Number); put && h.options.Expires > 0 &&
		(end.IsZero() || end.After(h.next.Expires)) {
		h.next.Expires = end // somebody asked for that
	}
	return s, nil
}

// name says what the next generation is called, and how long it lives.
func (j *job) name(number int) {
	j.next = generation{
		Preview: j.options.Preview, Number: number, Via: j.gateway(), Commit: j.options.Commit,
		Version: j.options.Version,
		SignIn:  j.signIn(), Pass: j.serving.Pass,
	}
	if j.next.Preview.RepositoryID == "" { // nobody asked the forge this time
		j.next.Preview.RepositoryID = j.serving.Preview.RepositoryID
	}
	if j.serving.Number == 0 {
		j.next.Pass = newPass()
	}
	if j.options.Expires > 0 {
		j.next.Expires = time.Now().Add(j.options.Expires).UTC().Truncate(time.Second)
	}
}

// signIn tells whether one has to sign in to the preview: as told, else where
// other computers can reach it.
func (j *job) signIn() bool {
	if j.options.Public != nil {
		return !*j.options.Public
	}
	return j.at.public()
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
func (h *shape) decide(project *types.Project, changes []compose.Change) (*types.Project, error) {
	source := h.options.Source
	h.transform = compose.Options{
		Preview: h.next.Preview.ID, Generation: h.next.Number, Labels: h.next.everyLabel(),
		Database: h.next.Database, DatabaseVolume: h.ownVolume(), Dir: source.Dir,
		Root: cmp.Or(source.Root, source.Dir), Allow: source.Allow,
		Environment: h.options.Environment, ReuseVolumes: h.carried,
		CPUs: h.limits.cpus, Memory: h.limits.memory, Pids: h.limits.pids,
		Caches: h.caches(),
	}
	own, more, err := compose.Transform(project, h.transform)
	if err != nil {
		return nil, err
	}
	h.result.Changes = slices.Concat(changes, more)
	return labelVolumes(own, h.next.Number), nil
}

// caches tells the repository's cache mounts of builds from all others': what is
// in them runs in every build that has them. Those of a stranger are the
// preview's own.
func (j *job) caches() string {
	owner := []string{j.next.Preview.Repository}
	if j.options.Stranger {
		owner = append(owner, j.next.Preview.ID)
	}
	text, _ := json.Marshal(owner) // it never fails
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// ownVolume names the volume of the database where we make it, and not compose:
// where an archive goes into it.
func (j *job) ownVolume() string {
	if j.archive == nil {
		return ""
	}
	return j.next.volumeName()
}

// loadProject reads the compose files and chooses among the services. Which of
// them are shown is known only then, and where several are, each has an
// address of its own that the files may ask for: they are read once more.
func (h *shape) loadProject(ctx context.Context) (*types.Project, []compose.Change, error) {
	project, changes, err := h.loadWith(ctx)
	if err == nil && len(h.next.Expose) > 1 {
		project, changes, err = h.loadWith(ctx)
	}
	return project, changes, err
}

// loadWith reads the compose files with the variables that are known so far.
func (h *shape) loadWith(ctx context.Context) (*types.Project, []compose.Change, error) {
	project, changes, err := compose.Load(ctx, h.source())
	if err = h.plan.goOn(project, err); err != nil {
		return nil, nil, err
	}
	if project, err = h.choose(project); err != nil {
		return nil, nil, err
	}
	return project, append(changes, h.introduced(project)...), nil
}

// introduced says what services are told, and which ports have no link though
// nobody chose.
func (j *job) introduced(project *types.Project) []compose.Change {
	changes := []compose.Change{introduce(project, j.next.variables(j.at))}
	if len(j.options.Expose) > 0 {
		return changes
	}
	exposed := map[string]int{}
	for _, p := range j.next.Expose {
		exposed[p.Service] = p.Number
	}
	return append(changes, compose.LeftAside(project, exposed)...)
}

// source is what the compose files may see.
func (j *job) source() compose.Source {
	source := j.options.Source
	source.Env = maps.Clone(j.next.variables(j.at))
	maps.Copy(source.Env, j.options.Source.Env)
	source.Mounts = slices.Sorted(maps.Keys(j.options.Mounts))
	return source
}

// choose names the services of the project that offshoot deals with. A service
// that migrates may be one that only a profile brings: it is made part of the
// project, but not of what is started.
func (h *shape) choose(project *types.Project) (*types.Project, error) {
	database, err := compose.FindDatabase(project, h.options.Database)
	if err != nil {
		return nil, err
	}
	exposed, err := compose.FindExposed(project, h.options.Expose)
	if err != nil && !h.bare {
		return nil, err
	}
	if len(exposed) > maxExposed {
		return nil,
			hint.Usage(fmt.Errorf("%d services are to be shown, and a preview shows at most %d", len(exposed),
				maxExposed),
				"name those to show under preview.expose")
	}
	h.next.Database, h.candidates = database, map[string][]int{}
	h.next.expose(project, exposed)
	h.makeRoom(len(exposed))
	for service := range exposed {
		h.candidates[service] = compose.PublishedPorts(project.Services[service])
	}
	h.started = project.ServiceNames()
	return h.withMigration(project)
}

// expose sets the services that are shown, the one to open first first.
func (g *generation) expose(project *types.Project, exposed map[string]int) {
	g.Expose = nil
	for _, service := range compose.ExposedOrder(project, exposed) {
		g.Expose = append(g.Expose, port{Service: service, Number: exposed[service]})
	}
}

func (h *shape) withMigration(project *types.Project) (*types.Project, error) {
	if h.options.Migrate == nil || slices.Contains(project.ServiceNames(), h.options.Migrate.Service) {
		return project, nil
	}
	if _, known := project.DisabledServices[h.options.Migrate.Service]; !known {
		return nil, hint.Usage(fmt.Errorf("migrate: no service %q in the compose file", h.options.Migrate.Service),
			"preview.migrate.service is one of %s", strings.Join(project.ServiceNames(), ", "))
	}
	return project.WithServicesEnabled(h.options.Migrate.Service)
}

func (j *job) openArchive() error {
	if j.options.KeepData && j.serving.Number > 0 {
		return nil
	}
	if j.options.Archive == "" {
		j.notice("no archive and no source: the database is what the compose project's own scripts make of it")
		return nil
	}
	var err error
	if j.archive, err = openArchive(j.options.Archive); err != nil {
		return err
	}
	j.next.Archive = j.archive.SHA256
	return nil
}

// carry finds the volumes of the serving generation that the next one takes
// over.
func (h *shape) carry(ctx context.Context, project *types.Project) error {
	if !h.options.KeepData {
		return nil
	}
	if h.serving.Number == 0 {
		h.notice("nothing serves yet, so there is no data to keep")
		return nil
	}
	s, err := look(ctx, h.Docker.Client(), h.serving.Preview.ID)
	if err != nil {
		return err
	}
	if h.serving.Database != h.next.Database {
		return hint.Wrap(fmt.Errorf("the data to keep is that of service %s, and the database is %s now",
			h.serving.Database, h.next.Database),
			"run offshoot up without --keep-data")
	}
	h.carried = map[string]string{}
	for key, name := range s.volumesOf(h.serving.Preview.ID, h.serving.Number) {
		_, known := project.Volumes[key]
		if known || isDataVolume(project, key) || strings.HasPrefix(key, compose.EmptyVolume) {
			h.carried[key] = name
		}
	}
	if h.carried[compose.DatabaseVolume] == "" {
		return hint.Wrap(errors.New("the serving generation has no database volume to keep"),
			"run offshoot up without --keep-data")
	}
	h.next.Archive = h.serving.Archive
	for _, c := range s.containersOf(h.serving.Preview.ID, h.serving.Number) {
		if c.service() == h.serving.Database {
			// Not to know it is no reason to stop: a container that is down gives no file.
			h.kept, _ = serverIn(ctx, h.Docker.Client(), c.ID)
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
func (h *shape) follow(step Step, e compose.Event) {
	kind := Progress
	if e.State == compose.Warning {
		kind = Notice
	}
	text := e.Text
	if e.Total > 0 && e.State == compose.Working {
		text = fmt.Sprintf("%s %d %%", text, 100*e.Current/e.Total)
	}
	h.emit(Event{Step: step, Kind: kind, Service: e.Subject, Text: text})
}
