package main

import (
	"context"
	"errors"

	"github.com/spf13/pflag"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

// A throwAway is what a stack is brought up for once, on the engine of this computer,
// whatever previews run on.
type throwAway struct {
	ui      *ui.UI
	engine  provision.Engine
	options provision.Options
	commit  string
}

// once is a stack that nobody else sees.
type once struct {
	ui         *ui.UI
	cfg        *config.Config
	options    upOptions
	repository string // that it is named after, and removed with
	project    string
	commit     string
}

// hereOnce is that of a configuration's own checkout.
func (a placing) hereOnce(ctx context.Context, u *ui.UI, cfg *config.Config, o upOptions) (once, error) {
	git, err := a.checkout(ctx, cfg.Dir)
	return once{u, cfg, o, git.repository(), cfg.ProjectIn(git.Root), git.Commit}, err
}

// throwAway does something with a stack, under a name of its own.
func (a placing) throwAway(
	ctx context.Context, w once,
	identify func(repository, project string) (provision.Preview, error), do func(throwAway) error,
) (err error) {
	if err := w.cfg.Preview.EnvironmentUnset; err != nil {
		return err
	}
	preview, err := identify(w.repository, w.project)
	if err != nil {
		return err
	}
	archives := &archives{archiving: a.archiving, ui: w.ui, cfg: w.cfg, options: w.options, preview: preview}
	defer func() { err = errors.Join(err, archives.remove()) }()
	engine, err := a.engine(ctx, w.cfg)
	if err != nil {
		return err
	}
	defer closing(engine, &err)
	engine.Front = provision.Front{}
	options := provisionOptions(w.cfg, w.options, preview, w.commit, "")
	options.Load = archives.load
	return do(throwAway{w.ui, engine, options, w.commit})
}

// loadingFlags say what a database is loaded with.
func loadingFlags(f *pflag.FlagSet, o *upOptions) {
	f.Var(archiveFlag{o}, "archive",
		"load this `FILE` of offshoot subset or pg_dump (.sql, .sql.gz, .sql.zst, .dump, .tar), also at s3://; "+
			"NAME=FILE for a further database")
	f.BoolVar(&o.noTemplate, "no-template", false,
		"always load the archive; neither clone nor save a template database")
}
