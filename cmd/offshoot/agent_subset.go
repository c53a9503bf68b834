package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/internal/vault"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// lastWords is for how long a machine stays when its run has ended: whoever asked for it
// reads the outcome, and removes it.
const lastWords = 5 * time.Minute

// agentSubset makes a subset on this machine, beside its source, and lets the machine end
// soon, whether or not anybody is still there to remove it.
func (a making) agentSubset(ctx context.Context, errand json.RawMessage, tell func(json.RawMessage)) remote.Outcome {
	u := ui.New(ui.Options{Err: io.Discard, Secrets: a.secrets, Every: time.Second, Tell: func(e ui.Event) {
		if content, err := json.Marshal(e); err == nil {
			tell(content)
		}
	}})
	defer u.Close()
	made, err := a.orderedSubset(ctx, u, errand)
	code := exitCode(ctx, err)
	outcome := remote.Outcome{Exit: code, Error: a.secrets.Redact(errorText(code, err)), Hints: hintsOf(code, err)}
	if made != nil {
		answer, wrong := answerOf(made, a.secrets)
		if outcome.Answer = answer; wrong != nil {
			u.Warn("the report is lost: " + wrong.Error())
		}
	}
	if err := ec2.EndIn(lastWords); err != nil {
		u.Warn(err.Error())
	}
	return outcome
}

func answerOf(made paper, secrets *ui.Secrets) (json.RawMessage, error) {
	words, err := wordsOf(made)
	if err != nil {
		return nil, err
	}
	answer, err := json.Marshal(madeWords(words))
	return json.RawMessage(secrets.Redact(string(answer))), err
}

// madeWords are the words themselves, and not the document in them.
type madeWords madeElsewhere

// orderedSubset does what an order says.
func (a archiving) orderedSubset(ctx context.Context, u *ui.UI, errand json.RawMessage) (paper, error) {
	var order subsetOrder
	if json.Unmarshal(errand, &order) != nil { // whose error would show a part of it
		return nil, errors.New("the order cannot be read")
	}
	for _, name := range slices.Sorted(maps.Keys(order.Variables)) {
		a.secrets.AddEnv([]string{name + "=" + order.Variables[name]})
	}
	a.lookup = order.lookup(a.lookup)
	o, err := order.options()
	if err != nil {
		return nil, err
	}
	cfg := config.Default("/")
	if err := cfg.Parse(config.Name, []byte(order.Config), a.lookup); err != nil {
		return nil, err
	}
	place, err := vault.Parse(order.Source)
	if err == nil {
		err = os.Setenv("AWS_REGION", order.Region) // for all that asks AWS in this process
	}
	if err == nil {
		o.from.source, err = place.Read(ctx, order.Region)
	}
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	spec, err := a.subsetSpec(cfg, o)
	if err != nil {
		return nil, err
	}
	return a.makeSubset(ctx, u, spec, o)
}

func (order subsetOrder) options() (subsetOptions, error) {
	o := subsetOptions{}
	f := pflag.NewFlagSet("subset", pflag.ContinueOnError)
	f.SetOutput(io.Discard)
	o.add(f)
	return o, f.Parse(order.Args)
}

// lookup finds the variables that were lent, may install PostgreSQL's programs, since the
// machine is thrown away, and knows those of the machine that lead to its files and to AWS.
func (order subsetOrder) lookup(own func(string) (string, bool)) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if value, lent := order.Variables[name]; lent {
			return value, true
		}
		switch name {
		case installVariable:
			return "install", true
		case "OFFSHOOT_SOURCE", "OFFSHOOT_VIA", archiveVariable:
			return "", false
		}
		return own(name)
	}
}
