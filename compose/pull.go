package compose

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/stall"
)

// Pull fetches the images that the services' pull policy asks for: by default
// those that the engine does not have. Errors name the image and the service.
func (s *Stack) Pull(ctx context.Context) error { return s.pull(ctx, s.project.ServiceNames()) }

func (s *Stack) pull(ctx context.Context, services []string) error {
	wanted, err := s.missing(ctx, services)
	if err != nil {
		return err
	}
	return sideBySide(sorted(wanted), func(ref string) error {
		if err := s.pullImage(ctx, wanted[ref]); err != nil {
			return fmt.Errorf("pull %s for %s: %w", ref, wanted[ref].Name, err)
		}
		return nil
	})
}

// Missing gives the images that Pull would fetch, each with a service that
// wants it. It only looks.
func (s *Stack) Missing(ctx context.Context) (map[string]types.ServiceConfig, error) {
	return s.missing(ctx, s.project.ServiceNames())
}

func (s *Stack) missing(ctx context.Context, services []string) (map[string]types.ServiceConfig, error) {
	wanted := map[string]types.ServiceConfig{}
	for _, name := range services {
		service := s.project.Services[name]
		if _, ok := wanted[service.Image]; service.Build != nil || service.Image == "" || ok {
			continue
		}
		pull, err := s.mustPull(ctx, service)
		if err != nil {
			return nil, fmt.Errorf("pull %s for %s: %w", service.Image, name, err)
		}
		if pull {
			wanted[service.Image] = service
		}
	}
	return wanted, nil
}

// mustPull decides by the pull policy. The policies with a time interval are
// taken as "missing": a preview is remade with every push anyway.
func (s *Stack) mustPull(ctx context.Context, service types.ServiceConfig) (bool, error) {
	_, err := s.engine.Client().ImageInspect(ctx, service.Image)
	missing := errdefs.IsNotFound(err)
	if err != nil && !missing {
		return false, err
	}
	switch service.PullPolicy {
	case types.PullPolicyAlways:
		return true, nil
	case types.PullPolicyNever, types.PullPolicyBuild:
		if missing && !strings.HasPrefix(service.Image, imagePrefix) {
			return false,
				hint.Wrap(errors.New("not on this machine, and pull_policy forbids to pull it"),
					"build or load the image first")
		}
		return false, nil
	}
	return missing, nil
}

// pullTries is how often a pull that stands still is begun anew; what has arrived
// in whole stays with the engine.
const pullTries = 3

func (s *Stack) pullImage(ctx context.Context, service types.ServiceConfig) error {
	auth, known, err := s.registryAuth(service.Image)
	if err != nil {
		return err
	}
	var stood *stall.Error
	for try := 1; ; try++ {
		err = s.pullOnce(ctx, service, auth)
		if ctx.Err() != nil || !errors.As(err, &stood) || try == pullTries {
			break
		}
		s.events.emit(Event{Kind: "pull", Subject: service.Image, Text: err.Error() + ": once more"})
	}
	if err != nil {
		s.events.emit(Event{Kind: "pull", Subject: service.Image, Text: err.Error(), State: Failed})
		return pullHint(service.Image, known, err)
	}
	s.events.emit(Event{Kind: "pull", Subject: service.Image, Text: "pulled", State: Done})
	return nil
}

// pullOnce pulls until it is done, or stands still.
func (s *Stack) pullOnce(ctx context.Context, service types.ServiceConfig, auth string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream, err := s.engine.Client().ImagePull(ctx, service.Image,
		image.PullOptions{RegistryAuth: auth, Platform: service.Platform})
	if err != nil {
		return err
	}
	term := cmp.Or(s.Stall, stall.After)
	watch := time.AfterFunc(term, func() { cancel(&stall.Error{For: term}) })
	defer watch.Stop()
	err = errors.Join(s.pullProgress(service.Image, stream, func(moving bool) {
		watch.Stop()
		if moving {
			watch.Reset(term)
		}
	}), stream.Close())
	var stood *stall.Error
	if errors.As(context.Cause(ctx), &stood) {
		return stood
	}
	return err
}

// pullHint says what helps against what a registry answered. The engine hands
// most of its answers on as text alone.
func pullHint(ref string, loggedIn bool, err error) error {
	text := strings.ToLower(err.Error())
	says := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
	}
	login := "docker login " + registryName(ref)
	switch {
	case full(err):
		return err // see ExplainFull
	case says("toomanyrequests", "too many requests", "rate limit"):
		return hint.Wrap(err,
			"the registry counts pulls: log in for more of them (%s), wait, or name a mirror of the image", login)
	case says("does not exist or may require"):
		return hint.Wrap(err, "check the image's name, or where it is private log in: %s", login)
	case errdefs.IsUnauthorized(err), errdefs.IsPermissionDenied(err),
		says("denied", "unauthorized", "forbidden", "no basic auth credentials", "authentication required"):
		if loggedIn {
			return hint.Wrap(err, "the login for it is refused or may not pull this: %s, as somebody who may", login)
		}
		return hint.Wrap(err, "log in first: %s", login)
	case says("no matching manifest"):
		return hint.Wrap(err,
			"the image is not made for this machine's platform: set platform in the compose file, or build it here")
	case errdefs.IsNotFound(err), says("manifest unknown", "not found"):
		return hint.Wrap(err, "check the name and tag")
	}
	return hint.Wrap(err, "check that this machine reaches the registry, or build or load the image first")
}

// registryName is what to log in to.
func registryName(ref string) string {
	host, err := registryOf(ref)
	if err != nil || host == dockerHub {
		return "docker.io"
	}
	return host
}

// progress is what the engine tells of a pull, one layer at a time.
type progress struct {
	ID, Status, Error string
	ProgressDetail    struct{ Current, Total int64 }
}

// pullProgress reads what the engine tells of a pull. Told is called with each
// word, and whether the next one has to come soon: while layers are on their way
// and none is being unpacked, which may take long without one. One that waits is
// not on its way: the engine fetches few at a time, and those of other pulls may
// be first.
func (s *Stack) pullProgress(ref string, r io.Reader, told func(moving bool)) error {
	current, total := map[string]int64{}, map[string]int64{}
	moving, unpacked := map[string]bool{}, map[string]bool{}
	for dec := json.NewDecoder(r); ; {
		var p progress
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if p.Error != "" {
			return errors.New(p.Error)
		}
		switch p.Status {
		case "Downloading":
			current[p.ID], total[p.ID] = p.ProgressDetail.Current, p.ProgressDetail.Total
			moving[p.ID] = true
		case "Pulling fs layer":
			moving[p.ID] = true
		default:
			delete(moving, p.ID)
		}
		delete(unpacked, p.ID)
		if p.Status == "Extracting" || p.Status == "Verifying Checksum" {
			unpacked[p.ID] = true
		}
		told(len(moving) > 0 && len(unpacked) == 0)
		s.events.emit(Event{
			Kind: "pull", Subject: ref, Text: strings.ToLower(p.Status), Current: sum(current),
			Total: sum(total),
		})
	}
}

func sum(m map[string]int64) (total int64) {
	for _, n := range m {
		total += n
	}
	return total
}

// registryAuth is the login that the docker configuration has for an image, and
// whether it has one.
func (s *Stack) registryAuth(ref string) (auth string, known bool, err error) {
	host, err := registryOf(ref)
	if err != nil || s.engine.distrusted {
		return "", false, err
	}
	login, err := s.engine.cli.ConfigFile().GetAuthConfig(host)
	if err != nil {
		return "", false, fmt.Errorf("login for %s: %w", host, err)
	}
	auth, err = registry.EncodeAuthConfig(registry.AuthConfig{
		Username: login.Username, Password: login.Password, Auth: login.Auth, ServerAddress: login.ServerAddress,
		IdentityToken: login.IdentityToken, RegistryToken: login.RegistryToken,
	})
	return auth, login.Password != "" || login.Auth != "" || login.IdentityToken != "" || login.RegistryToken != "", err
}
