package mask

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"strings"
)

// shortBytes is how many bytes are permuted one by one; more are two halves
// that mask each other, which takes no more memory than they do.
const shortBytes = 64

// tokenBytes is a permutation of the values of as many bytes.
func tokenBytes(p *purpose) apply {
	return always(func(value string) string {
		raw, err := hex.DecodeString(strings.TrimPrefix(value, `\x`))
		if err != nil {
			return `\x`
		}
		if len(raw) > shortBytes {
			p.mix(raw)
		} else {
			p.permuteBytes(raw)
		}
		return `\x` + hex.EncodeToString(raw)
	})
}

func (p *purpose) permuteBytes(raw []byte) {
	symbols := p.pad.a[:0]
	for _, b := range raw {
		symbols = append(symbols, symbol{uint32(b), 256})
	}
	p.pad.a = symbols
	p.permute(symbols)
	for i, s := range symbols {
		raw[i] = byte(s.value)
	}
}

// mix is the block cipher LION of Anderson and Biham with a second pair of
// rounds: the rest is masked by a stream that the head decides, the head by a
// hash of the rest, and so on.
// https://www.cl.cam.ac.uk/archive/rja14/Papers/bear-lion.pdf
func (p *purpose) mix(raw []byte) {
	head, rest := raw[:len(p.pad.hash)], raw[len(p.pad.hash):]
	for round := byte(0); round < 4; round += 2 {
		// The hash has the 32 bytes of an AES-256 key, so there is no error.
		block, _ := aes.NewCipher(p.keyed(round, head))
		cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(rest, rest)
		for i, b := range p.keyed(round+1, rest) {
			head[i] ^= b
		}
	}
}

// keyed hashes bytes for one round.
func (p *purpose) keyed(round byte, raw []byte) []byte {
	p.mac.Reset()
	p.mac.Write(append(append(p.pad.text[:0], "mix"...), 0, round))
	p.mac.Write(raw)
	return p.mac.Sum(p.pad.hash[:0])
}
