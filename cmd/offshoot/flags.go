package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// whichFlags adds --pr and --branch.
func whichFlags(c *cobra.Command, w *which) {
	c.Flags().Var((*pullFlag)(&w.pull), "pr", "the preview of pull request `N`")
	c.Flags().StringVar(&w.branch, "branch", "", "the preview of branch `NAME` (default: the one checked out)")
	c.PreRunE = func(*cobra.Command, []string) error {
		if w.pull != 0 && w.branch != "" {
			return hint.Usage(fmt.Errorf("%s: --pr and --branch", c.Name()), "give one of them")
		}
		return nil
	}
}

// pullFlag is the number of a pull request, also written #12.
type pullFlag int

func (p *pullFlag) String() string {
	if *p == 0 {
		return ""
	}
	return strconv.Itoa(int(*p))
}

func (p *pullFlag) Type() string { return "int" }

func (p *pullFlag) Set(value string) error {
	if len(value) > 1 && value[0] == '#' {
		value = value[1:]
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return errors.New("not the number of a pull request")
	}
	*p = pullFlag(n)
	return nil
}

// durationFlag is a duration that knows days and never.
type durationFlag time.Duration

func (d *durationFlag) String() string { return time.Duration(*d).String() }

func (d *durationFlag) Type() string { return "duration" }

func (d *durationFlag) Set(value string) error {
	parsed, err := config.ParseDuration(value)
	if err != nil {
		return errors.New("write it like 72h, 3d or never")
	}
	*d = durationFlag(parsed)
	return nil
}

// providerFlag chooses where previews are, over what is configured.
func (a *app) providerFlag(c *cobra.Command) {
	c.Flags().StringVar(&a.provider, "provider", "",
		"run previews on docker or ec2 (default: as configured, or docker)")
}

// sizeFlag is a size on the command line; nil: it was not given.
type sizeFlag struct{ bytes *int64 }

func (s *sizeFlag) String() string { return "" }

func (s *sizeFlag) Type() string { return "size" }

func (s *sizeFlag) Set(value string) error {
	n, err := config.ParseSize(value)
	if err == nil {
		s.bytes = &n
	}
	return err
}
