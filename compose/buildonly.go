package compose

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// buildOnly are variables that builds may see and services may not. While the
// files are read a word that nobody can guess stands for each, so that where
// the file has put it can be told afterwards, and no error quotes a value.
type buildOnly struct {
	values map[string]string // of variables
	words  map[string]string // that stand for them
}

func newBuildOnly(values map[string]string) *buildOnly {
	b := &buildOnly{values: values, words: map[string]string{}}
	for name := range values {
		b.words[name] = "build-only-" + rand.Text()
	}
	return b
}

// settle gives builds the values and takes the words from everything else.
func (l *loading) settleBuildOnly(p *types.Project) error {
	b := l.buildOnly
	if len(b.words) == 0 {
		return nil
	}
	if err := b.secrets(p); err != nil {
		return err
	}
	for name := range b.words {
		delete(p.Environment, name)
	}
	for _, name := range p.ServiceNames() {
		s := p.Services[name]
		for _, key := range sorted(s.Environment) {
			if value := s.Environment[key]; value != nil && b.in(*value) != "" {
				empty := ""
				s.Environment[key] = &empty
				l.changed(name, "variable "+key+" is empty", "only builds may see what is under preview.build")
			}
		}
	}
	text, err := p.MarshalYAML()
	if err != nil {
		return fmt.Errorf("compose file: %w", err)
	}
	if err := b.elsewhere(p, string(text)); err != nil {
		return err
	}
	for _, name := range p.ServiceNames() {
		if build := p.Services[name].Build; build != nil {
			b.args(build)
		}
	}
	return nil
}

// secrets gives those that come from such a variable their value; a service
// that runs may have none of them.
func (b *buildOnly) secrets(p *types.Project) error {
	for _, name := range p.SecretNames() {
		secret := p.Secrets[name]
		value, ok := b.values[secret.Environment]
		if !ok {
			continue
		}
		for _, service := range p.ServiceNames() {
			uses := func(u types.ServiceSecretConfig) bool { return u.Source == name }
			if slices.ContainsFunc(p.Services[service].Secrets, uses) {
				return hint.Usage(fmt.Errorf("compose file: %s has the secret %s, but %s is for builds alone", service,
					name, secret.Environment),
					"list %s under preview.environment, and not under preview.build, in offshoot.yaml",
					secret.Environment)
			}
		}
		secret.Content, secret.Environment = value, ""
		p.Secrets[name] = secret
	}
	return nil
}

// elsewhere refuses a project that has such a variable in another place than
// the arguments of a build.
func (b *buildOnly) elsewhere(p *types.Project, text string) error {
	for _, name := range sorted(b.words) {
		in := strings.Count(text, b.words[name])
		for _, service := range p.ServiceNames() {
			if build := p.Services[service].Build; build != nil {
				for _, value := range build.Args {
					if value != nil {
						in -= strings.Count(*value, b.words[name])
					}
				}
			}
		}
		if in > 0 {
			return hint.Usage(fmt.Errorf("compose file: %s is for builds alone, and used elsewhere than in "+
				"build.args and build.secrets", name),
				"list %s under preview.environment, and not under preview.build, in offshoot.yaml", name)
		}
	}
	return nil
}

func (b *buildOnly) args(build *types.BuildConfig) {
	for key, value := range build.Args {
		if value == nil || b.in(*value) == "" {
			continue
		}
		text := *value
		for name, word := range b.words {
			text = strings.ReplaceAll(text, word, b.values[name])
		}
		build.Args[key] = &text
	}
}

// in is the variable whose word is in the text.
func (b *buildOnly) in(text string) string {
	for name, word := range b.words {
		if strings.Contains(text, word) {
			return name
		}
	}
	return ""
}
