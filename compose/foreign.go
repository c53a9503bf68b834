package compose

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/versions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
	spb "github.com/moby/buildkit/sourcepolicy/pb"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// isOurs tells whether a reference has the form of what we call the images that
// previews build: offshoot/shop-pr-12/web:g1. No image of Docker Hub has three
// parts. Of another preview, such an image is somebody else's code.
func isOurs(ref string) bool {
	named, err := reference.ParseNormalizedNamed(strings.TrimPrefix(ref, "docker-image://"))
	if err != nil || reference.Domain(named) != "docker.io" {
		return false
	}
	path := reference.Path(named)
	return strings.HasPrefix(path, imagePrefix) && strings.Count(path, "/") > 1
}

// imageID matches what the engine takes for the beginning of an image's id,
// where it knows no image of that name: any on the machine.
var imageID = regexp.MustCompile(`^[0-9a-f]{1,64}$`)

// byName is a reference that the engine takes for a name alone.
func byName(ref string) string {
	if imageID.MatchString(ref) {
		return ref + ":latest"
	}
	return ref
}

// images refuses the images of other previews, which are on the same engine.
func (c *checker) images(s types.ServiceConfig) {
	refuse := func(key, ref string) {
		if isOurs(ref) {
			c.refuse(s.Name+"."+key+":"+ref, s.Name+": image "+ref+" of a preview")
		}
	}
	byID := func(key, ref string) {
		if strings.HasPrefix(ref, "sha256:") {
			c.refuse(s.Name+"."+key+":"+ref, s.Name+": image "+ref+" by its id, which may be another preview's")
		}
	}
	byID("image", s.Image)
	refuse("image", s.Image)
	for _, v := range s.Volumes {
		if v.Type == types.VolumeTypeImage {
			byID("volumes", v.Source)
			refuse("volumes", v.Source)
		}
	}
	if s.Build == nil {
		return
	}
	for _, text := range s.Build.CacheFrom {
		if entry, ok := cacheSource(text); ok {
			refuse("build.cache_from", entry.Attrs["ref"])
		}
	}
	for _, name := range sorted(s.Build.AdditionalContexts) {
		refuse("build.additional_contexts", s.Build.AdditionalContexts[name])
	}
}

// ownImages are those of the stack itself.
func (s *Stack) ownImages() []string {
	var own []string
	for _, service := range s.project.Services {
		if isOurs(service.Image) && !slices.Contains(own, service.Image) {
			own = append(own, service.Image)
		}
	}
	slices.Sort(own)
	return own
}

// sourcePolicy has BuildKit itself refuse the images of other previews, however
// a build comes to name them: those of Docker 23 and newer do.
func (s *Stack) sourcePolicy() *spb.Policy {
	const prefix = `^docker-image://docker\.io/`
	rule := func(action spb.PolicyAction, pattern string) *spb.Rule {
		return &spb.Rule{
			Action:   action,
			Selector: &spb.Selector{Identifier: prefix + pattern, MatchType: spb.MatchType_REGEX},
		}
	}
	rules := []*spb.Rule{rule(spb.PolicyAction_DENY, imagePrefix+"[^/]+/")}
	for _, image := range s.ownImages() {
		rules = append(rules, rule(spb.PolicyAction_ALLOW, regexp.QuoteMeta(image)+"(@.*)?$"))
	}
	return &spb.Policy{Version: 1, Rules: rules}
}

// foreignImage refuses a Dockerfile that names the image of another preview, for
// engines whose BuildKit knows no policy. What those would not understand either
// is left to newer ones.
func (s *Stack) foreignImage(b types.BuildConfig, text []byte) error {
	file, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		if versions.LessThan(s.engine.Client().ClientVersion(), namedContexts) {
			return fmt.Errorf("read the Dockerfile: %w", err)
		}
		return nil
	}
	own := s.ownImages()
	for _, ref := range namedImages(file, b.Args) {
		if isOurs(ref) && !slices.Contains(own, ref) {
			return hint.Usage(errors.New("the Dockerfile is made from "+ref+", the image of another preview"),
				"name an image that is not offshoot's")
		}
	}
	return nil
}

// fromOption is where an option names an image: keys are in either case.
var fromOption = regexp.MustCompile(`(?i)from=`)

// namedImages are those that the instructions of a Dockerfile name, with build
// arguments in place: FROM sees those before the first one.
func namedImages(file *parser.Result, args types.MappingWithEquals) []string {
	lex, env, outer := shell.NewLex(file.EscapeToken), platformArguments(), []string(nil)
	expandIn := func(env []string, word string) string {
		got, err := lex.ProcessWordWithMatches(word, shell.EnvsFromSlice(env))
		if err != nil {
			return word
		}
		return got.Result
	}
	expand := func(word string) string { return expandIn(env, word) }
	var named []string
	for _, node := range file.AST.Children {
		for _, flag := range node.Flags {
			for _, option := range strings.FieldsFunc(flag, func(r rune) bool { return r == ',' || r == '"' }) {
				if at := fromOption.FindStringIndex(option); at != nil {
					named = append(named, expand(option[at[1]:]))
				}
			}
		}
		for next := node.Next; next != nil; next = next.Next {
			switch {
			case strings.EqualFold(node.Value, "from"):
				if outer == nil {
					outer = slices.Clone(env)
				}
				named = append(named, expandIn(outer, next.Value))
			case strings.EqualFold(node.Value, "arg"):
				env = append(env, buildArgument(next.Value, args, expand)...)
			}
		}
	}
	return named
}

// buildArgument is one as an environment has it.
func buildArgument(text string, args types.MappingWithEquals, expand func(string) string) []string {
	name, value, set := strings.Cut(text, "=")
	if given := args[name]; given != nil {
		return []string{name + "=" + *given}
	}
	if !set {
		return nil
	}
	return []string{name + "=" + expand(value)}
}

// platformArguments are those that every build has. The engine's computer is
// mostly of this one's kind.
func platformArguments() []string {
	var env []string
	for _, kind := range []string{"BUILD", "TARGET"} {
		env = append(env, kind+"PLATFORM=linux/"+runtime.GOARCH, kind+"OS=linux", kind+"ARCH="+runtime.GOARCH)
	}
	return env
}
