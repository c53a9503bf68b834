package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

const referencesLong = `References finds references that the schema does not declare: pairs such as
record_type and record_id of Rails, Django's content types, columns that are
named after a table or as columns that have a foreign key, and columns that hold
other tables' uuids. It tries each on at most 1,000 rows, by the index of the
parent's key, and says for how many of them it holds.

With --write it adds those that hold, for nine rows in ten or more, to
subset.references in offshoot.yaml. Look at them before you commit them.`

// referencesOptions is the command line of subset references.
type referencesOptions struct {
	source string
	write  bool
}

func (a data) referencesCommand() *cobra.Command {
	o := referencesOptions{}
	c := &cobra.Command{
		Use:   "references",
		Short: "find references that the schema does not declare",
		Long:  referencesLong,
		Example: `  offshoot subset references --source postgres://reader@db.example.com/shop
  offshoot subset references --write`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.references(c.Context(), o); err != nil {
				return fmt.Errorf("subset references: %w", err)
			}
			return nil
		},
	}
	c.Flags().StringVar(&o.source, "source", "", "`URL` of the database to read")
	c.Flags().BoolVar(&o.write, "write", false, "add those that hold to offshoot.yaml")
	a.jsonFlag(c)
	return c
}

func (a data) references(ctx context.Context, o referencesOptions) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	source, err := a.sourceNeeded(cfg, o.source)
	if err != nil {
		return err
	}
	spec := cfg.Spec(source)
	spec.Connections = 1
	u := a.newUI("")
	defer u.Close()
	found, err := findReferences(ctx, u, spec)
	if err != nil {
		return err
	}
	if o.write {
		path, err := a.rewrite(cfg, func(text []byte) ([]byte, error) { return addReferences(text, found) })
		if err != nil {
			return err
		}
		u.Info("wrote " + path + ": " + ui.Plural(int64(len(found.Holding())), "reference") + " added")
	}
	u.Close()
	if a.json {
		a.result = found
		return nil
	}
	return printText(a.stdout, a.secrets, found.WriteText)
}

func findReferences(ctx context.Context, u *ui.UI, spec plan.Spec) (*subset.References, error) {
	step := u.Start("try references")
	source, err := subset.Open(ctx, spec)
	if err != nil {
		step.Fail("")
		return nil, err
	}
	found, err := source.References(ctx, func(done, total int) { step.Progress(int64(done), int64(total), "") })
	if err = errors.Join(err, closeSource(ctx, source)); err != nil {
		step.Fail("")
		return nil, err
	}
	step.Done(ui.Plural(int64(len(found.References)), "reference"))
	return found, nil
}

// addReferences adds those that hold to the text of a configuration, each with
// the share of rows for which it does.
func addReferences(text []byte, found *subset.References) ([]byte, error) {
	var entries []string
	for _, r := range found.Holding() {
		entries = append(entries, "- "+dollars(mask.Quoted(r.Reference))+" # "+r.Finding())
	}
	lines, err := insert(split(text), entries, "subset", "references")
	if err != nil {
		return nil, err
	}
	return []byte(strings.Join(lines, "\n") + "\n"), nil
}
