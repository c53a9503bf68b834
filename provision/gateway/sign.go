package gateway

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// A Wish names the preview that somebody is to be let in to.
type Wish struct {
	ID      string    `json:"id"`
	Expires time.Time `json:"expires,omitzero"` // of the link; zero: never
}

// A Pass lets in to one preview, until the preview expires.
type Pass struct {
	Token    string `json:"token"` // for a link, or a program's header
	Password string `json:"password"`
}

// Path is what a link adds to the address of a service to sign in to it.
func (p Pass) Path() string { return signInPath + "?token=" + p.Token }

// commandSign makes a pass with the key, which stays where it is.
func commandSign(args []string, stdin io.Reader, stdout io.Writer) error {
	secret, err := keyFor(args)
	if err != nil {
		return fmt.Errorf("gateway sign: %w", err)
	}
	var wish Wish
	if err := json.NewDecoder(io.LimitReader(stdin, 4096)).Decode(&wish); err != nil {
		return fmt.Errorf("gateway sign: %w", err)
	}
	if wish.ID == "" {
		return fmt.Errorf("gateway sign: no preview is named")
	}
	return json.NewEncoder(stdout).Encode(Pass{
		Token: secret.token(forLink, wish.ID, wish.Expires), Password: secret.password(wish.ID),
	})
}

// commandDigest makes a name of what may hold passwords: without the key,
// nobody can try which ones lead to the same name.
func commandDigest(args []string, stdin io.Reader, stdout io.Writer) error {
	secret, err := keyFor(args)
	if err != nil {
		return fmt.Errorf("gateway digest: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(stdin, 1<<20))
	if err != nil {
		return fmt.Errorf("gateway digest: %w", err)
	}
	_, err = fmt.Fprintf(stdout, "%x\n", secret.mac(forDigest, "", text...)[:16])
	return err
}

// keyFor reads the key that a command beside the gateway works with.
func keyFor(args []string) (key, error) {
	kept := Kept
	flags := newFlags(new(string))
	flags.StringVar(&kept, "kept", kept, "")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	return loadKey(filepath.Join(kept, keyFile))
}
