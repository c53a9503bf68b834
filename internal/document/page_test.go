package document_test

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/document"
)

func TestWriteHTML_EscapesAllButFigures(t *testing.T) {
	evil := `<script>alert("1")</script>&`
	s := document.Sheet{Headlines: []string{evil}, Notes: []string{evil}}
	s.Grids = append(s.Grids, document.Grid{Lines: [][]string{{evil}, {evil}}})
	var b strings.Builder
	if err := s.WriteHTML(&b, evil, "<svg></svg>"); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<script") || strings.Count(b.String(), "&lt;script&gt;") != 5 ||
		!strings.Contains(b.String(), "<svg></svg>") || !strings.Contains(b.String(), "default-src 'none'") {
		t.Error(b.String())
	}
}
