package compose

import (
	"context"
	"fmt"
	"os"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config"
	registries "github.com/docker/cli/cli/config/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// A Login lets the engine pull from one registry. It is a secret.
type Login struct {
	Username      string `json:"username,omitempty"`
	Password      string `json:"password,omitempty"`
	IdentityToken string `json:"identity_token,omitempty"`
	RegistryToken string `json:"registry_token,omitempty"`
}

// dockerHub is how the docker configuration names it.
const dockerHub = "https://index.docker.io/v1/"

// Logins are what this computer's docker configuration, or a helper that it
// names, has for the registries of a project's images: of those that the
// compose file names and no others.
func Logins(ctx context.Context, src Source) (map[string]Login, error) {
	project, _, err := Load(ctx, src)
	if err != nil {
		return nil, err
	}
	file, err := config.Load(os.Getenv(config.EnvOverrideConfigDir)) // empty: the user's own
	if err != nil {
		return nil, fmt.Errorf("docker configuration: %w", err)
	}
	logins := map[string]Login{}
	for _, service := range project.AllServices() {
		if service.Image == "" || service.Build != nil {
			continue
		}
		host, err := registryOf(service.Image)
		if err != nil {
			return nil, err
		}
		if _, known := logins[host]; known {
			continue
		}
		found, err := file.GetAuthConfig(host)
		if err != nil {
			return nil, fmt.Errorf("login for %s: %w", host, err)
		}
		login := Login{found.Username, found.Password, found.IdentityToken, found.RegistryToken}
		if login != (Login{}) {
			logins[host] = login
		}
	}
	return logins, nil
}

// AddLogins lets the engine pull with logins that this computer's configuration
// does not have. They are kept in memory alone.
func (e *Engine) AddLogins(logins map[string]Login) {
	if e.distrusted {
		return
	}
	file := e.cli.ConfigFile()
	for host, l := range logins {
		if file.AuthConfigs == nil {
			file.AuthConfigs = map[string]registries.AuthConfig{}
		}
		file.AuthConfigs[host] = registries.AuthConfig{
			Username: l.Username, Password: l.Password, IdentityToken: l.IdentityToken, RegistryToken: l.RegistryToken,
			ServerAddress: host,
		}
	}
}

// registryOf is the registry of an image, by the name that the docker
// configuration has for it.
func registryOf(ref string) (string, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", hint.Usage(fmt.Errorf("image name: %w", err), "")
	}
	if host := reference.Domain(named); host != "docker.io" {
		return host, nil
	}
	return dockerHub, nil
}
