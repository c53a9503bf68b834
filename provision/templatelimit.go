package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"
)

// The templates of one gateway are at most so many, and all of them at most so
// large, however small they are or few.
const (
	maxTemplates = 3

	// DefaultTemplateSpace is how many bytes the templates of a gateway may take where
	// nobody says.
	DefaultTemplateSpace = 20_000_000_000
)

// A keptTemplate is one that is on the engine.
type keptTemplate struct {
	template
	whole  bool
	used   time.Time // when it was made or last cloned
	bytes  int64     // 0: unknown
	cloned bool      // a preview has a clone of it, or it was made of its data
}

// surplus are the templates to drop: those that killed runs left, and beyond the
// limits the least recently used, first among those of which no preview has a
// clone. One stays however large it is: to make it again for every up would be
// worse than to have none.
func surplus(templates []keptTemplate, most int, space int64) []template {
	slices.SortStableFunc(templates, func(a, b keptTemplate) int {
		return cmp.Or(compareBool(b.cloned, a.cloned), b.used.Compare(a.used))
	})
	var dropped []template
	kept := 0
	for _, s := range templates {
		if s.whole {
			most, space = most-1, space-s.bytes
		}
		if !s.whole || kept > 0 && (most < 0 || space < 0) {
			dropped = append(dropped, s.template)
			continue
		}
		kept++
	}
	return dropped
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// thinTemplates drops the surplus. No other run makes a template meanwhile.
func (e Engine) thinTemplates(ctx context.Context, most int, space int64) error {
	templates, err := e.templates(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range surplus(templates, most, space) {
		errs = append(errs, e.removeTemplate(ctx, s))
	}
	return errors.Join(errs...)
}

// templates are those of this gateway, also unfinished ones, by name.
func (e Engine) templates(ctx context.Context) ([]keptTemplate, error) {
	found, err := e.Docker.Client().VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", labelTemplate), filters.Arg("label", labelGateway+"="+e.gateway()),
	)})
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	slices.SortFunc(found.Volumes, func(a, b *volume.Volume) int {
		return strings.Compare(a.Labels[labelTemplate]+a.Name, b.Labels[labelTemplate]+b.Name)
	})
	var templates []keptTemplate
	for _, v := range found.Volumes {
		name := v.Labels[labelTemplate]
		if len(templates) == 0 || templates[len(templates)-1].name != name {
			templates = append(templates, keptTemplate{template: template{name: name}})
		}
		templates[len(templates)-1].learn(v)
	}
	return templates, e.findClones(ctx, templates)
}

// findClones notes of which templates there are clones.
func (e Engine) findClones(ctx context.Context, templates []keptTemplate) error {
	s, err := e.lookAll(ctx)
	if err != nil {
		return err
	}
	for i, template := range templates {
		templates[i].cloned = slices.ContainsFunc(s.volumes,
			func(v seenVolume) bool { return v.Labels[labelTemplateOf] == template.name })
	}
	return nil
}

// learn takes in what one volume of a template tells.
func (s *keptTemplate) learn(v *volume.Volume) {
	if v.Name == s.mark() {
		s.whole = true
		s.bytes, _ = strconv.ParseInt(v.Labels[labelBytes], 10, 64)
	}
	used, err := time.Parse(time.RFC3339Nano, v.Labels[labelUsed])
	if err == nil && used.After(s.used) {
		s.used = used
	}
}

// touchTemplate notes that a template is used now.
func (e Engine) touchTemplate(ctx context.Context, s template) error {
	api := e.Docker.Client()
	if err := api.VolumeRemove(ctx, s.use(), false); err != nil && !notFound(err) {
		return fmt.Errorf("note the use of a template: %w", err)
	}
	if _, err := api.VolumeCreate(ctx, volume.CreateOptions{Name: s.use(), Labels: e.templateLabels(s)}); err != nil {
		return fmt.Errorf("note the use of a template: %w", err)
	}
	return nil
}

// templateLabels are on every volume of a template that is made or used now.
func (e Engine) templateLabels(s template) map[string]string {
	return map[string]string{
		labelGateway: e.gateway(), labelTemplate: s.name, labelUsed: time.Now().UTC().Format(time.RFC3339Nano),
	}
}
