package gateway

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A key makes the links and passwords of all previews of a machine, and checks
// them. It stays in a file of the gateway's; what is made with it says nothing
// about it.
type key []byte

const keySize = 32

// loadKey reads the key, and makes one where there is none. Of two that make
// one at the same time, both get the first.
func loadKey(path string) (key, error) {
	made, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKey(path); err == nil {
			made, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("key of the gateway: %w", err)
	}
	if len(made) != keySize {
		return nil, fmt.Errorf("key of the gateway: %s has %d bytes, not %d", path, len(made), keySize)
	}
	return made, nil
}

// makeKey writes a new key under another name first: a file of that name is
// always a whole one.
func makeKey(path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	secret := make([]byte, keySize)
	_, _ = rand.Read(secret) // never fails
	_, err = file.Write(secret)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// What a key is used for goes into what it makes: a link is no cookie.
const (
	forLink     = "link"
	forCookie   = "cookie"
	forPassword = "password"
	forDigest   = "digest"
)

func (k key) mac(purpose, preview string, more ...byte) []byte {
	h := hmac.New(sha256.New, k)
	h.Write([]byte(purpose + "\x00" + preview + "\x00"))
	h.Write(more)
	return h.Sum(nil)
}

// token is good for one preview until it expires; the zero time is never.
func (k key) token(purpose, preview string, expires time.Time) string {
	stamp := make([]byte, 8)
	if !expires.IsZero() {
		binary.BigEndian.PutUint64(stamp, uint64(expires.Unix()))
	}
	return base64.RawURLEncoding.EncodeToString(append(stamp, k.mac(purpose, preview, stamp...)...))
}

// check tells whether a token is one of ours, for this purpose and preview and
// this moment, and when it expires.
func (k key) check(token, purpose, preview string, now time.Time) (expires time.Time, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != 8+sha256.Size {
		return time.Time{}, false
	}
	if !hmac.Equal(raw[8:], k.mac(purpose, preview, raw[:8]...)) {
		return time.Time{}, false
	}
	if seconds := binary.BigEndian.Uint64(raw); seconds > 0 {
		expires = time.Unix(int64(seconds), 0)
	}
	return expires, expires.IsZero() || now.Before(expires)
}

// readable are letters and digits that people do not take for one another.
const readable = "abcdefghjkmnpqrstvwxyz0123456789"

// password is that of a preview: 80 bits, in groups to be read aloud.
func (k key) password(preview string) string {
	var b strings.Builder
	for i, bits := range k.mac(forPassword, preview)[:16] {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(readable[bits%32])
	}
	return b.String()
}

// opens compares what somebody typed, in a time that says nothing about how
// much of it was right.
func (k key) opens(typed, preview string) bool {
	want := sha256.Sum256([]byte(plainPassword(k.password(preview))))
	got := sha256.Sum256([]byte(plainPassword(typed)))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// misread takes out what only makes it readable, and reads letters that are not
// among ours as the digits that they look like.
var misread = strings.NewReplacer("-", "", " ", "", "\t", "", "\r", "", "\n", "", "o", "0", "i", "1", "l", "1")

func plainPassword(typed string) string { return misread.Replace(strings.ToLower(typed)) }
