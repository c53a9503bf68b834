package config

import (
	"fmt"

	"github.com/offshoot-dev/offshoot/subset/plan"
)

// disk reads "memory" or {reads, rate}.
func disk(into *plan.Disk) value {
	var rate *int64
	fields := []field{
		{name: "reads", value: pages(&into.Reads), about: "pages a second that lie apart"},
		{name: "rate", value: size(&rate), about: "bytes a second of pages that follow each other"},
	}
	known := objectOf(fields)
	known.Type = "object"
	return value{
		schema: anyOf(&schema{Enum: []string{"memory"}}, refer("variable"), known),
		read: func(d *decoder, n node, where string) {
			const form = "memory or {reads, rate}"
			if !n.isMapping() {
				word, ok := d.scalar(n, where, form)
				into.Memory = word == "memory"
				if ok && !into.Memory {
					d.problem(n, where+": not "+form, "")
				}
				return
			}
			d.mapping(n, where, fields)
			if rate != nil {
				into.Bytes = *rate
			}
			if !d.failedSince(n) && (into.Reads == 0 || into.Bytes == 0) {
				d.problem(n, where+": one of reads and rate is missing", "write {reads: 3000, rate: 125MB}")
			}
		},
	}
}

// pages reads a number of pages.
func pages(into *int64) value {
	return value{schema: rowCount(), read: func(d *decoder, n node, where string) {
		if d.integer(n, where, into) && *into < 1 {
			d.problem(n, fmt.Sprintf("%s: %d is not a number of reads", where, *into), "a disk reads one page or more")
		}
	}}
}
