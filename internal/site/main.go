// Command site makes the pages of the documentation into a static site: no script, no server, nothing from elsewhere.
//
//	README.md, docs/*.md ─▶ pages ─▶ links led anew ─▶ HTML, style.css, images
//
// Usage: site FOLDER
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "site:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return hint.Usage(errors.New("no folder given"), "give the folder to write the site into")
	}
	s, err := load(".")
	if err != nil {
		return err
	}
	return s.write(args[0])
}
