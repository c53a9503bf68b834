package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/store"
)

const factsLong = `Facts prints what an archive of offshoot subset tells of its source beside
rows: rows, pages and bytes of tables and indexes, what the planner knows of
columns, settings, the server's version, and shapes and calls of statements
where the role may read pg_stat_statements. --json prints all of it, with the
values that the planner takes into account: masked as rows are, and of columns
that are not masked only frequent ones and bounds of histograms.

FILE is a script, compressed or not, a .dump, a .tar, a folder/ or s3://.`

func (a data) factsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "facts FILE",
		Short: "print what an archive tells of its source beside rows",
		Long:  factsLong,
		Example: `  offshoot subset facts shop.sql.zst
  offshoot subset facts s3://archives/shop.dump --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return hint.Usage(errors.New("no archive given"), "give one FILE of offshoot subset")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return a.facts(c.Context(), args[0]) },
	}
	a.jsonFlag(c)
	return c
}

func (a data) facts(ctx context.Context, name string) error {
	f, err := a.factsOf(ctx, name)
	if err != nil {
		return fmt.Errorf("subset facts: %w", err)
	}
	return a.printDocument(f)
}

func (a archiving) factsOf(ctx context.Context, name string) (*facts.Facts, error) {
	path := name
	if store.IsLocation(name) {
		u := a.newUI()
		defer u.Close()
		fetched, err := a.archiveFromBucket(ctx, u, name)
		if err != nil {
			return nil, err
		}
		path = fetched.path
	}
	f, err := facts.Of(strings.TrimSuffix(path, "/"))
	if err == nil && !f.Known() {
		err = hint.Wrap(fmt.Errorf("%s has no facts of its source", name),
			"archives have them that offshoot subset of this version has made")
	}
	return f, err
}
