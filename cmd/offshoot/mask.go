package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

func (a data) maskCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "mask",
		Short: "find columns with personal data",
		Long:  "Mask finds columns with personal data, which subset rewrites by the rules under mask\nin offshoot.yaml.",
		Example: `  offshoot mask scan --source postgres://reader@db.example.com/shop
  offshoot mask scan --write`,
		Args: noArgs,
	}
	c.AddCommand(a.scanCommand())
	return c
}

const scanLong = `Scan looks at every column: its name, its type, its comment and some of its
values, none of which is printed. It says what seems to be personal data, how
sure that is and why, and which rule of offshoot.yaml covers it.

With --write it adds a rule for each column that has none, and the list of all
columns under scanned: a subset then also stops at a column that came later.
Look at the rules before you commit them; keep is one too.`

// scanOptions is the command line of mask scan.
type scanOptions struct {
	from  sourceFlags
	write bool
}

func (a data) scanCommand() *cobra.Command {
	o := scanOptions{}
	c := &cobra.Command{
		Use:   "scan",
		Short: "list columns that appear to contain personal data",
		Long:  scanLong,
		Example: `  offshoot mask scan --source postgres://reader@db.example.com/shop
  offshoot mask scan --write`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.scan(c.Context(), o); err != nil {
				return fmt.Errorf("mask scan: %w", err)
			}
			return nil
		},
	}
	o.from.add(c.Flags())
	c.Flags().BoolVar(&o.write, "write", false, "add rules to offshoot.yaml")
	a.jsonFlag(c)
	return c
}

func (a data) scan(ctx context.Context, o scanOptions) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	spec, err := a.spec(cfg, o.from)
	if err != nil {
		return err
	}
	spec.Connections = 1
	spec.Masking = mask.Masking{Rules: cfg.Mask, Schema: cfg.Schema}
	u := a.newUI("")
	defer u.Close()
	scan, err := takeScan(ctx, u, spec)
	if err != nil {
		return err
	}
	if o.write {
		path, err := a.rewrite(cfg, func(text []byte) ([]byte, error) { return addRules(text, scan) })
		if err != nil {
			return err
		}
		for _, line := range wrote(path, scan) {
			u.Info(line)
		}
	}
	u.Close()
	if a.json {
		a.result = scan
		return nil
	}
	return printText(a.stdout, a.secrets, scan.WriteText)
}

func takeScan(ctx context.Context, u *ui.UI, spec plan.Spec) (*subset.Scan, error) {
	reading := u.Start("look at columns")
	source, err := subset.Open(ctx, spec)
	if err != nil {
		reading.Fail("")
		return nil, err
	}
	scan, err := source.Scan(ctx)
	if err = errors.Join(err, closeSource(ctx, source)); err != nil {
		reading.Fail("")
		return nil, err
	}
	reading.Done(ui.Plural(int64(scan.Columns), "column"))
	return scan, nil
}
