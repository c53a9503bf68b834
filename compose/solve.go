package compose

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/go-units"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth/authprovider"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/session/sshforward/sshprovider"
	"github.com/tonistiigi/fsutil"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// solveOptions says to BuildKit what a service's build section says.
// The image gets all the names.
func (s *Stack) solveOptions(service types.ServiceConfig, images ...string) (*client.SolveOpt, error) {
	b := service.Build
	opt := &client.SolveOpt{
		Frontend:      "dockerfile.v0",
		FrontendAttrs: buildAttrs(service),
		LocalMounts:   map[string]fsutil.FS{},
		Exports: []client.ExportEntry{{
			Type:  "moby",
			Attrs: map[string]string{"name": strings.Join(images, ",")},
		}},

		AllowedEntitlements: entitlements(*b),
		SourcePolicy:        s.sourcePolicy(),
	}
	for _, ref := range b.CacheFrom {
		if entry, ok := cacheSource(ref); ok {
			opt.CacheImports = append(opt.CacheImports, entry)
		}
	}
	if err := s.buildFiles(service, opt); err != nil {
		return nil, err
	}
	if err := s.buildContexts(b, opt); err != nil {
		return nil, err
	}
	var err error
	opt.Session, err = s.attachables(b)
	return opt, err
}

// entitlements are what preview.allow permits: nothing else gets this far.
func entitlements(b types.BuildConfig) []string {
	all := slices.Clone(b.Entitlements)
	if b.Network == "host" {
		all = append(all, "network.host")
	}
	if b.Privileged {
		all = append(all, "security.insecure")
	}
	return all
}

func buildAttrs(service types.ServiceConfig) map[string]string {
	b := service.Build
	attrs := map[string]string{}
	for name, value := range b.Args {
		if value != nil {
			attrs["build-arg:"+name] = *value
		}
	}
	for name, value := range b.Labels {
		attrs["label:"+name] = value
	}
	platform := service.Platform
	if platform == "" && len(b.Platforms) == 1 {
		platform = b.Platforms[0]
	}
	optional := map[string]string{
		"target":             b.Target,
		"platform":           platform,
		"force-network-mode": b.Network,
		"add-hosts":          strings.Join(b.ExtraHosts.AsList("="), ","),
		"ulimit":             ulimits(b.Ulimits),
		"no-cache-filter":    strings.Join(b.NoCacheFilter, ","),
	}
	if b.Network == "default" {
		delete(optional, "force-network-mode")
	}
	if b.ShmSize > 0 {
		optional["shm-size"] = strconv.FormatInt(int64(b.ShmSize), 10)
	}
	if b.Pull {
		optional["image-resolve-mode"] = "pull"
	}
	for k, v := range optional {
		if v != "" {
			attrs[k] = v
		}
	}
	if b.NoCache {
		attrs["no-cache"] = ""
	}
	return attrs
}

func ulimits(limits map[string]*types.UlimitsConfig) string {
	var all []string
	for _, name := range sorted(limits) {
		l := units.Ulimit{Name: name, Soft: int64(limits[name].Soft), Hard: int64(limits[name].Hard)}
		if limits[name].Single != 0 {
			l.Soft, l.Hard = int64(limits[name].Single), int64(limits[name].Single)
		}
		all = append(all, l.String())
	}
	return strings.Join(all, ",")
}

// cacheSource reads an image name or type=registry,ref=…; the other kinds are
// folders and services of another machine.
func cacheSource(text string) (client.CacheOptionsEntry, bool) {
	if !strings.Contains(text, "=") {
		return client.CacheOptionsEntry{Type: "registry", Attrs: map[string]string{"ref": text}}, true
	}
	entry := client.CacheOptionsEntry{Attrs: map[string]string{}}
	for field := range strings.SplitSeq(text, ",") {
		k, v, _ := strings.Cut(field, "=")
		if k == "type" {
			entry.Type = v
			continue
		}
		entry.Attrs[k] = v
	}
	return entry, entry.Type == "registry" && entry.Attrs["ref"] != ""
}

// namedContexts is the API of Docker 23, whose Dockerfile syntax is the first
// to know named contexts; an older one takes them for images.
const namedContexts = "1.42"

// buildContexts adds the named contexts.
func (s *Stack) buildContexts(b *types.BuildConfig, opt *client.SolveOpt) error {
	if version := s.engine.Client().ClientVersion(); len(b.AdditionalContexts) > 0 &&
		versions.LessThan(version, namedContexts) {
		return hint.Usage(fmt.Errorf("additional_contexts need Docker 23 or newer, this engine speaks API %s",
			version), "upgrade Docker")
	}
	for _, name := range sorted(b.AdditionalContexts) {
		source := b.AdditionalContexts[name]
		if service, ok := strings.CutPrefix(source, types.ServicePrefix); ok {
			other, ok := s.project.Services[service]
			if !ok {
				return fmt.Errorf("build context %s: no service %s", name, service)
			}
			source = "docker-image://" + other.Image
		}
		if !local(source) {
			opt.FrontendAttrs["context:"+name] = source
			continue
		}
		fs, err := contextOf(source)
		if err != nil {
			return fmt.Errorf("build context %s: %w", name, err)
		}
		opt.FrontendAttrs["context:"+name] = "local:context-" + name
		opt.LocalMounts["context-"+name] = fs
	}
	return nil
}

// attachables are what the builder may ask of us: logins, secrets, SSH agents.
// Nothing where a stranger says what is built.
func (s *Stack) attachables(b *types.BuildConfig) ([]session.Attachable, error) {
	if s.engine.distrusted {
		return nil, nil
	}
	all := []session.Attachable{authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{
		ConfigFile: s.engine.cli.ConfigFile(),
	})}
	secrets, err := s.buildSecrets(b)
	if err != nil {
		return nil, err
	}
	if len(secrets) > 0 {
		all = append(all, secretsprovider.FromMap(secrets))
	}
	if len(b.SSH) == 0 {
		return all, nil
	}
	var agents []sshprovider.AgentConfig
	for _, key := range b.SSH {
		agent := sshprovider.AgentConfig{ID: key.ID}
		if key.Path != "" {
			agent.Paths = []string{key.Path}
		}
		agents = append(agents, agent)
	}
	ssh, err := sshprovider.NewSSHAgentProvider(agents)
	if err != nil {
		return nil, fmt.Errorf("build ssh: %w", err)
	}
	return append(all, ssh), nil
}

func (s *Stack) buildSecrets(b *types.BuildConfig) (map[string][]byte, error) {
	secrets := map[string][]byte{}
	for _, use := range b.Secrets {
		secret, ok := s.project.Secrets[use.Source]
		if !ok {
			return nil, fmt.Errorf("build secret %s: not declared", use.Source)
		}
		id := use.Target
		if id == "" {
			id = use.Source
		}
		value, err := secretValue(s.project, secret)
		if err != nil {
			return nil, fmt.Errorf("build secret %s: %w", use.Source, err)
		}
		secrets[id] = value
	}
	return secrets, nil
}

func secretValue(p *types.Project, secret types.SecretConfig) ([]byte, error) {
	switch {
	case secret.Content != "":
		return []byte(secret.Content), nil
	case secret.Environment != "":
		return []byte(p.Environment[secret.Environment]), nil
	case secret.File != "":
		return os.ReadFile(secret.File)
	}
	return nil, errors.New("neither a file nor an environment variable")
}
