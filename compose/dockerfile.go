package compose

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/util/staticfs"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// buildFiles gives the builder its context and its Dockerfile.
func (s *Stack) buildFiles(service types.ServiceConfig, opt *client.SolveOpt) error {
	b := service.Build
	if !local(b.Context) {
		opt.FrontendAttrs["context"] = b.Context
		if b.Dockerfile != "" {
			opt.FrontendAttrs["filename"] = b.Dockerfile
		}
		return nil
	}
	context, err := contextOf(b.Context)
	if err != nil {
		return hint.Usage(fmt.Errorf("build context: %w", err), "")
	}
	files, err := s.dockerfile(service)
	if err != nil {
		return err
	}
	opt.SharedKey = "offshoot:" + b.Context
	opt.LocalMounts["context"], opt.LocalMounts["dockerfile"] = context, files
	opt.FrontendAttrs["filename"] = "Dockerfile"
	return nil
}

// contextOf is a folder as a build sees it: whole, but for git's configurations,
// in which the address of a remote may hold a token. Git itself needs none to
// describe what it has.
func contextOf(folder string) (fsutil.FS, error) {
	all, err := fsutil.NewFS(folder)
	if err != nil {
		return nil, err
	}
	return fsutil.NewFilterFS(all,
		&fsutil.FilterOpt{ExcludePatterns: []string{"**/.git/config", "**/.git/**/config", "**/.git/config.worktree"}})
}

// dockerfile is a folder in memory with the Dockerfile, also an inline one, and
// the .dockerignore of its own that it may have. BuildKit sends a file again only
// when its size or time differ from what another build sent: these have the time
// of now.
func (s *Stack) dockerfile(service types.ServiceConfig) (fsutil.FS, error) {
	b := service.Build
	files, now := staticfs.NewFS(), time.Now().UnixNano()
	text := []byte(b.DockerfileInline)
	if b.DockerfileInline == "" {
		path := absolute(b.Context, b.Dockerfile)
		var err error
		if text, err = os.ReadFile(path); errors.Is(err, os.ErrNotExist) {
			return nil,
				hint.Usage(fmt.Errorf("no Dockerfile at %s", path),
					"see build.context and build.dockerfile of service %s", service.Name)
		} else if err != nil {
			return nil, err
		}
		if ignore, err := os.ReadFile(path + ".dockerignore"); err == nil {
			files.Add("Dockerfile.dockerignore", &fstypes.Stat{ModTime: now}, ignore)
		}
	}
	if err := s.foreignImage(*b, text); err != nil {
		return nil, err
	}
	text, syntax := withoutSyntax(text)
	if syntax != "" {
		s.events.emit(Event{
			Kind: "build", Subject: service.Name, State: Warning,
			Text: "syntax " + syntax + " is not fetched: the engine's own Dockerfile syntax is used",
		})
	}
	files.Add("Dockerfile", &fstypes.Stat{ModTime: now}, text)
	return flatFiles{files}, nil
}

// flatFiles are files without folders. StaticFS takes the name of one for the
// folder of those that begin with it.
type flatFiles struct{ *staticfs.FS }

// Walk visits the one file called target, or all.
func (f flatFiles) Walk(ctx context.Context, target string, visit fs.WalkDirFunc) error {
	return f.FS.Walk(ctx, target, func(path string, entry fs.DirEntry, err error) error {
		if strings.Trim(target, "/") != "" && path != target {
			return nil
		}
		return visit(path, entry, err)
	})
}

// withoutSyntax blanks the "# syntax=" line, which makes BuildKit pull another
// frontend, and keeps the line numbers.
func withoutSyntax(text []byte) ([]byte, string) {
	syntax, _, where, ok := parser.DetectSyntax(text)
	if !ok || len(where) == 0 {
		return text, ""
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	for n := where[0].Start.Line; n <= where[0].End.Line && n <= len(lines); n++ {
		lines[n-1] = []byte("#\n")
	}
	return bytes.Join(lines, nil), syntax
}
