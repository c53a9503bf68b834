package plan

import (
	"math"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// rowWidth is the length of a row of a table in COPY's text format, with the
// rows of each partition weighing as many as they are.
func rowWidth(t *catalog.Table, counts catalog.Counts) float64 {
	var width, rows float64
	for _, h := range t.Heaps {
		n := float64(counts[h.OID].Rows)
		if n > 0 {
			width += heapWidth(h, n) * n
			rows += n
		}
	}
	return width / max(rows, 1)
}

// heapWidth goes by the width of each column, or by the size of the heap
// where nothing is known of them, and adds what lies in TOAST.
func heapWidth(h *catalog.Heap, rows float64) float64 {
	const (
		header   = 28   // bytes of a row beside its values: its header and its line pointer
		block    = 8192 // bytes, where the server was not built otherwise
		inflated = 1.5  // values in TOAST are compressed, as a rule
	)
	width, known := 0.0, true
	for _, c := range h.Table.Columns {
		if c.Generated {
			continue
		}
		s, ok := h.Statistics[c.Name]
		known = known && ok
		const null = 2 // \N
		width += s.Null*null + (1-s.Null)*textWidth(c.Type, s.Width, rows) + 1
	}
	if !known {
		width = max(float64(h.Pages)*block/rows-header, 1)
	}
	return width + inflated*float64(h.Toast)/rows
}

// textWidth is the length of a value as COPY prints it, by its type and its
// width as stored. Numbers are as long as those that count the rows.
func textWidth(kind string, stored, rows float64) float64 {
	const varlena = 1 // length byte of a short value
	base, _, _ := strings.Cut(kind, "(")
	switch base {
	case "smallint":
		return 2
	case "integer", "bigint":
		return max(math.Floor(math.Log10(max(rows, 1)))+1, 1)
	case "boolean":
		return 1
	case "real", "double precision":
		return 10
	case "numeric":
		return max(stored, 4)
	case "date":
		return 10
	case "uuid":
		return 36
	case "bytea":
		return 3 + 2*max(stored-varlena, 0)
	}
	switch {
	case strings.HasPrefix(kind, "timestamp") && strings.HasSuffix(kind, "with time zone"):
		return 27
	case strings.HasPrefix(kind, "timestamp"):
		return 24
	}
	return max(stored-varlena, 1)
}
