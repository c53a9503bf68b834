package worktree

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"os"
	"slices"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// fetchArguments are beside those of every question. What is fetched from says nothing about where else to go.
var fetchArguments = []string{
	"-c", "http.followRedirects=false", "-c", "fetch.fsckObjects=true", "-c", "protocol.version=2", "-c",
	"http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=60",
}

// networkVariables are those that say how servers are reached from this computer.
var networkVariables = []string{
	"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "GIT_SSL_CAINFO", "SSL_CERT_FILE",
	"SSL_CERT_DIR",
}

// Fetch makes a repository of its own in an empty folder, with one commit of the repository at an address of http or
// https, and none before it. The repository of a checkout, and its configuration, have no part in that. The token is
// seen by nobody else on this computer; it may be empty.
func Fetch(ctx context.Context, address, token, commit, folder string) error {
	from, err := url.Parse(address)
	if err != nil || from.Scheme != "https" && from.Scheme != "http" || from.Host == "" || from.User != nil ||
		!IsCommit(commit) {
		return hint.Usage(errors.New("there is no address of a repository to fetch from"), "")
	}
	environment := append(userEnvironment(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_ATTR_NOSYSTEM=1", "GIT_ALLOW_PROTOCOL="+from.Scheme, "GIT_PROTOCOL_FROM_USER=0", "GIT_TERMINAL_PROMPT=0")
	for _, name := range networkVariables {
		if value, set := os.LookupEnv(name); set {
			environment = append(environment, name+"="+value)
		}
	}
	if _, err := runGit(ctx, environment, makeRepository(folder)); err != nil {
		return err
	}
	if token != "" {
		login := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
		environment = append(environment, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http."+address+".extraHeader",
			"GIT_CONFIG_VALUE_0=Authorization: Basic "+login)
	}
	fetch := []string{
		"fetch", "--quiet", "--no-tags", "--depth=1", "--no-write-fetch-head", "--no-recurse-submodules",
		"--no-auto-maintenance", "--", address, commit,
	}
	_, err = runGit(ctx, environment,
		slices.Concat(at(folder), withoutProtocols(gitArguments), fetchArguments, fetch))
	return err
}

// withoutProtocols leaves out that none is allowed: the environment says which is.
func withoutProtocols(arguments []string) []string {
	i := slices.Index(arguments, "protocol.allow=never")
	return slices.Delete(slices.Clone(arguments), i-1, i+1)
}
