package ec2

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

//go:embed bootstrap.sh
var bootstrap string

// maxUserData is EC2's limit, before base64.
const maxUserData = 16 << 10

// A Bootstrap is what a machine is told when it first boots.
type Bootstrap struct {
	HostKey  string    // private, in PEM: what its SSH server is to show
	LoginKey string    // public, one line: who may log in; empty: whom EC2 Instance Connect names
	Expires  time.Time // zero: never
	Port     int       // of SSH
	Bare     bool      // no engine, and who logs in is root's equal
}

// Script is user data for cloud-init: a shell script. Same input, same bytes.
func (b Bootstrap) Script() ([]byte, error) {
	if strings.ContainsAny(b.LoginKey, "\n\r") || !strings.HasPrefix(b.HostKey, "-----BEGIN ") {
		return nil, errors.New("user data: a key is missing or not of one line")
	}
	expires := int64(0)
	if !b.Expires.IsZero() {
		expires = b.Expires.Unix()
	}
	kind := "preview"
	if b.Bare {
		kind = "bare"
	}
	script := strings.NewReplacer(
		"@KIND@", kind,
		"@EXPIRES@", strconv.FormatInt(expires, 10), "@LOGIN_KEY@", b.LoginKey,
		"@HOST_KEY@", strings.TrimSpace(b.HostKey), "@PORT@", strconv.Itoa(b.Port),
	).Replace(bootstrap)
	if len(script) > maxUserData {
		return nil,
			hint.Usage(fmt.Errorf("user data: %d bytes, and EC2 takes %d", len(script), maxUserData),
				"log in with a shorter key, such as ssh-keygen -t ed25519 makes one")
	}
	return []byte(script), nil
}

// EndIn lets the machine that we are on end itself soon, as when it expires. On any other
// computer it does nothing.
func EndIn(left time.Duration) error {
	path := filepath.Join(readyFolder, "expires")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		_, err = fmt.Fprintln(file, time.Now().Add(left).Unix())
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return fmt.Errorf("set the machine's timer: %w", err)
	}
	return nil
}
