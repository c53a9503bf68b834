package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// app is what every command needs: the process's own surroundings.
type app struct {
	stdin          io.Reader
	stdout, stderr *os.File
	lookup         func(string) (string, bool)
	environ        []string
	secrets        *ui.Secrets

	json     bool   // --json was given
	result   any    // what --json prints
	provider string // --provider
	writer   string // who may push, by the event of the job,
	reader   string // and who may not

	ways []io.Closer // to the source, until the program ends
}

// run runs one command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	for _, arg := range args {
		a.secrets.AddURL(arg) // a message may repeat what stands in the wrong place
	}
	root := a.root()
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	_ = a.leave() // whatever went through is over, and its error known
	code := exitCode(ctx, err)
	a.report(command, code, err)
	return code
}

// report prints how the run ended: the error and its hints on stderr and, if
// asked for, the one document on stdout.
func (a *app) report(command *cobra.Command, code int, err error) {
	text := errorText(code, err)
	hints := hintsOf(code, err)
	if text != "" {
		a.printError(text, hints)
	}
	if !a.json {
		return
	}
	doc := ui.Document{Command: command.Name(), Exit: code, Result: a.result, Error: text, Hints: hints}
	if err := ui.WriteJSON(a.stdout, a.secrets, doc); err != nil {
		a.printError(err.Error(), nil)
	}
}

func (a *app) printError(text string, hints []string) {
	u := ui.New(ui.Options{Err: a.stderr, Secrets: a.secrets})
	defer u.Close()
	u.Error("offshoot: "+text, hints)
}

// newUI returns the display of one command. It is plain when the answer, at to,
// goes to the very terminal that it would redraw.
func (a *app) newUI(to ...string) *ui.UI {
	shared := slices.Contains(to, "-") && ui.Terminal(a.stdout)
	return ui.New(ui.Options{
		Err: a.stderr, Live: ui.Live(a.stderr, a.getenv) && !shared, Width: ui.Columns(a.stderr), Secrets: a.secrets,
	})
}

// table lays out an answer: on a terminal as wide as that is, and elsewhere one
// row a line, for programs that read lines.
func (a *app) table(rows [][]string) string {
	if !ui.Terminal(a.stdout) {
		return ui.Table(rows)
	}
	return ui.FitTable(rows, ui.Columns(a.stdout)())
}

// println writes one line of the answer.
func (a *app) println(line string) error {
	_, err := fmt.Fprintln(a.stdout, a.secrets.Redact(line))
	return err
}

func (a *app) getenv(name string) string {
	value, _ := a.lookup(name)
	return value
}

// config reads the configuration from where the command was called.
func (a *app) config() (*config.Config, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("working directory: %w", err)
	}
	return a.configOf(dir)
}

// configOf reads the configuration of a folder.
func (a *app) configOf(dir string) (*config.Config, error) {
	cfg, err := config.Load(dir, a.lookup)
	if err != nil {
		return nil, err
	}
	if err := config.CheckProvider(a.provider); err != nil {
		return nil, err
	}
	cfg.Provider = cmp.Or(a.provider, cfg.Provider)
	a.hide(cfg)
	return cfg, nil
}

// hide makes secrets of what a configuration gives to services and builds.
func (a *app) hide(cfg *config.Config) {
	for _, variables := range []map[string]string{cfg.Preview.Environment, cfg.Preview.Build} {
		for name, value := range variables {
			a.secrets.AddEnv([]string{name + "=" + value})
		}
	}
	a.hideAll(cfg.Checks.Secrets())
	a.hideKeys(cfg.Preview.ACME)
	if key := cfg.Preview.Wildcard.Update.Key; key != "" {
		a.secrets.Add(key)
	}
}

// hideAll makes secrets of values.
func (a *app) hideAll(values []string) {
	for _, value := range values {
		a.secrets.Add(value)
	}
}

// hideKeys makes secrets of keys of accounts at authorities.
func (a *app) hideKeys(acme gateway.ACME) {
	for _, key := range []string{acme.Key, acme.Second.Key} {
		if key != "" {
			a.secrets.Add(key)
		}
	}
}

// closing closes c when the function that defers it ends, and joins the error
// to the function's own.
func closing(c io.Closer, err *error) {
	*err = errors.Join(*err, c.Close())
}
