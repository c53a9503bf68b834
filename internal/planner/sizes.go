package planner

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// size is what pg_class is to say of a relation.
type size struct {
	OID     uint32  `json:"oid"`
	Rows    float64 `json:"rows"`
	Pages   int64   `json:"pages"`
	Visible int64   `json:"visible"`
}

// Large reports whether a table of the source is one that is not read as a whole in passing: above
// min_parallel_table_scan_size, as the server's default has it.
func Large(f *facts.Facts, table string) bool {
	const large = 8 << 20
	t := f.Table(table)
	return t != nil && t.Bytes > large
}

// size decides how large each relation is to be.
func (d *dresser) size() {
	tables := map[uint32]*facts.Table{}
	local := map[uint32]relation{}
	for _, r := range d.relations {
		if t := d.facts.Table(r.dotted()); t != nil && !r.isIndex() {
			tables[r.OID], local[r.OID] = t, r
			d.sizeTable(r, t)
		}
	}
	for _, r := range d.relations {
		if t := tables[r.Table]; t != nil && r.isIndex() {
			d.sizeIndex(r, local[r.Table], t)
		}
	}
}

// pages is how many pages of the server's size so many of the source's are.
func (d *dresser) pages(of int64) int64 {
	value, _ := d.facts.Setting("block_size")
	block, err := strconv.ParseInt(value, 10, 64)
	if err != nil || block <= 0 {
		block = PageSize
	}
	if block == PageSize {
		return min(max(of, 0), mostPages)
	}
	return min(int64(math.Ceil(float64(max(of, 0))*float64(block)/PageSize)), mostPages)
}

// mostPages is how many a file may have that pg_class tells of: 16 TB.
const mostPages = math.MaxInt32

// mostFiles bounds the files of all relations: 128 TB.
const mostFiles = 1 << 17

// file plans a file of so many bytes, or none where there would be too many.
func (d *dresser) file(r relation, f File) {
	f.Pages = min(max(f.Pages, 0), mostPages)
	if d.segments += 1 + f.Pages/SegmentPages; d.segments > mostFiles {
		d.note("%s: so large that its file stays as short as it is", r.dotted())
		return
	}
	d.files = append(d.files, f)
}

// whole is how many pages so many bytes take.
func whole(bytes int64) int64 { return (max(bytes, 0) + PageSize - 1) / PageSize }

func (d *dresser) sizeTable(r relation, t *facts.Table) {
	s := size{OID: r.OID, Rows: t.Rows, Pages: d.pages(t.Pages), Visible: d.pages(t.Visible)}
	if t.Rows < 0 {
		s.Pages, s.Visible = 0, 0
	}
	const unknown = 140000 // the first version that says -1 of what was never analyzed, and not 0
	if d.server < unknown {
		s.Rows = max(s.Rows, 0)
	}
	d.sizes = append(d.sizes, s)
	if r.Path != "" {
		d.file(r, File{Path: r.Path, Pages: whole(t.Bytes)})
	}
}

func (d *dresser) sizeIndex(r, table relation, t *facts.Table) {
	if r.Path == "" {
		return
	}
	at := slices.IndexFunc(t.Indexes, func(i facts.Index) bool { return i.Name == r.Name })
	if at < 0 {
		d.estimateIndex(r, table, t)
		return
	}
	known := t.Indexes[at]
	s := size{OID: r.OID, Rows: max(known.Rows, 0), Pages: d.pages(known.Pages)}
	d.sizes = append(d.sizes, s)
	d.indexFile(r, t, min(whole(known.Bytes), mostPages))
}

// estimateIndex sizes an index that the source does not have, by the rows of the table there.
func (d *dresser) estimateIndex(r, table relation, t *facts.Table) {
	if t.Rows < 0 || table.Rows <= 0 {
		return
	}
	share := 1.0 // of the rows that are in it: a partial index
	if r.Rows >= 0 {
		share = min(r.Rows/table.Rows, 1)
	}
	rows := math.Round(t.Rows * share)
	pages := int64(math.Ceil(float64(r.Pages) * t.Rows / table.Rows))
	if r.Method == "btree" {
		pages = btreePages(rows, withFacts(r.Keys, t))
	}
	pages = min(max(pages, 1), mostPages)
	d.sizes = append(d.sizes, size{OID: r.OID, Rows: rows, Pages: pages})
	d.note("%s: about %s in production", r.Name, document.Size(pages*PageSize))
	d.indexFile(r, t, pages)
}

// withFacts are the keys as the source knows their columns.
func withFacts(keys []key, t *facts.Table) []key {
	keys = slices.Clone(keys)
	for i, k := range keys {
		for _, c := range t.Columns {
			if k.Column != "" && c.Name == k.Column {
				keys[i].Width, keys[i].Distinct = c.Width, c.Distinct
			}
		}
	}
	return keys
}

// indexFile makes a btree of so many pages without an entry. Others keep the page that tells how they are made.
func (d *dresser) indexFile(r relation, t *facts.Table, pages int64) {
	f := File{Path: r.Path, Pages: max(pages, 1), Keep: r.Method != "btree"}
	if !f.Keep {
		f.Begin = emptyTree(levels(f.Pages, withFacts(r.Keys, t)))
		f.Pages = max(f.Pages, int64(len(f.Begin)/PageSize))
	}
	d.file(r, f)
}

const sizesSQL = `
UPDATE pg_catalog.pg_class AS c SET reltuples = s.rows, relpages = s.pages, relallvisible = s.visible
  FROM pg_catalog.json_to_recordset(%s) AS s (oid bigint, rows real, pages integer, visible integer)
 WHERE c.oid = s.oid::pg_catalog.oid`

func (d *dresser) putSizes(ctx context.Context) error {
	text, err := json.Marshal(d.sizes)
	if err != nil || len(d.sizes) == 0 {
		return err
	}
	_, err = d.session.Query(ctx, fmt.Sprintf(sizesSQL, sqltext.Literal(string(text))))
	return err
}
