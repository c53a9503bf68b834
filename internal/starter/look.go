// Package starter writes what a team begins with, from what it finds in a
// checkout.
//
//	checkout ──Look──▶ Findings ──Config──▶ offshoot.yaml
//	forge ────────────────────── Pipeline ─▶ files of its CI
//
// Nothing in the checkout is run, and no symbolic link in it is followed. What
// it says (names of services, of files) is quoted wherever it is written.
package starter

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Findings are what a checkout says of itself.
type Findings struct {
	Compose   []string   `json:"compose,omitempty"` // files to name; none: Compose finds them by itself
	Database  string     `json:"database,omitempty"`
	Expose    []Port     `json:"expose,omitempty"` // the one to open first first
	Migration *Migration `json:"migration,omitempty"`
	// Also names other migration tools that there are traces of.
	Also []string `json:"also,omitempty"`
	// Notes say what the compose file expects and does not get.
	Notes []string `json:"notes,omitempty"`
	// Unknown is what could not be found out, each with hints.
	Unknown []error `json:"-"`

	services []service
}

// Port is a service that a preview shows.
type Port struct {
	Service string `json:"service"`
	Port    int    `json:"port"`
}

// Migration is how the database gets the branch's schema.
type Migration struct {
	Tool     string   `json:"tool,omitempty"`     // empty: only a service named for it was found
	Evidence string   `json:"evidence,omitempty"` // the file that gave the tool away
	Service  string   `json:"service,omitempty"`  // empty: none that could run it was found
	Command  []string `json:"command,omitempty"`  // empty: the service's own
	Note     string   `json:"note,omitempty"`     // what the command needs

	library bool // the tool is a part of the program
}

// service is what matters here of a service of the compose project.
type service struct {
	name, image string
	context     string // of its build, relative to the checkout; empty: it is not built
}

// Look reads the checkout in dir. What it does not find is in Findings.Unknown;
// an error says that dir cannot be read at all.
func Look(ctx context.Context, dir string) (Findings, error) {
	files, err := list(dir)
	if err != nil {
		return Findings{}, fmt.Errorf("look at %s: %w", dir, err)
	}
	defer files.close()
	var f Findings
	f.readCompose(ctx, dir, files)
	if ctx.Err() != nil {
		return f, context.Cause(ctx)
	}
	f.findMigration(files)
	return f, nil
}

func (f *Findings) readCompose(ctx context.Context, dir string, files *tree) {
	project, changes, err := compose.Load(ctx, compose.Source{Dir: dir})
	if others := otherComposeFiles(files); err != nil && len(others) == 1 && !files.hasDefault() {
		f.Compose = others
		project, changes, err = compose.Load(ctx, compose.Source{Dir: dir, Files: others})
	}
	if err != nil {
		f.Unknown = append(f.Unknown, err)
		return
	}
	for _, change := range changes {
		f.Notes = append(f.Notes, strings.TrimPrefix(change.Service+": ", ": ")+change.What)
	}
	for _, name := range project.ServiceNames() {
		s := project.Services[name]
		found := service{name: name, image: s.Image}
		if s.Build != nil {
			found.context = within(dir, s.Build.Context)
		}
		f.services = append(f.services, found)
	}
	if f.Database, err = compose.FindDatabase(project, ""); err != nil {
		f.Unknown = append(f.Unknown, err)
	}
	exposed, err := compose.FindExposed(project, nil)
	if err != nil {
		f.Unknown = append(f.Unknown, err)
	}
	for _, name := range compose.ExposedOrder(project, exposed) {
		f.Expose = append(f.Expose, Port{Service: name, Port: exposed[name]})
	}
}

// within names a folder relative to the checkout, or gives "" for one outside.
func within(dir, folder string) string {
	root, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	relative, err := filepath.Rel(root, folder)
	if err != nil || !filepath.IsLocal(relative) {
		return ""
	}
	return filepath.ToSlash(relative)
}

var composeFile = regexp.MustCompile(`^(docker-)?compose[a-z0-9._-]*\.ya?ml$`)

// otherComposeFiles are those that Compose would not find by itself.
func otherComposeFiles(files *tree) []string {
	return files.matching(func(name string) bool {
		return composeFile.MatchString(path.Base(name)) && strings.Count(name, "/") < 2
	})
}

// findMigration settles which tool migrates, and which service can run it.
func (f *Findings) findMigration(files *tree) {
	for _, t := range tools() {
		evidence := t.find(files, f.services)
		if evidence == "" {
			continue
		}
		if f.Migration != nil {
			f.Also = append(f.Also, t.name)
			continue
		}
		f.Migration = f.migration(t, files, evidence)
	}
	if own := f.ownService(nil); f.Migration == nil && own != "" {
		f.Migration = &Migration{Service: own}
	}
	switch m := f.Migration; {
	case m == nil:
		f.Unknown = append(f.Unknown,
			hint.Wrap(errors.New("no migration tool found"),
				"if there is one, name its service and command under preview.migrate"))
	case m.library:
		f.Unknown = append(f.Unknown,
			hint.Wrap(fmt.Errorf("%s is a library of the program here (%s), which migrates in its own way", m.Tool,
				m.Evidence),
				"if it does not do so when it starts, name its command under preview.migrate"))
	case m.Service == "":
		f.Unknown = append(f.Unknown,
			hint.Wrap(fmt.Errorf("%s (%s), and no service that is built from there", m.Tool, m.Evidence),
				"name the service under preview.migrate"))
	}
}

func (f *Findings) migration(t tool, files *tree, evidence string) *Migration {
	m := &Migration{Tool: t.name, Evidence: evidence}
	if m.Service = f.ownService(t.images); m.Service != "" {
		return m
	}
	if t.library != "" && files.saying(t.library, goMod) != "" {
		m.library = true
		return m
	}
	runner := f.runner(evidence)
	m.Service, m.Note = runner.name, t.note
	at, err := filepath.Rel(filepath.FromSlash(runner.context), filepath.FromSlash(evidence))
	if err != nil || runner.name == "" {
		at = evidence
	}
	m.Command = t.command(files, evidence, filepath.ToSlash(at))
	return m
}

var goMod = regexp.MustCompile(`(^|/)go\.mod$`)

// migrator matches what services are called that migrate and end.
var migrator = regexp.MustCompile(`^((db|database|schema|run)[-_])?(migrat(e|es|ion|ions|or)|flyway|liquibase|dbmate|alembic|goose|atlas)([-_](db|database|schema))?$`)

// ownService is the service that does nothing but migrate: it has an image of
// the tool, or is called so.
func (f *Findings) ownService(images []string) string {
	for _, s := range f.services {
		repository, _, _ := strings.Cut(s.image, "@")
		if i := strings.LastIndex(repository, ":"); i > strings.LastIndex(repository, "/") {
			repository = repository[:i]
		}
		if slices.ContainsFunc(images,
			func(image string) bool { return repository == image || strings.HasSuffix(repository, "/"+image) }) {
			return s.name
		}
	}
	for _, s := range f.services {
		if migrator.MatchString(strings.ToLower(s.name)) && s.name != f.Database {
			return s.name
		}
	}
	return ""
}

// runner is the service that is built from the deepest folder with the file in
// it; among several the one that is shown.
func (f *Findings) runner(evidence string) service {
	var best service
	for _, s := range f.inOrder() {
		if s.context == "" || s.name == f.Database || s.context != "." && !strings.HasPrefix(evidence, s.context+"/") {
			continue
		}
		if best.name == "" || depth(s.context) > depth(best.context) {
			best = s
		}
	}
	return best
}

// inOrder lists the services, those that are shown first.
func (f *Findings) inOrder() []service {
	rank := func(s service) int {
		if i := slices.IndexFunc(f.Expose, func(p Port) bool { return p.Service == s.name }); i >= 0 {
			return i
		}
		return len(f.Expose)
	}
	ordered := slices.Clone(f.services)
	slices.SortStableFunc(ordered, func(a, b service) int { return rank(a) - rank(b) })
	return ordered
}

func depth(folder string) int {
	if folder == "." || folder == "" {
		return 0
	}
	return 1 + strings.Count(folder, "/")
}
