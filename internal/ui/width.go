package ui

import "github.com/charmbracelet/x/ansi"

// Width is the number of columns that text takes on a terminal, colour
// sequences not counted. What people see as one character is one: an emoji of
// several code points takes two columns.
func Width(text string) int { return ansi.StringWidth(text) }

// Truncate shortens text to width columns, an ellipsis included. Colour
// sequences are kept whole, so that colour ends where it should.
func Truncate(text string, width int) string { return ansi.Truncate(text, width, "…") }
