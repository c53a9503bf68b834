package plan

import (
	"fmt"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Disk is how fast the source reads, as the user says. The zero Disk leaves it
// to be measured.
type Disk struct {
	Memory bool  // everything is in memory
	Reads  int64 // pages a second that lie apart
	Bytes  int64 // a second, of pages that follow each other
}

// IsGiven reports whether the user says anything.
func (d Disk) IsGiven() bool { return d != Disk{} }

// Pace is what was measured, with what the user says in place of it.
func (d Disk) Pace(measured catalog.Pace) catalog.Pace {
	if !d.IsGiven() {
		return measured
	}
	return catalog.Pace{
		RoundTrip: measured.RoundTrip, Memory: measured.Memory,
		Apart: float64(d.Reads), Bytes: float64(d.Bytes), Given: true,
	}
}

// near is the time to an answer, in seconds, below which it makes no difference.
const near = 0.002

// describe says how far and how fast a source is: 21 ms away, 2,900 random
// reads/s, 124.1 MB/s.
func describe(p catalog.Pace) string {
	const milli, noticed = 1e-3, 0.05
	words := []string{"near"}
	if p.RoundTrip >= near {
		words[0] = fmt.Sprintf("%.0f ms away", p.RoundTrip/milli)
	}
	if p.Apart <= 0 {
		words = append(words, "in memory")
	} else {
		words = append(words, document.Number(int64(p.Apart+0.5))+" random reads/s", document.Size(int64(p.Bytes))+"/s")
	}
	switch {
	case p.Given:
		words = append(words, "as subset.disk says")
	case p.Cached >= noticed:
		words = append(words, fmt.Sprintf("%.0f %% of it in memory", 100*p.Cached))
	}
	return strings.Join(words, ", ")
}
