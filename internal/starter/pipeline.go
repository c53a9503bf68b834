package starter

import (
	"cmp"
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

//go:embed pipelines
var pipelines embed.FS

// Forges are those whose CI there are pipelines for.
func Forges() []string { return []string{"github", "gitlab", "gitea"} }

// Pipeline says what a pipeline has to know.
type Pipeline struct {
	Forge   string // one of Forges
	Version string // of offshoot
	Commit  string // that offshoot was built from, where it is no release; empty: not known, or changed since
	Dir     string // the folder of offshoot.yaml below the checkout, slash-separated; empty or .: the checkout itself
	Region  string // of AWS, where the configuration has one
	Remote  bool   // previews run on machines of their own, not beside the job
}

// release matches the tag of a release, as the linker is told it.
var release = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$`)

var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

var region = regexp.MustCompile(`^[a-z0-9-]+$`)

// Pinned is the release or the commit of offshoot that the pipeline names; empty
// when there is none to name, so that it takes the newest.
func (p Pipeline) Pinned() string {
	switch {
	case release.MatchString(p.Version):
		return p.Version
	case commit.MatchString(p.Commit):
		return p.Commit
	}
	return ""
}

// Files are the files of the pipeline, by their places below the checkout.
func (p Pipeline) Files() ([]File, error) {
	if !slices.Contains(Forges(), p.Forge) {
		return nil,
			hint.Usage(fmt.Errorf("no pipeline for %q", p.Forge), "choose one of %s", strings.Join(Forges(), ", "))
	}
	text, err := p.render(p.Forge)
	if err != nil {
		return nil, fmt.Errorf("pipeline for %s: %w", p.Forge, err)
	}
	if p.Forge == "gitlab" { // with a job of every night in it
		return []File{
			{Name: ".gitlab/preview.yml", Content: text},
			{Name: ".gitlab-ci.yml", Content: Include, Shared: true},
		}, nil
	}
	nightly, err := p.render("archive")
	if err != nil {
		return nil, fmt.Errorf("pipeline for %s: %w", p.Forge, err)
	}
	folder := "." + p.Forge + "/workflows/"
	return []File{{Name: folder + "preview.yml", Content: text}, {Name: folder + "archive.yml", Content: nightly}}, nil
}

// Include is what the .gitlab-ci.yml of a repository needs.
const Include = "include:\n  - local: .gitlab/preview.yml\n"

// strange is what would need quotes, in YAML or in an expression.
var strange = regexp.MustCompile(`[^A-Za-z0-9_/]+`)

// checkouts are the versions of the action of that name that the forges' runners take.
var checkouts = map[string]string{"github": "v5", "gitea": "v4"}

func (p Pipeline) render(name string) (string, error) {
	page, err := template.New(name+".yml").Delims("[[", "]]").ParseFS(pipelines, "pipelines/"+name+".yml")
	if err != nil {
		return "", err
	}
	values := struct {
		Forge, Checkout string
		Ref, Version    string
		Dir, ChangeDir  string // in YAML's quotes
		Group           string // of runs, before the number of the pull request
		Remote          bool
		Role            bool // at AWS, in place of keys
		Region          string
		HasRegion       bool
	}{
		Ref: cmp.Or(p.Pinned(), "main"), Version: cmp.Or(p.Pinned(), "latest"), Remote: p.Remote,
		Region: "${{ vars.AWS_REGION }}", Forge: p.Forge, Checkout: checkouts[p.Forge],
		Role: p.Forge == "github" && p.Remote,
	}
	if values.HasRegion = region.MatchString(p.Region); values.HasRegion {
		values.Region = p.Region
	}
	if p.Dir != "" && p.Dir != "." {
		// A name with this sign in it would be an expression there.
		values.Dir = quoted(strings.ReplaceAll(p.Dir, "${{", "${{ '${{' }}"))
		values.Group = strange.ReplaceAllString(p.Dir, "-") + "-"
		values.ChangeDir = quoted("cd -- '" + strings.ReplaceAll(p.Dir, "'", `'\''`) + "'")
	}
	var b strings.Builder
	err = page.Execute(&b, values)
	return b.String(), err
}
