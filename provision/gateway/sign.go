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
	kept := Kept
	flags := newFlags(new(string))
	flags.StringVar(&kept, "kept", kept, "")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("gateway sign: %w", err)
	}
	var wish Wish
	if err := json.NewDecoder(io.LimitReader(stdin, 4096)).Decode(&wish); err != nil {
		return fmt.Errorf("gateway sign: %w", err)
	}
	if wish.ID == "" {
		return fmt.Errorf("gateway sign: no preview is named")
	}
	secret, err := loadKey(filepath.Join(kept, keyFile))
	if err != nil {
		return fmt.Errorf("gateway sign: %w", err)
	}
	return json.NewEncoder(stdout).Encode(Pass{
		Token: secret.token(forLink, wish.ID, wish.Expires), Password: secret.password(wish.ID),
	})
}
