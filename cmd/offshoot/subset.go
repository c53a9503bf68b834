package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/sink"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// subsetOptions is the command line of subset.
type subsetOptions struct {
	from        sourceFlags
	to          string
	plan        bool
	seed        uint64
	privacy     string
	report      string
	replace     bool
	connections int
	lockTimeout time.Duration
	load        plan.Load
	mode        string
	roots       []string
	score       bool
	checks      bool
	keep        int
	compress    string
	verbose     bool
	on          string
}

const subsetLong = `Subset copies a small part of a PostgreSQL database in which no reference
dangles. The source is only read, in one snapshot.

TARGET is the URL of an empty database, or a path whose name picks the format:
.sql, .sql.gz or .sql.zst is a script for psql, - is that script on stdout,
.dump or a folder/ is an archive for pg_restore. s3://BUCKET/KEY is an object
of such a name, and s3://BUCKET/FOLDER/ has one named by the time, beside the
last ones; AWS's usual variables say where and who.

The source is --source, else OFFSHOOT_SOURCE, else source in offshoot.yaml: a
URL or key=value pairs, as psql takes them. A password is better kept in
PGPASSWORD or ~/.pgpass than on the command line, where others can see it.`

func (a data) subsetCommand() *cobra.Command {
	o := subsetOptions{}
	c := &cobra.Command{
		Use:   "subset --to TARGET",
		Short: "copy a small, complete part of a database",
		Long:  subsetLong,
		Example: `  offshoot subset --source postgres://reader@db.example.com/shop --to shop.sql.zst
  offshoot subset --plan`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.subset(c.Context(), o, c.Flags()) },
	}
	o.add(c.Flags())
	c.Flags().StringVar(&o.on, "on", "", "have it made by a machine beside the source, on `PROVIDER`: ec2")
	a.jsonFlag(c)
	c.AddCommand(a.scoreCommand(), a.referencesCommand(), a.factsCommand())
	return c
}

// add defines the flags that say what to make, wherever that is.
func (o *subsetOptions) add(f *pflag.FlagSet) {
	o.from.add(f)
	f.StringVar(&o.to, "to", "", "write to `TARGET`: database URL, path, s3:// or -")
	f.BoolVar(&o.plan, "plan", false, "print what would be kept, and why; copy nothing")
	f.Uint64Var(&o.seed, "seed", 0, "keep the same rows for the same `SEED` and data")
	f.StringVar(&o.privacy, "privacy", "", "strict, warn or off: stop at sensitive-looking columns without a "+
		"masking rule, name them, or neither")
	f.BoolVar(&o.replace, "replace", false, "empty a target that is not empty, or overwrite the file or archive")
	f.StringVar(&o.report, "report", "", "write the report, or the plan, to `FILE` (.md, .json, .txt, .mmd or .dot)")
	f.StringVar(&o.compress, "compress", "", "compress an archive with `METHOD`, gzip or zstd (default gzip; zstd "+
		"takes pg_dump 16)")
	f.IntVar(&o.connections, "connections", snapshot.DefaultConnections, "open at most `N` connections to the source")
	f.IntVar(&o.load.Sessions, "max-load", 0, "pause while more than `N` other sessions are active in the source")
	f.DurationVar(&o.load.Lag, "max-lag", 0, "pause while replication of the source is more than `DURATION` behind")
	f.DurationVar(&o.lockTimeout, "lock-timeout", snapshot.DefaultLockTimeout,
		"wait at most `DURATION` for tables that a migration has locked")
	f.StringVar(&o.mode, "mode", "", "curve: follow the row targets; family: keep every child of a sampled row "+
		"(default curve)")
	f.StringArrayVar(&o.roots, "root", nil, "keep matching rows and everything that references them: "+
		"'schema.table: `CONDITION`'; repeatable")
	f.BoolVar(&o.score, "score", false, "score the finished subset (reads the whole source)")
	f.IntVar(&o.keep, "keep", keepArchives, "of the archives in a folder of a bucket, keep the newest `N`")
	f.BoolVar(&o.checks, "check", false, "load the finished file into a throw-away server; keep it only if it loads")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "print the values in conditions of tables, in plan and report")
	f.Lookup("privacy").DefValue = string(mask.PrivacyStrict)
}

func (a data) subset(ctx context.Context, o subsetOptions, given *pflag.FlagSet) error {
	if err := o.check(a.json); err != nil {
		return fmt.Errorf("subset: %w", err)
	}
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if o.on = cmp.Or(o.on, cfg.Subset.On); o.on != "" {
		err = a.subsetElsewhere(ctx, cfg, o, given)
	} else {
		err = a.subsetHere(ctx, cfg, o)
	}
	if err != nil {
		return fmt.Errorf("subset: %w", err)
	}
	return nil
}

func (a data) subsetHere(ctx context.Context, cfg *config.Config, o subsetOptions) error {
	spec, err := a.subsetSpec(cfg, o)
	if err != nil {
		return err
	}
	u := a.newUI(o.to)
	defer u.Close()
	made, err := a.makeSubset(ctx, u, spec, o)
	return a.giveSubset(u, o, made, err)
}

// subsetSpec is what to make of which source.
func (a archiving) subsetSpec(cfg *config.Config, o subsetOptions) (plan.Spec, error) {
	spec, err := a.spec(cfg, o.from)
	if err != nil {
		return spec, err
	}
	if err := o.apply(&spec); err != nil {
		return spec, err
	}
	spec.Masking, err = a.masking(cfg, o.privacy)
	return spec, err
}

// apply has the command line win over the configuration.
func (o subsetOptions) apply(spec *plan.Spec) error {
	spec.Seed, spec.Connections, spec.Conditions = o.seed, o.connections, o.verbose
	spec.LockTimeout = o.lockTimeout
	spec.Load.Sessions = cmp.Or(o.load.Sessions, spec.Load.Sessions)
	spec.Load.Lag = cmp.Or(o.load.Lag, spec.Load.Lag)
	if o.mode != "" {
		mode, err := plan.ParseMode(o.mode)
		if err != nil {
			return err
		}
		spec.Mode = mode
	}
	for _, text := range o.roots {
		root, err := plan.ParseRoot(text)
		if err != nil {
			return err
		}
		spec.Roots = append(spec.Roots, root)
	}
	return nil
}

func (o subsetOptions) check(json bool) error {
	if err := config.CheckOn(o.on); err != nil {
		return err
	}
	switch {
	case o.to == "" && !o.plan:
		return hint.Usage(errors.New("no target given"), "add --to TARGET, or --plan to see what would be kept")
	case o.to == "-" && json && !o.plan:
		return hint.Usage(errors.New("--to - and --json both want stdout"),
			"write the report with --report report.json")
	}
	if o.load.Sessions < 0 || o.load.Lag < 0 {
		return hint.Usage(errors.New("a limit of the load is below nothing"),
			"leave --max-load and --max-lag out for none")
	}
	if err := errors.Join(o.checkChecks(), o.checkKeep(), o.checkScored(sink.IsDatabase(o.to)),
		checkConnections(o.connections), checkPrivacy(o.privacy), sink.CheckCompress(o.compress, o.to)); err != nil {
		return err
	}
	_, err := reportWriter(o.report)
	return err
}

func checkConnections(n int) error {
	if n < 1 || n > 64 {
		return hint.Usage(fmt.Errorf("%d connections", n), "give a number between 1 and 64")
	}
	return nil
}

// checkPrivacy finds a mistake before the source is looked for.
func checkPrivacy(level string) error {
	if level == "" {
		return nil
	}
	_, err := mask.ParsePrivacy(level)
	return err
}

// makeSubset makes the subset, or only its plan, and returns what there is to say of it. A
// subset that is not as it should be comes with an error.
func (a archiving) makeSubset(ctx context.Context, u *ui.UI, spec plan.Spec, o subsetOptions) (paper, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lowMemory(ctx)
	run := &subsetRun{
		app: a.sourcing, ui: u, spec: spec, to: o.to, replace: o.replace, compress: o.compress,
		score: o.score, check: o.checks, keep: o.keep,
		silent: spec.Masking.Privacy == mask.PrivacyOff, silencedBy: "--privacy off",
	}
	if o.plan {
		return run.planOnly(ctx)
	}
	report, err := run.run(ctx)
	var refused *checkError // which the report explains
	switch {
	case err == nil:
		return report, checkReport(report)
	case report == nil || !errors.As(err, &refused):
		return nil, explainTarget(err)
	}
	return report, err
}

// giveSubset writes and prints what there is to say of a subset, and returns how that ended.
func (a data) giveSubset(u *ui.UI, o subsetOptions, made paper, err error) error {
	if made == nil {
		return err
	}
	if wrong := writeReport(o.report, made); wrong != nil {
		return errors.Join(err, wrong)
	}
	u.Close()
	return errors.Join(a.printMade(o, made), err)
}

// explainTarget says what to change on the command line about a target that
// was refused.
func explainTarget(err error) error {
	switch {
	case errors.Is(err, subset.ErrTargetIsSource):
		return hint.Usage(err, "give --to another, empty database")
	case errors.Is(err, subset.ErrTargetNotEmpty):
		return hint.Usage(err, "add --replace to empty the database, or overwrite the file or archive")
	}
	return err
}

// checkReport is the error of a run that is done but not as it should be. What
// dangles below a NOT VALID key is as the source has it, and listed.
func checkReport(r *subset.Report) error {
	if n := r.Broken(); n > 0 {
		text := ui.Plural(n, "dangling row") + " below keys that the source calls valid, and so in the subset"
		return hint.Wrap(&checkError{text: text},
			"the report names the foreign keys; repair the rows in the source")
	}
	return nil
}
