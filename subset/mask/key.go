package mask

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash"
)

// Key is the secret that masked values depend on. The zero Key is none.
type Key struct{ secret []byte }

// NewKey makes a key of a text of any length, such as an environment
// variable. The same text gives the same masked values.
func NewKey(text string) Key { return Key{[]byte(text)} }

// FreshKey makes a key that nobody knows and no other run shares.
func FreshKey() Key { return NewKey(rand.Text()) }

// String keeps the secret out of whatever prints a structure.
func (k Key) String() string { return "(key)" }

// GoString does the same for %#v.
func (k Key) GoString() string { return k.String() }

// purpose is one use of a key: draws and permutations of different purposes
// have nothing in common. It serves one goroutine.
type purpose struct {
	mac   hash.Hash
	block cipher.Block
	name  string
	pad   scratch
}

func (k Key) purpose(name string) *purpose {
	p := &purpose{mac: hmac.New(sha256.New, k.secret), name: name}
	p.mac.Write([]byte("permute\x00" + name))
	// The sum has the 32 bytes of an AES-256 key, so there is no error.
	p.block, _ = aes.NewCipher(p.mac.Sum(nil))
	return p
}

// draw is what a keyed hash of one value says, read piece by piece.
type draw struct {
	sum  [sha256.Size]byte
	next int
}

// draw hashes a value. HMAC-SHA-256 keeps apart what has different purposes,
// because a purpose's name holds no zero byte.
func (p *purpose) draw(value string) draw {
	p.mac.Reset()
	p.mac.Write(append(append(p.pad.text[:0], p.name...), 0))
	p.pad.text = append(p.pad.text[:0], value...)
	p.mac.Write(p.pad.text)
	var d draw
	p.mac.Sum(d.sum[:0])
	return d
}

// bits returns 32 further bits of the hash, and of the hash of the hash when
// these are used up.
func (d *draw) bits() uint32 {
	if d.next+4 > len(d.sum) {
		d.sum, d.next = sha256.Sum256(d.sum[:]), 0
	}
	d.next += 4
	return binary.BigEndian.Uint32(d.sum[d.next-4:])
}

// below returns a number from 0 to n-1.
func (d *draw) below(n int) int {
	return int(uint64(d.bits()) * uint64(n) >> 32)
}

// of picks one of the words.
func (d *draw) of(words []string) string { return words[d.below(len(words))] }

// unit returns a number from -1 to 1.
func (d *draw) unit() float64 { return float64(d.bits())/(1<<31) - 1 }

var base32Text = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

// tokenLength characters hold 80 bits: among 100 million values the odds that
// any two share a token are below 1 in 200 million.
const tokenLength = 16

// token returns the first 80 bits of the hash as text. It takes them from a
// place that draws of words do not read before.
func (d *draw) token() string {
	return base32Text.EncodeToString(d.sum[sha256.Size-10:])
}
