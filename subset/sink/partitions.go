package sink

import (
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/pgarchive"
)

// dependOnRows puts what touches a partitioned table behind the rows of its
// partitions. pg_restore does it by itself for tables with rows of their own.
// Without it, a parallel restore makes the triggers of a partitioned table
// while its partitions are loaded, so that they fire.
func (c *toc) dependOnRows(entries []*pgarchive.Entry) {
	parts := c.partitions()
	for _, e := range entries {
		if e.Section != pgarchive.PostData {
			continue
		}
		for _, id := range slices.Clone(e.Dependencies) {
			e.Dependencies = append(e.Dependencies, c.rowsBelow(id, parts)...)
		}
	}
}

// partitions lists the tables attached to each, by ID. An ATTACH depends on
// both, and bears the name of the partition; before pg_dump 14 it is a part of
// the partition's own entry, which depends on the other.
func (c *toc) partitions() map[int][]int {
	tables := map[int]*pgarchive.Entry{}
	for _, e := range c.archive.Entries {
		if e.Kind == "TABLE" {
			tables[e.ID] = e
		}
	}
	parts := map[int][]int{}
	for _, attach := range c.archive.Entries {
		if attach.Kind == "TABLE" && strings.Contains(deref(attach.Definition), " ATTACH PARTITION ") {
			for _, id := range attach.Dependencies {
				if tables[id] != nil {
					parts[id] = append(parts[id], attach.ID)
				}
			}
		}
		if attach.Kind != "TABLE ATTACH" {
			continue
		}
		parent, part := 0, 0
		for _, id := range attach.Dependencies {
			switch t := tables[id]; {
			case t == nil:
			case t.Is("TABLE", deref(attach.Schema), deref(attach.Tag)):
				part = id
			default:
				parent = id
			}
		}
		parts[parent] = append(parts[parent], part)
	}
	return parts
}

// rowsBelow lists the entries of rows of all partitions of a table.
func (c *toc) rowsBelow(table int, parts map[int][]int) []int {
	var ids []int
	for _, part := range parts[table] {
		for _, e := range c.inOrder {
			if e.Dependencies[0] == part {
				ids = append(ids, e.ID)
			}
		}
		ids = append(ids, c.rowsBelow(part, parts)...)
	}
	return ids
}
