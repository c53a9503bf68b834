package config

import (
	"fmt"
	"strings"
)

// KeyTable returns the table of docs/configuration.md: a row for each key, with
// what it means and what holds without it.
func KeyTable() string {
	var b strings.Builder
	b.WriteString("| key | meaning | default |\n|---|---|---|\n")
	writeRows(&b, "", new(Config).fields())
	return b.String()
}

func writeRows(b *strings.Builder, above string, fields []field) {
	for _, f := range fields {
		path := join(above, f.name)
		if f.entry != "" {
			path += "." + f.entry
		}
		if f.absent != "" {
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", path, f.about, f.absent)
		}
		writeRows(b, path, f.fields)
	}
}
