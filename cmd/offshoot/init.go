package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/starter"
	"github.com/offshoot-dev/offshoot/internal/ui"
)

const initLong = `Init reads the checkout and writes a commented offshoot.yaml from what it finds:
the compose file, the PostgreSQL service, the services to show, and the
migration tool. It runs nothing of the checkout.

On a terminal, where OFFSHOOT_SOURCE or source in offshoot.yaml leads to a
database, it also says how large a subset of that would be.

With --ci it also writes the pipeline for a preview of every pull request.
Existing files stay unless --force is given. The names of the files written are
printed on stdout.`

// initOptions is the command line of init.
type initOptions struct {
	forge string
	force bool
}

func (a setup) initCommand() *cobra.Command {
	o := initOptions{}
	c := &cobra.Command{
		Use:     "init",
		Short:   "write a first offshoot.yaml and the CI pipeline",
		Long:    initLong,
		Example: "  offshoot init\n  offshoot init --ci github",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.begin(c.Context(), o); err != nil {
				return fmt.Errorf("init: %w", err)
			}
			return nil
		},
	}
	c.Flags().StringVar(&o.forge, "ci", "", "also write the pipeline for `FORGE`: github, gitlab or gitea")
	c.Flags().BoolVar(&o.force, "force", false, "overwrite existing files")
	a.jsonFlag(c)
	return c
}

type initResult struct {
	Written []string         `json:"written"`
	Left    []string         `json:"left"` // was there already
	Found   starter.Findings `json:"found"`
	Unknown []string         `json:"unknown"`
}

// placed is a file and the folder that it belongs into.
type placed struct {
	dir string
	starter.File
}

func (a setup) begin(ctx context.Context, o initOptions) error {
	if o.forge != "" && !slices.Contains(starter.Forges(), o.forge) {
		return hint.Usage(fmt.Errorf("no pipeline for %q", o.forge), "choose one of %s",
			strings.Join(starter.Forges(), ", "))
	}
	cfg, err := a.config()
	if err != nil && !o.force {
		return err
	}
	if err != nil {
		cfg = &config.Config{Dir: "."}
	}
	git, err := a.checkout(ctx, cfg.Dir)
	if err != nil {
		return err
	}
	dir := cfg.ComposeDir()
	found, err := starter.Look(ctx, dir)
	if err != nil {
		return err
	}
	below, err := filepath.Rel(git.Root, dir)
	if err != nil {
		return err
	}
	pipeline := pipelineOf(o, cfg, below)
	files, err := initFiles(pipeline, git.Root, dir, found)
	if err != nil {
		return err
	}
	u := a.newUI()
	defer u.Close()
	explainFound(u, found)
	a.firstPlan(ctx, u, cfg)
	return a.place(u, git.Root, files, o, found, nextSteps(cfg, pipeline))
}

// firstPlan says on a terminal how large a subset would be. That the source does not answer is no reason not to begin.
func (a setup) firstPlan(ctx context.Context, u *ui.UI, cfg *config.Config) {
	if a.json || !ui.Terminal(a.stderr) {
		return
	}
	spec, err := a.spec(cfg, sourceFlags{})
	if err != nil {
		u.Info("source: none yet; with OFFSHOOT_SOURCE set, init says how large a subset would be")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, firstPlanTakes)
	defer cancel()
	run := &subsetRun{app: a.sourcing, ui: u, spec: spec}
	made, err := run.planOnly(ctx)
	if err != nil {
		u.Warn(strings.Join(append([]string{"source: " + err.Error()}, hint.Of(err)...), "; "))
		return
	}
	var text strings.Builder
	if err := made.WriteText(&text); err == nil { // a builder takes everything
		first, _, _ := strings.Cut(text.String(), "\n")
		u.Info("a subset: " + first)
	}
}

// firstPlanTakes is how long the guide waits for the source at most.
const firstPlanTakes = 30 * time.Second

// pipelineOf is the pipeline for offshoot as it is here, with the configuration
// in a folder below the checkout.
func pipelineOf(o initOptions, cfg *config.Config, below string) starter.Pipeline {
	v := buildVersion()
	return starter.Pipeline{
		Forge: o.forge, Version: v.Version, Commit: v.clean(), Dir: filepath.ToSlash(below),
		Remote: cfg.Provider == config.ProviderEC2, Region: cfg.EC2.Region,
	}
}

// initFiles are the configuration, where it belongs, and the pipeline at the
// root of the checkout.
func initFiles(pipeline starter.Pipeline, root, dir string, found starter.Findings) ([]placed, error) {
	files := []placed{{dir, starter.File{Name: config.Name, Content: found.Config()}}}
	if pipeline.Forge == "" {
		return files, nil
	}
	written, err := pipeline.Files()
	for _, file := range written {
		files = append(files, placed{root, file})
	}
	return files, err
}

// place writes the files, and says which, and what there is to do next.
func (a setup) place(
	u *ui.UI, root string, files []placed, o initOptions, found starter.Findings, next []string,
) error {
	result := initResult{Written: []string{}, Left: []string{}, Found: found, Unknown: []string{}}
	for _, err := range found.Unknown {
		result.Unknown = append(result.Unknown, err.Error())
	}
	for _, file := range files {
		written, err := starter.Put(file.dir, file.File, o.force)
		if err != nil {
			return err
		}
		name := below(root, filepath.Join(file.dir, filepath.FromSlash(file.Name)))
		if written {
			result.Written = append(result.Written, name)
			continue
		}
		result.Left = append(result.Left, name)
		u.Info(name + " exists and stays as it is")
		if file.Shared {
			u.Info("  add to it, if it is not there:")
			u.Block(strings.TrimRight(file.Content, "\n"))
		}
	}
	if len(result.Written) == 0 {
		return hint.Usage(errors.New("all files are there already"),
			"offshoot init --force writes them anew; see what changed with git diff")
	}
	u.Info("next:")
	for _, step := range next {
		u.Info("  " + step)
	}
	u.Close()
	return a.answerInit(result)
}

func (a setup) answerInit(result initResult) error {
	if a.json {
		a.result = result
		return nil
	}
	for _, name := range result.Written {
		if err := a.println(name); err != nil {
			return err
		}
	}
	return nil
}

// explainFound says what the checkout told, and what it did not.
func explainFound(u *ui.UI, found starter.Findings) {
	if len(found.Compose) > 0 {
		u.Info("compose file: " + strings.Join(found.Compose, ", "))
	}
	if found.Database != "" {
		u.Info("database: " + found.Database)
	}
	for _, p := range found.Expose {
		u.Info(fmt.Sprintf("shown: %s, port %d", p.Service, p.Port))
	}
	if m := found.Migration; m != nil && m.Service != "" {
		u.Info("migration: " + describeMigration(*m))
	}
	for _, note := range found.Notes {
		u.Warn(note)
	}
	for _, err := range found.Unknown {
		u.Warn(strings.Join(append([]string{err.Error()}, hint.Of(err)...), "; "))
	}
}

func describeMigration(m starter.Migration) string {
	how := "the service's own command"
	if len(m.Command) > 0 {
		how = strings.Join(m.Command, " ")
	}
	text := fmt.Sprintf("in %s, %s", m.Service, how)
	if m.Tool != "" {
		text = fmt.Sprintf("%s (%s), %s", m.Tool, m.Evidence, text)
	}
	return text
}

// nextSteps are what there is to do once the files are written.
func nextSteps(cfg *config.Config, pipeline starter.Pipeline) []string {
	steps := []string{
		"read offshoot.yaml: it is a beginning",
		"offshoot doctor                 # is everything there?",
		"offshoot mask scan --write      # rules for personal data, with OFFSHOOT_SOURCE set",
		"offshoot subset --plan          # what a subset would hold, and why",
		"offshoot up                     # a preview of the branch that is checked out",
	}
	if pipeline.Forge == "" {
		return steps
	}
	steps = append(steps, "set the secrets that the pipeline names at its top, and push")
	if !pipeline.Remote && cfg.Preview.Domain == "" {
		steps = append(steps,
			"set preview.domain in offshoot.yaml: without it the links in comments open on the runner alone "+
				"(docs/ci.md, Links for reviewers)")
	}
	switch pinned := pipeline.Pinned(); {
	case pinned == "":
		steps = append(steps,
			"name a release of offshoot in the pipeline: this program is none, so that it takes the newest")
	case pinned == pipeline.Commit:
		steps = append(steps,
			"name a release of offshoot in the pipeline once there is one: it names the commit that this program "+
				"was built from, which the job builds with Go")
	}
	return steps
}

// below shortens path for a message when it lies in folder.
func below(folder, path string) string {
	if short, err := filepath.Rel(folder, path); err == nil {
		return short
	}
	return path
}
