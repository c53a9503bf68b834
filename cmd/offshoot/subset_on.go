package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/dedicated"
	"github.com/offshoot-dev/offshoot/provision/ec2"
)

// subsetOrder is what a machine beside the source is told to make. Where the source is it
// finds out by itself.
type subsetOrder struct {
	Args      []string          `json:"args"`   // of subset
	Config    string            `json:"config"` // as much of offshoot.yaml as it needs
	Source    string            `json:"source"` // where the connection string is kept
	Region    string            `json:"region"`
	Variables map[string]string `json:"variables,omitempty"` // OFFSHOOT_MASK_KEY among them
}

// lentVariables are those of this computer that make a difference to the subset.
var lentVariables = []string{"OFFSHOOT_MASK_KEY", "SOURCE_DATE_EPOCH"}

// subsetElsewhere has a machine beside the source make the subset, and removes the machine.
func (a data) subsetElsewhere(ctx context.Context, cfg *config.Config, o subsetOptions, given *pflag.FlagSet) error {
	order, err := a.subsetOrder(cfg, o, given)
	if err != nil {
		return err
	}
	errand, err := a.subsetErrand(ctx, cfg, &order)
	if err != nil {
		return err
	}
	content, err := json.Marshal(order)
	if err != nil {
		return err
	}
	u := a.newUI()
	defer u.Close()
	errand.Notice = u.Warn
	echo := &ui.Echo{UI: u}
	outcome, err := errand.Run(ctx, content, newSteps(u).observe, func(told json.RawMessage) {
		var event ui.Event
		if json.Unmarshal(told, &event) == nil {
			echo.Show(event)
		}
	})
	if outcome.Answer == nil {
		explain(u, err)
		return errors.Join(outcome.Err(), err)
	}
	made := &madeElsewhere{}
	if wrong := json.Unmarshal(outcome.Answer, made); wrong != nil {
		return errors.Join(outcome.Err(), err, fmt.Errorf("report of the machine: %w", wrong))
	}
	return a.giveSubset(u, o, made, errors.Join(outcome.Err(), err))
}

// subsetOrder says what to make, and what is wrong with that before anything is spent.
func (a data) subsetOrder(cfg *config.Config, o subsetOptions, given *pflag.FlagSet) (subsetOrder, error) {
	order := subsetOrder{Source: cfg.Subset.Machine.Source, Variables: map[string]string{}}
	switch {
	case order.Source == "":
		return order, hint.Usage(errors.New("nothing says where the machine finds the source"),
			"keep its connection string in Secrets Manager, and name it with subset.machine.source in %s", config.Name)
	case cfg.Machine().Profile == "":
		return order, hint.Usage(errors.New("the machine has no rights at AWS"),
			"name an instance profile that may read the source's secret and write to the bucket with "+
				"subset.machine.profile in %s", config.Name)
	case o.from.source != "" || o.from.via != "":
		return order, hint.Usage(errors.New("--source and --via are for subsets that this computer makes"),
			"the machine reads what subset.machine.source names")
	case !o.plan && !store.IsLocation(o.to):
		return order, hint.Usage(fmt.Errorf("a machine does not write to %s", a.secrets.Redact(o.to)),
			"give --to s3://BUCKET/FOLDER/ or s3://BUCKET/KEY")
	}
	part, err := cfg.ForMachine(a.lookup)
	if err != nil {
		return order, err
	}
	if _, err := a.masking(cfg, o.privacy); err != nil {
		return order, err
	}
	order.Config, order.Args = string(part), setFlags(given, "on", "report", "json")
	for _, name := range lentVariables {
		if value := a.getenv(name); value != "" {
			order.Variables[name] = value
		}
	}
	return order, nil
}

// setFlags are the flags that were given, as arguments, but for some.
func setFlags(f *pflag.FlagSet, but ...string) (args []string) {
	f.Visit(func(flag *pflag.Flag) {
		for _, name := range but {
			if flag.Name == name {
				return
			}
		}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			for _, value := range list.GetSlice() {
				args = append(args, "--"+flag.Name+"="+value)
			}
			return
		}
		args = append(args, "--"+flag.Name+"="+flag.Value.String())
	})
	return args
}

// subsetErrand is the machine that is made for it; the order learns in which region.
func (a data) subsetErrand(ctx context.Context, cfg *config.Config, order *subsetOrder) (dedicated.Errand, error) {
	git, err := a.checkout(ctx, cfg.Dir)
	if err != nil {
		return dedicated.Errand{}, err
	}
	preview, err := provision.IdentifySubset(git.repository(), cfg.ProjectIn(git.Root))
	if err != nil {
		return dedicated.Errand{}, err
	}
	machines := *cfg
	machines.EC2 = cfg.Machine()
	options := a.ec2Options(&machines)
	options.Bare = true
	provider, err := ec2.New(ctx, options)
	if err != nil {
		return dedicated.Errand{}, err
	}
	order.Region = provider.Region()
	return dedicated.Errand{
		Provider: provider, For: preview, Version: buildVersion().Version, Limit: limitOf(cfg),
		Program: func(system, architecture string) (string, error) {
			return ec2Backend{a.placing, &machines}.program("", system, architecture)
		},
	}, nil
}

func limitOf(cfg *config.Config) time.Duration {
	if limit := cfg.Subset.Machine.Limit; limit > 0 {
		return limit
	}
	return config.DefaultLimit
}

// madeElsewhere is what there is to say of a subset, in the words of the machine that made
// it.
type madeElsewhere struct {
	Text     string          `json:"text"`
	Markdown string          `json:"markdown"`
	JSON     string          `json:"json"`
	Mermaid  string          `json:"mermaid"`
	DOT      string          `json:"dot"`
	Value    json.RawMessage `json:"value"`
}

// wordsOf writes a report or a plan in all the ways that somebody may want.
func wordsOf(made paper) (w madeElsewhere, err error) {
	write := func(into *string, write func(b *strings.Builder) error) {
		var b strings.Builder
		err = errors.Join(err, write(&b))
		*into = b.String()
	}
	write(&w.Text, func(b *strings.Builder) error { return made.WriteText(b) })
	write(&w.Markdown, func(b *strings.Builder) error { return made.WriteMarkdown(b) })
	write(&w.JSON, func(b *strings.Builder) error { return made.WriteJSON(b) })
	if graph, ok := made.(drawing); ok {
		write(&w.Mermaid, func(b *strings.Builder) error { return graph.WriteMermaid(b) })
		write(&w.DOT, func(b *strings.Builder) error { return graph.WriteDOT(b) })
	}
	value, wrong := json.Marshal(made)
	w.Value = value
	return w, errors.Join(err, wrong)
}
