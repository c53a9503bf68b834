package sink

import (
	"fmt"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/pgarchive"
)

// objects are large objects whose data is in one block. Before version 1.16
// an archive has one such block, since then one for so many.
type objects struct {
	entry *pgarchive.Entry
	loids []uint32
}

const mostObjects = 1000

// largeObjects is the oid of pg_largeobject.
const largeObjects = 2613

// manyBlocks is the version since which there may be several blocks.
const manyBlocks = 16

// addObject returns the entry that a large object belongs to.
func (c *toc) addObject(loid uint32) *pgarchive.Entry {
	many := c.archive.Header.Minor >= manyBlocks
	n := len(c.objects)
	if n == 0 || many && len(c.objects[n-1].loids) == mostObjects {
		e := &pgarchive.Entry{
			ID: c.id(), Tag: new("BLOBS"), Kind: "BLOBS", Section: pgarchive.Data, Owner: new(""),
			HasData: true, File: "blobs.toc",
		}
		if many {
			e.File = fmt.Sprintf("blobs_%d.toc", e.ID)
		}
		c.objects = append(c.objects, &objects{entry: e})
		n++
	}
	group := c.objects[n-1]
	group.loids = append(group.loids, loid)
	return group.entry
}

// objectEntries returns the entries that make the large objects, and those of
// their data.
func (c *toc) objectEntries() (made, data []*pgarchive.Entry) {
	for _, group := range c.objects {
		if c.archive.Header.Minor >= manyBlocks {
			e := c.makeMany(group)
			made = append(made, e)
			group.entry.Tag, group.entry.Dependencies = e.Tag, []int{e.ID}
		} else {
			made = append(made, c.makeEach(group)...)
		}
		data = append(data, group.entry)
	}
	return made, data
}

func (c *toc) makeEach(group *objects) []*pgarchive.Entry {
	entries := make([]*pgarchive.Entry, len(group.loids))
	for i, loid := range group.loids {
		entries[i] = &pgarchive.Entry{
			ID: c.id(), Catalog: largeObjects, OID: loid, Tag: new(fmt.Sprint(loid)), Kind: "BLOB",
			Section:    pgarchive.PreData,
			Definition: new(fmt.Sprintf("SELECT pg_catalog.lo_create('%d');\n", loid)),
			Drop:       new(fmt.Sprintf("SELECT pg_catalog.lo_unlink('%d');\n", loid)), Owner: new(""),
		}
	}
	return entries
}

// makeMany lists the numbers; pg_restore makes the statements.
func (c *toc) makeMany(group *objects) *pgarchive.Entry {
	var list strings.Builder
	for _, loid := range group.loids {
		fmt.Fprintln(&list, loid)
	}
	first, last := group.loids[0], group.loids[len(group.loids)-1]
	tag := fmt.Sprint(first)
	if last != first {
		tag = fmt.Sprintf("%d..%d", first, last)
	}
	return &pgarchive.Entry{
		ID: c.id(), Catalog: largeObjects, OID: first, Tag: new(tag), Kind: "BLOB METADATA", Section: pgarchive.Data,
		Definition: new(list.String()), Drop: new("-- dummy"), Owner: new(""),
	}
}
