package walk

import "github.com/offshoot-dev/offshoot/subset/snapshot"

// notes are the names and parents of many rows, in a word or two each: what
// waits for its turn takes most of the memory of a run.
type notes struct {
	words []uint64
	nulls []uint64 // a bit for each word: the reference by name is NULL
}

// manner is how answers tell the parent by a key.
type manner int

const (
	byPlace        manner = iota // by its place
	byName                       // by its name alone
	byPlaceAndName               // by both
)

// manner is that of a key which leads to one parent at most.
func (w *walk) manner(key int) manner {
	k := w.plan.ForeignKeys[key]
	switch {
	case w.named[key] != nil:
		return byName
	case len(k.ParentHeaps) == 1 && w.directories[w.number[k.ParentHeaps[0].OID]] != nil:
		return byPlaceAndName
	}
	return byPlace
}

func (n *notes) name(name int64)      { n.words = append(n.words, uint64(name)) }
func (n *notes) place(r snapshot.Row) { n.words = append(n.words, uint64(r)) }

func (n *notes) parent(p reference, m manner) {
	switch m {
	case byName:
		if p.at == nothingThere {
			n.null(len(n.words))
		}
		n.name(p.name)
	case byPlaceAndName:
		n.place(p.at)
		n.name(p.name)
	default:
		n.place(p.at)
	}
}

func (n *notes) null(word int) {
	for len(n.nulls) <= word/64 {
		n.nulls = append(n.nulls, 0)
	}
	n.nulls[word/64] |= 1 << (word % 64)
}

func (n *notes) isNull(word int) bool {
	return word/64 < len(n.nulls) && n.nulls[word/64]&(1<<(word%64)) != 0
}

// noteReader reads notes in the order in which they were taken.
type noteReader struct {
	notes *notes
	at    int // the word that comes next
}

func (r *noteReader) next() uint64 {
	r.at++
	return r.notes.words[r.at-1]
}

func (r *noteReader) name() int64         { return int64(r.next()) }
func (r *noteReader) place() snapshot.Row { return snapshot.Row(r.next()) }

func (r *noteReader) parent(m manner) reference {
	switch m {
	case byName:
		if r.notes.isNull(r.at) {
			r.at++
			return reference{at: nothingThere}
		}
		return reference{at: knownByName, name: r.name()}
	case byPlaceAndName:
		return reference{at: r.place(), name: r.name()}
	}
	return reference{at: r.place()}
}
