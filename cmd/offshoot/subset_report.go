package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/subset"
)

// printReport prints the summary: on stdout, unless that is the script.
func (a *app) printReport(to string, r *subset.Report) error {
	if a.json {
		a.result = r
		return nil
	}
	out := a.stdout
	if to == "-" {
		out = a.stderr
	}
	return printText(out, a.secrets, r.WriteText)
}

// printText prints a document whose names come from a database.
func printText(out io.Writer, secrets *ui.Secrets, write func(io.Writer) error) (err error) {
	redacted := secrets.Writer(out)
	defer closing(redacted, &err)
	clean := &ui.Cleaner{W: redacted}
	return errors.Join(write(clean), clean.Close())
}

// findings are what --report writes: a plan or a report.
type findings interface {
	WriteText(w io.Writer) error
	WriteMarkdown(w io.Writer) error
	WriteJSON(w io.Writer) error
	WriteMermaid(w io.Writer) error
	WriteDOT(w io.Writer) error
}

// reportWriter picks the format of a report by the name of its file.
func reportWriter(path string) (func(findings, io.Writer) error, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".md":
		return findings.WriteMarkdown, nil
	case ".json":
		return findings.WriteJSON, nil
	case ".txt":
		return findings.WriteText, nil
	case ".mmd":
		return findings.WriteMermaid, nil
	case ".dot":
		return findings.WriteDOT, nil
	case "":
		if path == "" {
			return nil, nil
		}
	}
	return nil, hint.Usage(fmt.Errorf("report %s: unknown format", path), "name it .md, .json, .txt, .mmd (Mermaid) or .dot (Graphviz)")
}

// writeReport writes the report beside its final name and renames it, so that
// no half of one is ever seen.
func writeReport(path string, r findings) (err error) {
	if path == "" {
		return nil
	}
	write, err := reportWriter(path)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".offshoot-*")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	err = errors.Join(write(r, file), file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("report: %w", err), os.Remove(file.Name()))
	}
	return nil
}
