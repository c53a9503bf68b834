package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

const rootLong = `offshoot takes a small, referentially complete subset of a production PostgreSQL
database, boots your own compose stack, loads the subset, applies your
migrations and prints the link.`

const rootExample = `  offshoot subset --to shop.sql.zst
  offshoot up --pr 12 --archive shop.sql.zst`

// root wires the command line.
func (a *app) root() *cobra.Command {
	all := a.above()
	d, m, v, j, s := data{all}, making{all}, viewing{all}, jobs{all}, setup{all}
	root := &cobra.Command{
		Use:           "offshoot",
		Short:         "a preview environment for every pull request, grown from a cutting of production",
		Long:          rootLong,
		Example:       rootExample,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknownCommand,
		RunE:          func(*cobra.Command, []string) error { return s.front() },
	}
	addGroup(root, "Data", d.subsetCommand(), d.maskCommand(), d.explainCommand())
	addGroup(root, "Previews",
		m.upCommand(), v.downCommand(), v.listCommand(), v.openCommand(), v.accessCommand(), v.logsCommand(),
		v.execCommand(),
		v.psqlCommand(), v.startCommand(), v.stopCommand(), v.extendCommand(), m.rehearseCommand(),
		m.recordCommand())
	addGroup(root, "CI", j.ciCommand(), j.sweepCommand(), j.bakeCommand())
	addGroup(root, "Setup", s.initCommand(), s.doctorCommand(), s.versionCommand())
	root.AddCommand(s.gatewayCommand(), m.agentCommand(), s.manCommand()) // hidden
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpTemplate(root.HelpTemplate() + "{{if not .HasParent}}\n" + exitCodes + "{{end}}")
	root.SetHelpCommand(helpCommand())
	root.SetHelpCommandGroupID("Setup")
	root.SetCompletionCommandGroupID("Setup")
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			usageArgs(c)
		}
	}
	return root
}

// addGroup adds commands that are listed together, in this order.
func addGroup(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title + ":"})
	for _, c := range commands {
		c.GroupID = title
	}
	root.AddCommand(commands...)
}

// helpCommand is cobra's, but an unknown command is an error.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "help about any command",
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(c.Root(), args)
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// usageArgs makes wrong arguments of cobra's own commands usage errors too.
func usageArgs(c *cobra.Command) {
	for _, sub := range c.Commands() {
		sub.Args = noArgs
	}
	c.Short = "print the completion script of a shell"
	c.Args = unknownCommand
	c.RunE = func(c *cobra.Command, _ []string) error {
		return hint.Usage(errors.New("completion: no shell given"), "choose one of bash, zsh, fish, powershell")
	}
}

func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	err := fmt.Errorf("unknown command %q", args[0])
	if near := hint.Nearest(args[0], names); near != "" {
		return hint.Usage(err, "did you mean %q?", c.CommandPath()+" "+near)
	}
	return hint.Usage(err, "see %s --help", c.CommandPath())
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return hint.Usage(fmt.Errorf("%s: unexpected argument %q", c.Name(), args[0]), "see %s --help", c.CommandPath())
}

func flagError(c *cobra.Command, err error) error {
	advice := fmt.Sprintf("see %s --help", c.CommandPath())
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		var known []string
		c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		name := unknown.GetSpecifiedName()
		if near := hint.Nearest(name, known); near != "" && len(name) > 1 {
			advice = fmt.Sprintf("did you mean --%s?", near)
		}
	}
	text := strings.TrimSuffix(err.Error(), ".")
	return hint.Usage(fmt.Errorf("%s: %s", c.Name(), text), "%s", advice)
}

// jsonFlag lets a command print its result as one document.
func (a *app) jsonFlag(c *cobra.Command) {
	c.Flags().BoolVar(&a.json, "json", false, "print one JSON document on stdout")
}
