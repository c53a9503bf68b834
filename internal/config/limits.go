package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// limitFields are the keys about what a migration may do to production.
func limitFields(l *rehearse.Limits) []field {
	return []field{
		{
			name: "block_writes", value: longest(&l.BlockWrites),
			about:  "how long one transaction of the migration may keep writes to a table of production waiting",
			absent: "no limit", example: "2s",
		},
		{
			name: "block_reads", value: longest(&l.BlockReads),
			about:  "the same for reads; `0s`: only for as short as nobody notices",
			absent: "no limit", example: "0s",
		},
		{
			name: "fail_on", value: oneOf(&l.FailOn, rehearse.FailWords),
			about:  "what is beyond the limits whatever time it takes; see [Rehearsal](rehearsal.md#limits)",
			absent: "nothing", example: []any{"rewrite"},
		},
	}
}

// longest reads a duration that may be 0.
func longest(into **time.Duration) value {
	return value{schema: &schema{Type: "string"}, read: func(d *decoder, n node, where string) {
		value, ok := d.scalar(n, where, "a duration")
		if !ok {
			return
		}
		parsed, err := time.ParseDuration(value)
		if err != nil || parsed < 0 {
			d.problem(n, where+": not a duration", "write it like 2s, 500ms or 0s")
			return
		}
		*into = &parsed
	}}
}

// oneOf reads a list of words that are known.
func oneOf(into *[]string, known []string) value {
	return value{schema: &schema{Type: "array", Items: words(known...)}, read: func(d *decoder, n node, where string) {
		if n.Kind != yaml.SequenceNode {
			d.problem(n, where+": not a list", "write it like ["+strings.Join(known[:2], ", ")+"]")
			return
		}
		for i, item := range n.Content {
			at := newNode(item)
			word, ok := d.scalar(at, fmt.Sprintf("%s[%d]", where, i), "a word")
			if ok && !slices.Contains(known, word) {
				d.problem(at, fmt.Sprintf("%s[%d]: unknown word %q", where, i, word),
					"known here: "+strings.Join(known, ", "))
			}
			*into = append(*into, word)
		}
	}}
}
