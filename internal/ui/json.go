package ui

import (
	"encoding/json"
	"io"
)

// DocumentVersion is the version of every JSON document that offshoot prints.
// It grows when a field changes its meaning or goes; new fields may appear
// without.
const DocumentVersion = 1

// Document is what --json prints, one per run.
type Document struct {
	Version int      `json:"version"`
	Command string   `json:"command"`
	Exit    int      `json:"exit"` // the exit code of the run
	Result  any      `json:"result,omitempty"`
	Error   string   `json:"error,omitempty"`
	Hints   []string `json:"hints,omitempty"`
}

// WriteJSON writes one document, indented, with secrets replaced.
func WriteJSON(w io.Writer, secrets *Secrets, doc Document) error {
	doc.Version = DocumentVersion
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, secrets.Redact(string(text))+"\n")
	return err
}
