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

// throwAway does something with a stack that nobody else sees, under a name of its own.
func (a placing) throwAway(
	ctx context.Context, cfg *config.Config, o upOptions,
	identify func(repository, project string) (provision.Preview, error), do func(throwAway) error,
) (err error) {
	if err := cfg.Preview.EnvironmentUnset; err != nil {
		return err
	}
	git, err := a.checkout(ctx, cfg.Dir)
	if err != nil {
		return err
	}
	preview, err := identify(git.repository(), cfg.ProjectIn(git.Root))
	if err != nil {
		return err
	}
	u := a.newUI()
	defer u.Close()
	archives := &archives{archiving: a.archiving, ui: u, cfg: cfg, options: o, preview: preview}
	defer func() { err = errors.Join(err, archives.remove()) }()
	engine, err := a.engine(ctx, cfg)
	if err != nil {
		return err
	}
	defer closing(engine, &err)
	engine.Front = provision.Front{}
	options := provisionOptions(cfg, o, preview, git.Commit, "")
	options.Load = archives.load
	if err = do(throwAway{u, engine, options, git.Commit}); err != nil {
		explain(u, err)
	}
	return err
}

// loadingFlags say what a database is loaded with.
func loadingFlags(f *pflag.FlagSet, o *upOptions) {
	f.Var(archiveFlag{o}, "archive",
		"load this `FILE` of offshoot subset or pg_dump (.sql, .sql.gz, .sql.zst, .dump, .tar), also at s3://; "+
			"NAME=FILE for a further database")
	f.BoolVar(&o.noTemplate, "no-template", false,
		"always load the archive; neither clone nor save a template database")
}
