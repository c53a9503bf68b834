package mask

import (
	"crypto/aes"
	"crypto/sha256"
	"encoding/binary"
)

// scratch is memory that a purpose uses again for each value.
type scratch struct {
	text   []byte
	a, b   []symbol
	places []place
	hash   [sha256.Size]byte

	// Blocks that would be allocated each time, since a cipher is an interface.
	shape, state, stream, counter [aes.BlockSize]byte
}

// symbol is one place of a value: what stands there, as a number below radix.
type symbol struct{ value, radix uint32 }

// rounds of the Feistel network. Eight are enough against whoever sees some
// plain and masked pairs of a domain that is not tiny; NIST's FF1 has ten.
const rounds = 10

// permute replaces the symbols by others of the same radixes, in place. For
// each shape (the radixes, in order) it is a permutation, so different values
// stay different: even places are shifted by a keyed function of the odd
// ones, then odd by even, as in any Feistel network.
// https://csrc.nist.gov/pubs/sp/800/38/g/upd1/final
func (p *purpose) permute(symbols []symbol) {
	shape, state := &p.pad.shape, &p.pad.state
	*shape = [aes.BlockSize]byte{}
	p.absorb(shape, symbols, 0, 1, true)
	for round := range uint32(rounds) {
		moved := int(round & 1)
		*state = *shape
		state[0] ^= byte(round + 1)
		p.absorb(state, symbols, 1-moved, 2, false)
		p.shift(state, symbols, moved)
	}
}

// absorb folds every step-th symbol from the first on into the state, as
// CBC-MAC does: their radixes, or their values.
func (p *purpose) absorb(state *[aes.BlockSize]byte, symbols []symbol, first, step int, radix bool) {
	binary.BigEndian.PutUint32(state[12:], binary.BigEndian.Uint32(state[12:])^uint32(len(symbols)))
	p.block.Encrypt(state[:], state[:])
	at := 0
	for i := first; i < len(symbols); i += step {
		if at == len(state) {
			p.block.Encrypt(state[:], state[:])
			at = 0
		}
		word := symbols[i].value
		if radix {
			word = symbols[i].radix
		}
		binary.BigEndian.PutUint32(state[at:], binary.BigEndian.Uint32(state[at:])^word)
		at += 4
	}
	p.block.Encrypt(state[:], state[:])
}

// shift adds a number drawn from the state to every second symbol.
func (p *purpose) shift(state *[aes.BlockSize]byte, symbols []symbol, first int) {
	stream, block := &p.pad.stream, &p.pad.counter
	at, counter := len(stream), uint32(0)
	for i := first; i < len(symbols); i += 2 {
		if at == len(stream) {
			counter++
			*block = *state
			binary.BigEndian.PutUint32(block[:], binary.BigEndian.Uint32(block[:])^counter)
			p.block.Encrypt(stream[:], block[:])
			at = 0
		}
		s := &symbols[i]
		s.value = (s.value + uint32(uint64(binary.BigEndian.Uint32(stream[at:]))*uint64(s.radix)>>32)) % s.radix
		at += 4
	}
}
