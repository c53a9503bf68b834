package forge

import (
	"net/url"
	"strings"
)

// Alias is the host of a remote that is reached by SSH, where it may be a name
// that only the user's configuration of SSH knows; else it is empty.
func Alias(remote string) string {
	name, _ := splitSSH(remote)
	switch name {
	case "github.com", "ssh.github.com", "gitlab.com", "altssh.gitlab.com", "codeberg.org":
		return ""
	}
	return name
}

// Unaliased is the remote with another host in place of the alias.
func Unaliased(remote, host string) string {
	_, path := splitSSH(remote)
	return "ssh://git@" + host + "/" + strings.TrimLeft(path, "/")
}

// splitSSH takes an address of SSH apart; of any other kind the host is empty.
func splitSSH(remote string) (host, path string) {
	remote = strings.TrimSpace(remote)
	if _, _, _, ok := splitRemote(remote); !ok {
		return "", ""
	}
	if !strings.Contains(remote, "://") {
		before, after, _ := strings.Cut(remote, ":")
		return before[strings.LastIndex(before, "@")+1:], after
	}
	if parsed, err := url.Parse(remote); err == nil && (parsed.Scheme == "ssh" || parsed.Scheme == "git+ssh") {
		return parsed.Hostname(), parsed.Path
	}
	return "", ""
}
