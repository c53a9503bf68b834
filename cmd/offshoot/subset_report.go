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
	"github.com/offshoot-dev/offshoot/internal/whole"
)

// printMade prints the summary, or the plan: on stdout, unless that is the script.
func (a data) printMade(o subsetOptions, made paper) error {
	if a.json {
		a.result = made
		return nil
	}
	out := a.stdout
	if o.to == "-" && !o.plan {
		out = a.stderr
	}
	return printText(out, a.secrets, made.WriteText)
}

// printText prints a document whose names come from a database.
func printText(out io.Writer, secrets *ui.Secrets, write func(io.Writer) error) (err error) {
	redacted := secrets.Writer(out)
	defer closing(redacted, &err)
	clean := &ui.Cleaner{W: redacted}
	return errors.Join(write(page{clean, out}), clean.Close())
}

// page is a writer that knows how wide it is, for what lays out tables.
type page struct {
	io.Writer
	to io.Writer
}

// Columns is the width of a terminal; 0: it is none.
func (p page) Columns() int {
	if file, ok := p.to.(*os.File); ok && ui.Terminal(file) {
		return ui.Columns(file)()
	}
	return 0
}

// drawing is a paper that has a graph too.
type drawing interface {
	WriteMermaid(w io.Writer) error
	WriteDOT(w io.Writer) error
}

func drawn(draw func(drawing, io.Writer) error) func(paper, io.Writer) error {
	return func(p paper, w io.Writer) error {
		d, ok := p.(drawing)
		if !ok {
			return hint.Usage(errors.New("there is no graph of this"), "name the report .md, .json or .txt")
		}
		return draw(d, w)
	}
}

// reportWriter picks the format of a report by the name of its file.
func reportWriter(path string) (func(paper, io.Writer) error, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".md":
		return paper.WriteMarkdown, nil
	case ".json":
		return paper.WriteJSON, nil
	case ".txt":
		return paper.WriteText, nil
	case ".mmd":
		return drawn(drawing.WriteMermaid), nil
	case ".dot":
		return drawn(drawing.WriteDOT), nil
	case "":
		if path == "" {
			return nil, nil
		}
	}
	return nil,
		hint.Usage(fmt.Errorf("report %s: unknown format", path),
			"name it .md, .json, .txt, .mmd (Mermaid) or .dot (Graphviz)")
}

// writeReport writes a report, of which no half is ever seen.
func writeReport(path string, d paper) error {
	if path == "" {
		return nil
	}
	write, err := reportWriter(path)
	if err != nil {
		return err
	}
	if err := whole.Write(path, 0o644, func(w io.Writer) error { return write(d, w) }); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
