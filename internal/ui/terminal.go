package ui

import (
	"os"

	"golang.org/x/term"
)

// Live reports whether f is a terminal on which lines may be redrawn: not in
// CI, not where NO_COLOR or TERM=dumb ask for plain text.
// See https://no-color.org.
func Live(f *os.File, getenv func(string) string) bool {
	if getenv("NO_COLOR") != "" || getenv("TERM") == "dumb" || truthy(getenv("CI")) {
		return false
	}
	return Terminal(f)
}

func truthy(value string) bool { return value != "" && value != "false" && value != "0" }

// Terminal reports whether f is a terminal.
func Terminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Columns returns the width of the terminal f, asked anew at every call.
func Columns(f *os.File) func() int {
	return func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil || width <= 0 {
			return 80
		}
		return width
	}
}
