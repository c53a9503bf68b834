package host

import (
	"errors"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// login is how we prove who we are: by the key, or by those of an agent, which is
// asked until done is called.
func (r Remote) login() (_ ssh.AuthMethod, done func(), err error) {
	if len(r.Key) > 0 || r.Agent == "" {
		signer, err := parseKey(r.Key)
		if err != nil {
			return nil, nil, err
		}
		return ssh.PublicKeys(signer), func() {}, nil
	}
	conn, err := net.Dial("unix", r.Agent)
	if err != nil {
		return nil, nil, errors.New("the SSH agent does not answer")
	}
	signers, err := agent.NewClient(conn).Signers()
	if err == nil && len(signers) == 0 {
		err = errors.New("the SSH agent holds no key")
	}
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return ssh.PublicKeys(signers...), func() { conn.Close() }, nil
}

// hostKeys reads the keys that a machine may show, a line each.
func hostKeys(lines string) ([]ssh.PublicKey, error) {
	var keys []ssh.PublicKey
	for line := range strings.Lines(lines) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("there is none")
	}
	return keys, nil
}

// CheckHostKey refuses what is no host key, in the form of Remote.HostKey.
func CheckHostKey(lines string) error {
	_, err := hostKeys(lines)
	return err
}

// CheckKey refuses what is no private key to log in with. Its errors hold nothing
// of the key.
func CheckKey(private []byte) error {
	_, err := parseKey(private)
	return err
}

// algorithms begin with those of the wanted keys, so that a server with several
// keys shows one of them. The others let a stranger show what he has.
func algorithms(wanted []ssh.PublicKey) []string {
	var names []string
	add := func(more ...string) {
		for _, name := range more {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, key := range wanted {
		if key.Type() == ssh.KeyAlgoRSA {
			add(ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
			continue
		}
		add(key.Type())
	}
	add(ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoRSASHA512)
	return names
}
