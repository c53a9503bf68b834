package host

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// KnownKeys finds the keys of a host in files such as ~/.ssh/known_hosts, as OpenSSH
// does, in the form of Remote.HostKey. Authorities (@cert-authority) are not asked.
func KnownKeys(address string, files []string) (string, error) {
	var there []string
	for _, file := range files {
		switch _, err := os.Stat(file); {
		case err == nil:
			there = append(there, file)
		case !errors.Is(err, fs.ErrNotExist):
			return "", err
		}
	}
	check, err := knownhosts.New(there...)
	if err != nil {
		return "", err
	}
	// No host has the key that is asked for here: the answer names those that it has.
	var wrong *knownhosts.KeyError
	if err := check(address, nowhere, nobody{}); !errors.As(err, &wrong) {
		return "", err
	}
	var lines strings.Builder
	for _, k := range wrong.Want {
		if check(address, nowhere, k.Key) == nil { // not revoked
			lines.Write(ssh.MarshalAuthorizedKey(k.Key))
		}
	}
	if lines.Len() == 0 {
		return "", errors.New("its host key is not known")
	}
	return lines.String(), nil
}

var nowhere = &net.TCPAddr{IP: net.IPv4zero}

// nobody is a key that no host has.
type nobody struct{}

func (nobody) Type() string                        { return "nobody" }
func (nobody) Marshal() []byte                     { return nil }
func (nobody) Verify([]byte, *ssh.Signature) error { return errors.New("nobody signs") }
