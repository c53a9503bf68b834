package compose

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Source says where a compose project is and what it may see.
type Source struct {
	// Dir is the folder that names start from: those of Files, and those in
	// messages and in Allow.
	Dir string
	// Root is the checkout, with Dir in it: nothing outside it may be read,
	// mounted or built without an entry in Allow. Empty: Dir.
	Root string
	// Files are the compose files, relative to Dir. Without any, the default
	// names are looked for in Dir (compose.yaml, docker-compose.yml, …, with
	// their override files).
	Files []string
	// Profiles are the active ones; none: those of COMPOSE_PROFILES.
	Profiles []string
	// Without are services that are left out.
	Without []string
	// EnvFiles names what to read in place of a .env, or of an env_file of a
	// service, that is missing. Both are relative to Dir.
	EnvFiles map[string]string
	// BuildEnv are variables for the arguments and secrets of builds, which no
	// service gets.
	BuildEnv map[string]string
	// Env is all that interpolation and pass-through may see besides the
	// project's own .env file. The process environment is never looked at, so
	// that a pull request's file cannot read the keys of the CI job.
	Env map[string]string
	// Name is the project name; empty: from the file or the folder.
	Name string
	// Allow permits what is refused otherwise: see Refusal.
	Allow []string
	// Mounts are paths, relative to Dir, that some service has to mount, or a
	// folder that they lie in: the keys of the decisions for PlanCopies.
	Mounts []string
}

// Load reads a compose project. The changes name what the file expects and did
// not get, for instance a variable that only the process environment has.
// A missing, invalid or hostile file is a usage error. Beside a *Refusal there
// may be the project too, to look at and never to run: what it was refused has
// not been read.
func Load(ctx context.Context, src Source) (*types.Project, []Change, error) {
	project, l, err := read(ctx, src)
	if project == nil {
		return nil, nil, err
	}
	return project, append(l.changes, l.missing.changes(project, l)...), err
}

// Files lists what a project reads of its checkout: compose files and what they
// include, files of variables, secrets, configs, build contexts, mounts. What is
// mounted for the data of a database only is not read: see SettleData. Paths
// are absolute, and some may not exist. Errors are those of Load.
func Files(ctx context.Context, src Source) ([]string, error) {
	project, l, err := read(ctx, src)
	if err != nil {
		return nil, err
	}
	data, err := dataMounts(project)
	if err != nil {
		return nil, err
	}
	slices.Sort(l.check.read)
	return slices.DeleteFunc(slices.Compact(l.check.read),
		func(path string) bool { return slices.Contains(data, path) }), nil
}

// dataMounts are what SettleData would leave out, as far as that is known
// without images.
func dataMounts(p *types.Project) ([]string, error) {
	images := map[string]ImageConfig{}
	for _, name := range p.ServiceNames() {
		images[name] = ImageConfig{}
	}
	database, err := FindDatabase(p, "")
	if err != nil {
		database = "" // another one may be meant
	}
	settled, _, err := SettleData(p, Options{Database: database}, images)
	if err != nil {
		return nil, err
	}
	return Unmounted(p, settled), nil
}

func read(ctx context.Context, src Source) (project *types.Project, l *loading, err error) {
	quiet()
	defer func() {
		// compose-go panics on some malformed files, such as "!reset {}".
		if broken := recover(); broken != nil {
			project, err = nil, invalid(fmt.Errorf("malformed: %v", broken))
		}
	}()
	if l, err = newLoading(src); err != nil {
		return nil, nil, err
	}
	if err := l.scan(ctx, l.files, l.workDir, l.env); err != nil {
		return nil, nil, l.explain(err)
	}
	if l.blocked {
		return nil, nil, l.check.err()
	}
	project, err = l.load(ctx)
	return project, l, err
}

// loading is one run of Load.
type loading struct {
	src       Source
	dir       string // Source.Dir, absolute
	workDir   string // what relative paths of the files start from
	files     []string
	env       types.Mapping
	check     *checker
	missing   *missing
	buildOnly *buildOnly
	scanned   map[string]bool
	read      []composeFile
	changes   []Change
	blocked   bool // a refused file would be opened by loading
}

func newLoading(src Source) (*loading, error) {
	dir, err := filepath.Abs(src.Dir)
	if err != nil {
		return nil, fmt.Errorf("compose project: %w", err)
	}
	root := dir
	if src.Root != "" {
		if root, err = filepath.Abs(src.Root); err != nil {
			return nil, fmt.Errorf("compose project: %w", err)
		}
	}
	l := &loading{
		src: src, dir: dir, workDir: dir,
		check:     newChecker(dir, root, src.Allow),
		missing:   newMissing(),
		buildOnly: newBuildOnly(src.BuildEnv),
		scanned:   map[string]bool{},
	}
	if len(src.Files) > 0 {
		l.workDir = filepath.Dir(absolute(dir, src.Files[0]))
	}
	if err := errors.Join(l.checkEnvFiles(), l.readEnv()); err != nil {
		return nil, err
	}
	return l, l.findFiles()
}

// readEnv makes the only environment that the project sees: its .env file, with
// the caller's variables over it.
func (l *loading) readEnv() error {
	l.env = types.Mapping{"PWD": l.workDir}
	for k, v := range l.src.Env {
		l.env[k] = v
	}
	for k, word := range l.buildOnly.words {
		l.env[k] = word
	}
	path := l.instead(filepath.Join(l.workDir, ".env"))
	if s, err := os.Stat(path); err != nil || s.IsDir() {
		return nil
	}
	l.check.path("env_file:", path, "reads "+rel(l.dir, path))
	if err := l.check.err(); err != nil {
		return err
	}
	vars, err := dotenv.GetEnvFromFile(l.env, []string{path})
	if err != nil {
		return invalid(fmt.Errorf("%s: %w", rel(l.dir, path), bareLine(err)))
	}
	l.env = l.env.Merge(vars)
	return nil
}

// dotenv names the .env of the project, which lies beside its first file.
func (l *loading) dotenv() string { return rel(l.dir, filepath.Join(l.workDir, ".env")) }

// findFiles settles which files make the project: the caller's, those of
// COMPOSE_FILE in .env, or the first of the default names and its override.
func (l *loading) findFiles() error {
	names := l.src.Files
	if list := l.env["COMPOSE_FILE"]; len(names) == 0 && list != "" {
		sep := l.env["COMPOSE_PATH_SEPARATOR"]
		if sep == "" {
			sep = string(os.PathListSeparator)
		}
		names = strings.Split(list, sep)
	}
	if len(names) == 0 {
		names = append(first(l.dir, cli.DefaultFileNames), first(l.dir, cli.DefaultOverrideFileNames)...)
		if first(l.dir, cli.DefaultFileNames) == nil {
			return noFile(l.dir)
		}
	}
	for _, name := range names {
		path := absolute(l.dir, name)
		if s, err := os.Stat(path); err != nil || s.IsDir() {
			return hint.Usage(fmt.Errorf("compose file %s: no such file in %s", name, l.dir),
				"name the files under preview.compose in offshoot.yaml")
		}
		l.files = append(l.files, path)
	}
	return nil
}

func first(dir string, names []string) []string {
	for _, name := range names {
		if s, err := os.Stat(filepath.Join(dir, name)); err == nil && !s.IsDir() {
			return []string{name}
		}
	}
	return nil
}

// load reads the project for good. Files named by env_file are read only after
// the check, since an error of their parser quotes them.
func (l *loading) load(ctx context.Context) (*types.Project, error) {
	opts, err := l.options()
	if err != nil {
		return nil, invalid(err)
	}
	p, err := opts.LoadProject(ctx)
	if err != nil {
		return nil, l.explain(err)
	}
	if err := errors.Join(l.checkProfiles(p), l.checkMounts(p), l.leaveOut(p)); err != nil {
		return nil, err
	}
	if len(p.Services) == 0 {
		return nil, l.noServices(p)
	}
	p = p.WithoutUnnecessaryResources()
	l.supplyEnvFiles(p)
	sealNull(p)
	l.check.project(p)
	if err := l.check.err(); err != nil {
		return p, err
	}
	if err := l.missingEnvFiles(p); err != nil {
		return nil, err
	}
	if p, err = p.WithServicesEnvironmentResolved(true); err != nil {
		return nil, invalid(bareLine(err))
	}
	if err := errors.Join(l.settleBuildOnly(p), unsetSecrets(p, l.dotenv())); err != nil {
		return nil, err
	}
	return p, nil
}

func (l *loading) noServices(p *types.Project) error {
	err := fmt.Errorf("compose file %s: no services", rel(l.dir, l.files[0]))
	if known := profiles(p); len(known) > 0 {
		return hint.Usage(fmt.Errorf("%w without a profile", err),
			"choose among them in offshoot.yaml, preview.profiles: [%s]", strings.Join(known, ", "))
	}
	return hint.Usage(err, "add services")
}

func (l *loading) changed(service, what, why string) {
	l.changes = append(l.changes, Change{Service: service, What: what, Why: why})
}

func (l *loading) options() (*cli.ProjectOptions, error) {
	fns := []cli.ProjectOptionsFn{
		cli.WithWorkingDirectory(l.workDir),
		cli.WithEnv(l.env.Values()),
		cli.WithDefaultProfiles(l.src.Profiles...),
		cli.WithoutEnvironmentResolution,
		cli.WithLoadOptions(func(o *loader.Options) { l.missing.watch(o.Interpolate) }),
	}
	if l.src.Name != "" {
		fns = append(fns, cli.WithName(l.src.Name))
	}
	return cli.NewProjectOptions(l.files, fns...)
}

func invalid(err error) error {
	return hint.Usage(fmt.Errorf("compose file: %w", err), "check it with: docker compose config --quiet")
}

var lineOf = regexp.MustCompile(`^.*?failed to read ([^:]+): (line \d+): `)

// bareLine keeps file and line of an error that the parser of environment files
// made, and drops what it quotes: the value may be a password.
func bareLine(err error) error {
	if m := lineOf.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("%s: %s: not a KEY=value line", m[1], m[2])
	}
	if errors.Is(err, os.ErrNotExist) || strings.Contains(err.Error(), "unsupported env_file format") {
		return err
	}
	return errors.New("an env_file cannot be read")
}

// unsetSecrets refuses secrets and configs whose value is in a variable that
// the project cannot see: compose would only notice when a container starts.
func unsetSecrets(p *types.Project, dotenv string) error {
	var errs []error
	for _, name := range p.SecretNames() {
		errs = append(errs, unsetObject(p, dotenv, "secret", name, types.FileObjectConfig(p.Secrets[name])))
	}
	for _, name := range p.ConfigNames() {
		errs = append(errs, unsetObject(p, dotenv, "config", name, types.FileObjectConfig(p.Configs[name])))
	}
	return errors.Join(errs...)
}

func unsetObject(p *types.Project, dotenv, kind, name string, o types.FileObjectConfig) error {
	if bool(o.External) {
		return hint.Usage(fmt.Errorf("compose file: %s %s is external, which only a swarm has", kind, name),
			"give it a file or an environment variable")
	}
	if _, set := p.Environment[o.Environment]; o.Environment == "" || o.Content != "" || set {
		return nil
	}
	return hint.Usage(fmt.Errorf("compose file: %s %s needs the variable %s, which is not set", kind, name,
		o.Environment),
		"set %s in %s, or list it under preview.environment in offshoot.yaml, or where only builds need it under "+
			"preview.build", o.Environment, dotenv)
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// rel names a path in messages and keys: relative to the checkout in it and
// close to it, where that is the same on every machine, else absolute.
func rel(dir, path string) string {
	r, err := filepath.Rel(dir, path)
	far := filepath.Join("..", "..", "..")
	if err != nil || r == far || strings.HasPrefix(r, far+string(filepath.Separator)) ||
		strings.Count(dir, string(filepath.Separator)) <= strings.Count(r, "..") {
		return path
	}
	return r
}
