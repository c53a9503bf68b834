package main

import "io"

// The words of another machine, as those of a report that was made here.

// WriteText writes them for people.
func (m *madeElsewhere) WriteText(w io.Writer) error { return writeString(w, m.Text) }

// WriteMarkdown writes them for a comment.
func (m *madeElsewhere) WriteMarkdown(w io.Writer) error { return writeString(w, m.Markdown) }

// WriteJSON writes them for programs.
func (m *madeElsewhere) WriteJSON(w io.Writer) error { return writeString(w, m.JSON) }

// WriteMermaid draws the tables.
func (m *madeElsewhere) WriteMermaid(w io.Writer) error { return writeString(w, m.Mermaid) }

// WriteDOT draws them for Graphviz.
func (m *madeElsewhere) WriteDOT(w io.Writer) error { return writeString(w, m.DOT) }

// MarshalJSON is the document that the machine would have printed.
func (m *madeElsewhere) MarshalJSON() ([]byte, error) { return m.Value, nil }

func writeString(w io.Writer, text string) error {
	_, err := io.WriteString(w, text)
	return err
}
