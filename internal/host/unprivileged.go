package host

import (
	"os/user"
	"strconv"
	"syscall"
)

// Unprivileged is a user of this computer who is not root, for programs that refuse to run as root: postgres where
// there is one, else nobody.
func Unprivileged() (*syscall.Credential, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
