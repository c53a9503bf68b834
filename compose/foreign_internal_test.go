package compose

import (
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	spb "github.com/moby/buildkit/sourcepolicy/pb"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

func TestIsOurs_IsWhatPreviewsBuildAndNothingElse(t *testing.T) {
	for ref, want := range map[string]bool{
		"offshoot/shop-pr-1/web:g1": true, "offshoot/shop-pr-1/web": true, "docker.io/offshoot/shop-pr-1/web:g1": true,
		"index.docker.io/offshoot/shop-pr-1/web": true, "docker-image://docker.io/offshoot/shop-pr-1/web": true,
		"offshoot/web": false, "ghcr.io/offshoot/shop-pr-1/web": false, "library/offshoot/a": false,
		"other/shop-pr-1/web": false, "offshoot": false, "postgres:15": false, "OFFSHOOT/shop-pr-1/web": false, "": false,
	} {
		if got := isOurs(ref); got != want {
			t.Errorf("%s: %v", ref, got)
		}
	}
}

// stackWith has services with these images.
func stackWith(images ...string) *Stack {
	p := &types.Project{Name: "p", Services: types.Services{}}
	for i, image := range images {
		name := string(rune('a' + i))
		p.Services[name] = types.ServiceConfig{Name: name, Image: image}
	}
	return NewStack(&Engine{}, p, nil)
}

func TestSourcePolicy_AllowsOfAllPreviewsImagesItsOwnAlone(t *testing.T) {
	s := stackWith("offshoot/p/web:g1", "postgres:15", "offshoot/p/api:g1", "offshoot/p/web:g1")
	if diff := cmp.Diff([]string{"offshoot/p/api:g1", "offshoot/p/web:g1"}, s.ownImages()); diff != "" {
		t.Error(diff)
	}
	policy := s.sourcePolicy()
	if len(policy.Rules) != 3 || policy.Rules[0].Action != spb.PolicyAction_DENY {
		t.Fatalf("%v", policy.Rules)
	}
	for _, rule := range policy.Rules[1:] {
		if rule.Action != spb.PolicyAction_ALLOW || !strings.Contains(rule.Selector.Identifier, "offshoot/p/") {
			t.Errorf("%v", rule)
		}
	}
}

func TestForeignImage_IsAnotherPreviewsAndNotItsOwn(t *testing.T) {
	s := stackWith("offshoot/p/web:g1")
	for text, want := range map[string]bool{
		"FROM offshoot/p/web:g1\n": false, "FROM postgres:15\n": false, "FROM offshoot/q/web:g1\n": true,
		"FROM scratch\nCOPY --from=offshoot/q/web:g1 / /\n": true,
	} {
		err := s.foreignImage(types.BuildConfig{}, []byte(text))
		if (err != nil) != want || err != nil && len(hint.Of(err)) != 1 {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestNamedImages_AreReadWithTheArgumentsOfTheirPlace(t *testing.T) {
	given := "given"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"a stage":              {"FROM a AS b\nCOPY --from=b --chown=1 / /\n", []string{"a", "AS", "b", "b"}},
		"an argument":          {"ARG A=x\nFROM $A\n", []string{"x"}},
		"of the build":         {"ARG G=x\nFROM $G\n", []string{"given"}},
		"without a value":      {"ARG G\nFROM ${G}\n", []string{"given"}},
		"of nobody":            {"ARG N\nFROM ${N:-z}\n", []string{"z"}},
		"of an argument":       {"ARG A=x\nARG B=$A/y\nFROM $B\n", []string{"x/y"}},
		"of a stage":           {"ARG A=x\nFROM $A\nARG A=y\nCOPY --from=$A / /\nFROM $A\n", []string{"x", "y", "x"}},
		"a mount":              {"FROM a\nRUN --mount=type=bind,from=b,target=/x true\n", []string{"a", "b"}},
		"a mount in quotes":    {"FROM a\nRUN --mount=\"type=bind,from=b\" true\n", []string{"a", "b"}},
		"no mount of an image": {"FROM a\nRUN --mount=type=cache,target=/x true\n", []string{"a"}},
		"not to be expanded":   {"FROM ${A\n", []string{"${A"}},
	} {
		file, err := parser.Parse(strings.NewReader(c.text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := namedImages(file, types.MappingWithEquals{"G": &given, "N": nil})
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestNames_KnowsACapabilityInEverySpelling(t *testing.T) {
	for list, want := range map[string]bool{
		"NET_RAW": true, "cap_net_raw": true, "SYS_ADMIN all": true, "ALL": true, "CHOWN": false, "": false, "NET_RAWX": false,
	} {
		if got := names(strings.Fields(list), rawSockets); got != want {
			t.Errorf("%s: %v", list, got)
		}
	}
}

func TestChecker_RefusesImagesOfOtherPreviewsWhereverTheyAreNamed(t *testing.T) {
	const theirs = "offshoot/shop-pr-2/web:g1"
	volume := func(kind string) []types.ServiceVolumeConfig {
		return []types.ServiceVolumeConfig{{Type: kind, Source: theirs, Target: "/x"}}
	}
	for want, s := range map[string]types.ServiceConfig{
		"a.image:" + theirs:            {Image: theirs},
		"a.volumes:" + theirs:          {Image: "b", Volumes: volume(types.VolumeTypeImage)},
		"":                             {Image: "b", Volumes: volume(types.VolumeTypeVolume)},
		"a.build.cache_from:" + theirs: {Build: &types.BuildConfig{Context: ".", CacheFrom: []string{theirs}}},
		"a.build.additional_contexts:docker-image://" + theirs: {Build: &types.BuildConfig{
			Context: ".", AdditionalContexts: types.Mapping{"x": "docker-image://" + theirs},
		}},
	} {
		s.Name = "a"
		c := newChecker(t.TempDir(), t.TempDir(), nil)
		c.images(s)
		var got []string
		for _, item := range c.items {
			got = append(got, item.Allow)
		}
		if want != "" && !slices.Equal(got, []string{want}) || want == "" && len(got) > 0 {
			t.Errorf("refused by %q, want %q", got, want)
		}
	}
}
