package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// A Wish names the preview that somebody is to be let in to.
type Wish struct {
	ID      string    `json:"id"`
	Pass    string    `json:"pass,omitempty"`   // see Route
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
	secret, err := keyFor(args, keyFile)
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
		Token:    secret.token(forLink, holder(wish.ID, wish.Pass), wish.Expires),
		Password: secret.password(holder(wish.ID, wish.Pass)),
	})
}

// commandDigest makes a name of what may hold passwords: without the key,
// nobody can try which ones lead to the same name.
func commandDigest(args []string, stdin io.Reader, stdout io.Writer) error {
	secret, err := keyFor(args, seedKeyFile)
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

// commandForget removes what lets in, and certificates, and keeps what names
// seeds: an image of the machine is to let nobody in.
func commandForget(args []string) error {
	kept, err := keptFor(args)
	if err != nil {
		return fmt.Errorf("gateway forget: %w", err)
	}
	entries, err := os.ReadDir(kept)
	errs := []error{err}
	for _, entry := range entries {
		if entry.Name() != seedKeyFile {
			errs = append(errs, os.RemoveAll(filepath.Join(kept, entry.Name())))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("gateway forget: %w", err)
	}
	return nil
}

// keyFor reads a key that a command beside the gateway works with.
func keyFor(args []string, file string) (key, error) {
	kept, err := keptFor(args)
	if err != nil {
		return nil, err
	}
	return loadKey(filepath.Join(kept, file))
}

func keptFor(args []string) (kept string, err error) {
	flags := newFlags(new(string))
	flags.StringVar(&kept, "kept", Kept, "")
	err = flags.Parse(args)
	return kept, err
}
