// Command picture draws the pictures of the README as SVG: a terminal from a recording of script(1), and a comment from
// its Markdown.
//
//	typescript, timing ─▶ frames ─▶ spans of lines ─▶ up.svg
//	comment.md ─▶ HTML ─▶ comment.svg
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 5 && args[0] == "terminal":
		return drawTerminal(args[1], args[2], args[3], args[4])
	case len(args) == 3 && args[0] == "comment":
		return drawComment(args[1], args[2])
	}
	return hint.Usage(errors.New("no such picture"),
		"picture terminal COMMAND TYPESCRIPT TIMING FILE.svg, or picture comment FILE.md FILE.svg")
}

func drawTerminal(command, typescript, timing, to string) error {
	output, err := os.ReadFile(typescript)
	if err != nil {
		return err
	}
	times, err := os.ReadFile(timing)
	if err != nil {
		return err
	}
	frames, err := replay(output, string(times))
	if err != nil {
		return err
	}
	return os.WriteFile(to, []byte(terminal(command, frames)), 0o644)
}

func drawComment(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	drawn, err := comment(text)
	if err != nil {
		return err
	}
	return os.WriteFile(to, []byte(drawn), 0o644)
}
