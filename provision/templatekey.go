package provision

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/compose"
)

// maxBeside bounds what is read of the files that a database is given beside
// its data.
const maxBeside = 64 << 20

// A templateKey is all that decides what is in a database after the archive was
// loaded. Of two that are the same, one can have the other's data.
type templateKey struct {
	Repository string              // whose code is trusted with whose data
	Stranger   string              `json:",omitempty"` // the only preview that has it
	Archive    string              // sha256
	Database   string              `json:",omitempty"` // that it goes into, where the environment does not say
	Owner      string              `json:",omitempty"`
	Others     map[string]string   `json:",omitempty"` // digests of other databases' archives, by name
	Layers     []string            // of the image: the server's version, its collations, its architecture
	Platform   string              //
	Image      any                 // its configuration
	Service    types.ServiceConfig // what is left of it: see bare
	Data       string              // where the data are
	Beside     map[string]string   // digests of files that are mounted, by where
}

// wantedTemplate names the template of the database that is about to be made. The zero
// template is none: it is not wanted, or it cannot be told what would be in it.
func (c *cloning) wantedTemplate(ctx context.Context) template {
	if c.archive == nil || c.options.NoTemplate {
		return template{}
	}
	s, err := c.templateKey(ctx)
	var text, name []byte
	if err == nil {
		text, err = json.Marshal(s)
	}
	if err == nil {
		name, err = c.secretDigest(ctx, text)
	}
	if err != nil {
		if ctx.Err() == nil {
			c.notice("the archive is loaded without a template: %s", printable(err.Error()))
		}
		return template{}
	}
	return template{name: c.gateway() + "-seed-" + string(name)}
}

// secretDigest is one that nobody can guess passwords by: the gateway makes it
// with its key.
func (c *cloning) secretDigest(ctx context.Context, text []byte) ([]byte, error) {
	sum := sha256.Sum256(text)
	var stdout bytes.Buffer
	if err := c.askGateway(ctx, bytes.NewReader(sum[:]), &stdout, "digest"); err != nil {
		return nil, err
	}
	digest := bytes.TrimSpace(stdout.Bytes())
	if len(digest) != 32 {
		return nil, errors.New("the gateway's digest is none")
	}
	return digest, nil
}

func (c *cloning) templateKey(ctx context.Context) (templateKey, error) {
	service := c.written.Services[c.next.Database]
	if err := lonely(service); err != nil {
		return templateKey{}, err
	}
	image, err := c.Docker.Client().ImageInspect(ctx, service.Image)
	if err != nil {
		return templateKey{}, fmt.Errorf("image of the database: %w", err)
	}
	s := templateKey{
		Repository: c.next.Preview.Repository, Archive: c.archive.SHA256, Database: c.next.Loaded, Owner: c.owner,
		Others: map[string]string{},
		Layers: image.RootFS.Layers, Platform: image.Os + "/" + image.Architecture + "/" + image.Variant,
		Service: bare(service, c.ownVariables(service)), Beside: map[string]string{},
	}
	if c.options.Stranger {
		s.Stranger = c.next.Preview.ID
	}
	for _, other := range c.others {
		s.Others[other.database] = other.archive.SHA256
	}
	if found := image.Config; found != nil {
		config := *found
		config.Labels, config.Healthcheck = nil, nil
		s.Image = config
	}
	return s, s.mounts(c.written, c.stack.Load().Project(), service)
}

// bare leaves of a service what its nursery is made with, but for what names the
// preview, what only bounds it, and what is looked at by itself.
func bare(s types.ServiceConfig, own map[string]string) types.ServiceConfig {
	s.Environment = maps.Clone(s.Environment)
	for name := range own {
		delete(s.Environment, name)
	}
	s.Name, s.ContainerName, s.Image, s.Build = "", "", "", nil
	s.Labels, s.CustomLabels, s.LabelFiles, s.EnvFiles, s.Annotations = nil, nil, nil, nil, nil
	s.Volumes, s.Configs, s.Secrets, s.Networks = nil, nil, nil, nil
	s.HealthCheck, s.PreStop, s.Develop, s.Logging, s.Deploy, s.Scale = nil, nil, nil, nil, nil, nil
	s.Ports, s.Expose, s.Profiles, s.Restart, s.PullPolicy, s.Extensions = nil, nil, nil, "", "", nil
	s.CPUS, s.CPUQuota, s.CPUPeriod, s.CPUShares, s.CPUSet = 0, 0, 0, 0, ""
	s.MemLimit, s.MemSwapLimit, s.MemReservation, s.PidsLimit = 0, 0, 0, 0
	return s
}

// mounts takes in what the database is given beside its data. A volume may
// hold anything, so that there is no template beside one; and so may a folder that
// is not copied for this generation alone, at any moment.
func (s *templateKey) mounts(project, placed *types.Project, service types.ServiceConfig) error {
	left := int64(maxBeside)
	for _, v := range service.Volumes {
		switch {
		case v.Type == types.VolumeTypeVolume && v.Source == compose.DatabaseVolume:
			s.Data = v.Target
		case v.Type == types.VolumeTypeTmpfs:
		case v.Type == types.VolumeTypeBind && v.Source == os.DevNull:
			s.Beside[v.Target] = os.DevNull
		case v.Type == types.VolumeTypeBind &&
			slices.ContainsFunc(placed.Services[service.Name].Volumes, func(other types.ServiceVolumeConfig) bool {
				return other.Type == v.Type && other.Target == v.Target && other.Source == v.Source
			}):
			return fmt.Errorf("the database shares %s with others", v.Target)
		case v.Type == types.VolumeTypeBind:
			digest, err := treeDigest(v.Source, &left)
			if err != nil {
				return err
			}
			s.Beside[v.Target] = digest
		default:
			return fmt.Errorf("the database has a %s at %s beside its data", v.Type, v.Target)
		}
	}
	return s.given(project, service, &left)
}

// given takes in configs and secrets.
func (s *templateKey) given(project *types.Project, service types.ServiceConfig, left *int64) error {
	files := map[string]types.FileObjectConfig{}
	for _, c := range service.Configs {
		files["config "+c.Source+" "+c.Target] = types.FileObjectConfig(project.Configs[c.Source])
	}
	for _, c := range service.Secrets {
		files["secret "+c.Source+" "+c.Target] = types.FileObjectConfig(project.Secrets[c.Source])
	}
	for _, where := range slices.Sorted(maps.Keys(files)) {
		object := files[where]
		s.Beside[where] = object.Content
		if object.File == "" {
			s.Beside[where] += "\x00" + object.Environment
			if object.Environment != "" {
				return fmt.Errorf("%s of the database is from the environment", where)
			}
			continue
		}
		digest, err := treeDigest(object.File, left)
		if err != nil {
			return err
		}
		s.Beside[where] = digest
	}
	return nil
}

// treeDigest is that of a file or of all in a folder.
func treeDigest(root string, left *int64) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path) // what a link leads to is what the container reads
		if err != nil {
			return err
		}
		below, _ := filepath.Rel(root, path)
		fmt.Fprintf(h, "%q %v %d\n", below, info.Mode(), info.Size())
		if !info.Mode().IsRegular() {
			return nil
		}
		return readInto(h, path, left)
	})
	if err != nil {
		return "", fmt.Errorf("what the database is given beside its data: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func readInto(w io.Writer, path string, left *int64) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	n, err := io.Copy(w, io.LimitReader(file, *left+1))
	if *left -= n; *left < 0 {
		return fmt.Errorf("more than %d MB", maxBeside>>20)
	}
	return err
}
