package wildcard

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

// A sealed object is the header, a salt, a nonce, and what AES-GCM makes of the
// contents, with a key for that salt alone (HKDF) and the domain as further data.
const (
	header   = "offshoot certificate 1\n"
	saltSize = 32
	keySize  = 32
)

// LeastSecret is the length of the shortest secret, in bytes.
const LeastSecret = 16

var (
	errSecret = fmt.Errorf("the key to seal it with has less than %d characters", LeastSecret)
	errSealed = errors.New("it was sealed with another key, or is none of ours")
)

func seal(c contents, secret, domain string) ([]byte, error) {
	c.Domain = domain
	content, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	aead, err := cipherFor(secret, salt)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return aead.Seal(append(append([]byte(header), salt...), nonce...), nonce, content, []byte(domain)), nil
}

func open(sealed []byte, secret, domain string) (c contents, err error) {
	rest, ok := bytes.CutPrefix(sealed, []byte(header))
	if !ok || len(rest) < saltSize {
		return c, errSealed
	}
	aead, err := cipherFor(secret, rest[:saltSize])
	if err != nil {
		return c, err
	}
	if rest = rest[saltSize:]; len(rest) < aead.NonceSize() {
		return c, errSealed
	}
	content, err := aead.Open(nil, rest[:aead.NonceSize()], rest[aead.NonceSize():], []byte(domain))
	if err != nil || json.Unmarshal(content, &c) != nil {
		return contents{}, errSealed
	}
	return c, nil
}

func cipherFor(secret string, salt []byte) (cipher.AEAD, error) {
	if len(secret) < LeastSecret {
		return nil, errSecret
	}
	key, err := hkdf.Key(sha256.New, []byte(secret), salt, "offshoot certificate", keySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
