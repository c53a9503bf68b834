package rehearse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/document"
)

// A Block is how long others have to wait for a table, because of one transaction.
type Block struct {
	Statement int     `json:"statement"` // the one that begins it
	Table     string  `json:"table"`
	Mode      string  `json:"mode"`
	Reads     bool    `json:"reads"`
	Writes    bool    `json:"writes"`
	Here      float64 `json:"seconds_here"`
	There     float64 `json:"seconds_in_production"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Known     bool    `json:"known"` // of production; otherwise only Here is told
}

// seconds is what it is judged by.
func (b Block) seconds() float64 {
	if b.Known {
		return b.There
	}
	return b.Here
}

// Blocks lists who would wait, the worst first. Of one transaction and table, the earliest lock of each kind counts.
func (r *Report) Blocks() []Block {
	var all []Block
	type in struct {
		table       string
		transaction int
	}
	before := map[in]Block{} // who waits already
	for _, s := range r.Statements {
		for _, l := range s.Locks {
			if !l.Reads && !l.Writes {
				continue
			}
			b := Block{
				Statement: s.Number, Table: l.Table, Mode: l.Mode, Reads: l.Reads, Writes: l.Writes, Here: l.Held,
			}
			if s.Held != nil {
				b.Known, b.There, b.Low, b.High = true, s.Held.Seconds, s.Held.Low, s.Held.High
			}
			at := in{l.Table, s.Transaction}
			if known := before[at]; (b.Reads && !known.Reads) || (b.Writes && !known.Writes) {
				all = append(all, b)
				before[at] = Block{Reads: known.Reads || b.Reads, Writes: known.Writes || b.Writes}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Block) int {
		return cmp.Or(cmp.Compare(b.seconds(), a.seconds()), cmp.Compare(a.Statement, b.Statement))
	})
	return all
}

// unnoticed is how long a wait may be, in seconds, without anybody minding.
const unnoticed = 0.3

// Headline says in one sentence what there is to know.
func (r *Report) Headline() string {
	text := r.headline()
	if r.breaks() && r.Failed == "" && r.Hangs == 0 && r.Exit == 0 {
		text += "; " + r.Code.Headline()
	}
	if r.Plans.worst() != nil {
		text += "; " + r.Plans.Headline()
	}
	return text
}

func (r *Report) headline() string {
	if r.Failed != "" {
		return "not rehearsed: " + r.Failed
	}
	if r.Hangs > 0 {
		return "the migration hangs: it was ended after " + took(r.Hangs)
	}
	if r.Exit != 0 {
		for _, s := range r.Statements {
			if s.Code != "" {
				return fmt.Sprintf("the migration fails: exit %d, SQLSTATE %s of %q", r.Exit, s.Code, s.Shape)
			}
		}
		return fmt.Sprintf("the migration fails: exit %d", r.Exit)
	}
	if q := r.violated(); q != nil {
		return "would fail in production: " + q.String()
	}
	blocks := r.Blocks()
	if len(blocks) == 0 || blocks[0].seconds() < unnoticed {
		if len(blocks) > 0 && !blocks[0].Known {
			return "no lock was held for long here; what production will see is not known"
		}
		if table := r.rewritten(); table != "" {
			return "nobody waits for longer than a moment by now, but it rewrites " + shortName(table) +
				", which takes longer as that grows"
		}
		return "safe: nobody waits for longer than a moment"
	}
	return blocks[0].String()
}

// rewritten is the first table that gets a new file; empty where none does.
func (r *Report) rewritten() string {
	for _, s := range r.Statements {
		if len(s.Rewrites) > 0 {
			return s.Rewrites[0]
		}
	}
	return ""
}

// String says it in a sentence.
func (b Block) String() string {
	what := "writes to"
	if b.Reads {
		what = "reads and writes of"
	}
	if !b.Known {
		return fmt.Sprintf("blocks %s %s for %s here; in production it is not known", what, shortName(b.Table),
			took(b.Here))
	}
	return fmt.Sprintf("blocks %s %s for about %s in production", what, shortName(b.Table), b.there())
}

// there is the time in production with its interval.
func (b Block) there() string {
	return fmt.Sprintf("%s (%s to %s)", took(b.There), took(b.Low), took(b.High))
}

// shortName leaves out the schema that everybody has.
func shortName(table string) string { return strings.TrimPrefix(table, "public.") }

// took writes seconds for people.
func took(seconds float64) string {
	switch {
	case seconds < 0.001:
		return "0 ms"
	case seconds < 1:
		return fmt.Sprintf("%.0f ms", seconds*1000)
	case seconds < 10:
		return fmt.Sprintf("%.1f s", seconds)
	}
	return document.Duration(seconds)
}
