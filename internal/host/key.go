package host

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// A Key is a pair for SSH.
type Key struct {
	Private string // in PEM, as OpenSSH reads it
	Public  string // one line, as in authorized_keys, without a comment
}

// NewKey makes an ed25519 key.
func NewKey() (Key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return Key{}, err
	}
	text := pem.EncodeToMemory(block)
	public, err := PublicKey(text)
	return Key{Private: string(text), Public: public}, err
}

// PublicKey is the public half, as Key.Public, of a private key in PEM. Its
// errors hold nothing of the key.
func PublicKey(private []byte) (string, error) {
	signer, err := parseKey(private)
	if err != nil {
		return "", err
	}
	return publicLine(signer.PublicKey()), nil
}

func parseKey(private []byte) (ssh.Signer, error) {
	if len(strings.TrimSpace(string(private))) == 0 {
		return nil, errors.New("there is none")
	}
	signer, err := ssh.ParsePrivateKey(private)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return nil, errors.New("it is protected by a passphrase")
	}
	if err != nil {
		return nil, errors.New("it is not a private key in PEM")
	}
	return signer, nil
}

func publicLine(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// HostKeyError says that another machine answers than the one that was meant.
type HostKeyError struct {
	Address     string
	Want, Shown string // fingerprints
}

func (e *HostKeyError) Error() string {
	return fmt.Sprintf("%s shows the host key %s, not %s", e.Address, e.Shown, e.Want)
}
