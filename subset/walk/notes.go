package walk

import "github.com/offshoot-dev/offshoot/subset/snapshot"

// notes are the keys and parents of many rows, in a word or two each: what
// waits for its turn takes most of the memory of a run.
type notes struct {
	words []uint64
	nulls []uint64 // a bit for each word: the reference by key is NULL
}

// encoding is how a parent is told, by answers and in notes.
type encoding int

const (
	byPlace       encoding = iota // by its place
	byKey                         // by its key alone
	byPlaceAndKey                 // by both
)

// encoding is that of parents by a foreign key which leads to one at most.
func (k *foreignKey) encoding() encoding {
	switch {
	case k.directory != nil:
		return byKey
	case len(k.parentHeaps) == 1 && k.parentHeaps[0].directory != nil:
		return byPlaceAndKey
	}
	return byPlace
}

// take notes the key and the parents of an answer, but not its place.
func (n *notes) take(l *layout, a *answer) {
	if l.heap.directory != nil {
		n.key(a.key)
	}
	for i, p := range a.parents {
		n.parent(p, l.encodings[i])
	}
}

func (n *notes) key(key int64)        { n.words = append(n.words, uint64(key)) }
func (n *notes) place(r snapshot.Row) { n.words = append(n.words, uint64(r)) }

func (n *notes) parent(p reference, e encoding) {
	switch e {
	case byKey:
		if p.at == nothingThere {
			n.null(len(n.words))
		}
		n.key(p.key)
	case byPlaceAndKey:
		n.place(p.at)
		n.key(p.key)
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

// read reads what take noted of an answer of that layout.
func (r *noteReader) read(l *layout, into *answer) {
	if l.heap.directory != nil {
		into.key = r.key()
	}
	for i := range into.parents {
		into.parents[i] = r.parent(l.encodings[i])
	}
}

func (r *noteReader) next() uint64 {
	r.at++
	return r.notes.words[r.at-1]
}

func (r *noteReader) key() int64          { return int64(r.next()) }
func (r *noteReader) place() snapshot.Row { return snapshot.Row(r.next()) }

func (r *noteReader) parent(e encoding) reference {
	switch e {
	case byKey:
		if r.notes.isNull(r.at) {
			r.at++
			return reference{at: nothingThere}
		}
		return reference{at: knownByKey, key: r.key()}
	case byPlaceAndKey:
		return reference{at: r.place(), key: r.key()}
	}
	return reference{at: r.place()}
}
