package planner

import (
	"encoding/binary"
	"math"
)

// What a page of a btree is made of, in bytes.
// https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/access/nbtree.h
const (
	pageHeader  = 24
	pageSpecial = 16
	lineSize    = 4 // of the pointer to an item
	tupleHeader = 8
	usable      = PageSize - pageHeader - pageSpecial
	fullLeaf    = 0.9 // of a leaf is filled when an index is built
	fullInner   = 0.7 // of a page above the leaves
	mostPosting = PageSize/10 - lineSize
	placeSize   = 6 // of a row, in a list of those with the same key
)

func aligned(size float64) float64 { return math.Ceil(size/8) * 8 }

// btreePages is about how many pages an index has that was built on so many rows.
func btreePages(rows float64, keys []key) int64 {
	width, distinct := 0.0, 1.0
	for _, k := range keys {
		width += k.Width
		different := k.Distinct
		if different < 0 {
			different *= -rows
		}
		distinct *= max(different, 1)
	}
	distinct = min(distinct, max(rows, 1))
	entry := tupleHeader + aligned(width) + lineSize
	bytes := rows * entry
	if each := rows / distinct; each >= 2 { // those of one key are a list
		lists := math.Ceil(each * placeSize / (mostPosting - aligned(width)))
		bytes = min(bytes, distinct*(lists*entry+each*placeSize))
	}
	leaves := math.Ceil(bytes / (usable * fullLeaf))
	return 1 + int64(leaves+math.Ceil(leaves/fanOut(keys)))
}

// fanOut is about how many pages a page above the leaves leads to.
func fanOut(keys []key) float64 {
	width := 0.0
	for _, k := range keys {
		if !k.Beside {
			width += k.Width
		}
	}
	return max(usable*fullInner/(tupleHeader+aligned(width)+lineSize), 2)
}

// noRoot is the levels of an index that never had an entry.
const noRoot = -1

// levels is how many there are above the leaves of an index of so many pages. To go down each is reckoned at fifty
// times the cost of an operator.
func levels(pages int64, keys []key) int {
	if pages <= 1 {
		return noRoot
	}
	n := 0
	for below := float64(pages - 1); below > 1; n++ { // without the first page, which leads to the root
		below = math.Ceil(below / fanOut(keys))
	}
	return n
}

// emptyTree is a btree of so many levels above a leaf without an entry: each page leads to the one before it. So the
// planner finds as many levels as it would in the source, and no row that would tell it where the values end: it takes
// the bounds in the statistics for these.
func emptyTree(levels int) []byte {
	pages := make([]byte, (levels+2)*PageSize)
	meta(pages[:PageSize], levels)
	for level := range levels + 1 {
		treePage(pages[(level+1)*PageSize:][:PageSize], level, level == levels)
	}
	return pages
}

const (
	flagLeaf, flagRoot, flagMeta = 1, 2, 8
	magic                        = 0x053162
	version                      = 4 // since PostgreSQL 12
)

func header(page []byte, lower, upper int) {
	binary.NativeEndian.PutUint16(page[12:], uint16(lower))
	binary.NativeEndian.PutUint16(page[14:], uint16(upper))
	binary.NativeEndian.PutUint16(page[16:], PageSize-pageSpecial)
	binary.NativeEndian.PutUint16(page[18:], PageSize|4) // the version of the layout
}

func special(page []byte, level, flags int) {
	at := page[PageSize-pageSpecial:]
	binary.NativeEndian.PutUint32(at[8:], uint32(level))
	binary.NativeEndian.PutUint16(at[12:], uint16(flags))
}

// meta writes the first page, which says where the root is.
func meta(page []byte, levels int) {
	const size = 48
	header(page, pageHeader+size, PageSize-pageSpecial)
	root, level := levels+1, max(levels, 0)
	for i, value := range []int{magic, version, root, level, root, level} {
		binary.NativeEndian.PutUint32(page[pageHeader+4*i:], uint32(value))
	}
	special(page, 0, flagMeta)
}

// treePage writes a leaf without an entry, or a page with one entry, which leads to the page before.
func treePage(page []byte, level int, root bool) {
	flags := 0
	if root {
		flags = flagRoot
	}
	if level == 0 {
		header(page, pageHeader, PageSize-pageSpecial)
		special(page, level, flags|flagLeaf)
		return
	}
	const tuple = PageSize - pageSpecial - tupleHeader
	header(page, pageHeader+lineSize, tuple)
	const normal = 1
	binary.NativeEndian.PutUint32(page[pageHeader:], tuple|normal<<15|tupleHeader<<17)
	binary.NativeEndian.PutUint16(page[tuple:], 0)               // the block below: its upper half
	binary.NativeEndian.PutUint16(page[tuple+2:], uint16(level)) // and its lower
	const pivot = 0x2000                                         // without a key: it is below all of them
	binary.NativeEndian.PutUint16(page[tuple+6:], pivot|tupleHeader)
	special(page, level, flags)
}
