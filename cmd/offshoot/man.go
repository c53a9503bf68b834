package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// manCommand writes the manual pages. Those who make packages call it, so it is
// not listed.
func (a setup) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "write manual pages into a folder",
		Hidden: true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return hint.Usage(errors.New("man: no folder given"), "give the folder to write the pages into")
			}
			date, err := a.sourceDate()
			if err != nil {
				return err
			}
			if date.IsZero() {
				info, _ := debug.ReadBuildInfo()
				date = commitDate(info)
			}
			return writeManual(c.Root(), args[0], date)
		},
	}
}

// writeManual writes a page for a command, and for those below it.
func writeManual(c *cobra.Command, folder string, date time.Time) error {
	name := strings.ReplaceAll(c.CommandPath(), " ", "-")
	page, err := manualPage(c, date)
	if err != nil {
		return fmt.Errorf("man: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".1"), page, 0o644); err != nil {
		return fmt.Errorf("man: %w", err)
	}
	for _, sub := range c.Commands() {
		if !sub.IsAvailableCommand() {
			continue
		}
		if err := writeManual(sub, folder, date); err != nil {
			return err
		}
	}
	return nil
}

// manualPage is cobra's, and the exit codes, which cobra knows nothing of.
func manualPage(c *cobra.Command, date time.Time) ([]byte, error) {
	c.DisableAutoGenTag = true // it would be the day on which the page is made
	var b bytes.Buffer
	if err := doc.GenMan(c, &doc.GenManHeader{Date: &date, Source: "offshoot " + buildVersion().Version},
		&b); err != nil {
		return nil, err
	}
	_, codes, _ := strings.Cut(exitCodes, "\n")
	fmt.Fprintf(&b, ".SH EXIT STATUS\n.nf\n%s.fi\n", codes)
	return b.Bytes(), nil
}

// commitDate is when the commit was made that this program was built from, so
// that everybody gets the same pages; 1970 where that is not known.
func commitDate(info *debug.BuildInfo) time.Time {
	if info != nil {
		for _, setting := range info.Settings {
			if made, err := time.Parse(time.RFC3339, setting.Value); setting.Key == "vcs.time" && err == nil {
				return made.UTC()
			}
		}
	}
	return time.Unix(0, 0).UTC()
}
