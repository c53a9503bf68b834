package compose

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/tonistiigi/fsutil"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// buildFiles gives the builder its context and its Dockerfile.
func (s *Stack) buildFiles(service types.ServiceConfig, dir string, opt *client.SolveOpt) error {
	b := service.Build
	if !local(b.Context) {
		opt.FrontendAttrs["context"] = b.Context
		if b.Dockerfile != "" {
			opt.FrontendAttrs["filename"] = b.Dockerfile
		}
		return nil
	}
	context, err := fsutil.NewFS(b.Context)
	if err != nil {
		return hint.Usage(fmt.Errorf("build context: %w", err), "")
	}
	if err := s.dockerfile(service, dir); err != nil {
		return err
	}
	files, err := fsutil.NewFS(dir)
	if err != nil {
		return err
	}
	opt.SharedKey = "offshoot:" + b.Context
	opt.LocalMounts["context"], opt.LocalMounts["dockerfile"] = context, files
	opt.FrontendAttrs["filename"] = "Dockerfile"
	return nil
}

// dockerfile puts the Dockerfile, also an inline one, into dir, and the
// .dockerignore of its own that it may have. BuildKit sends a file again only
// when its size or time differ from what another build sent: files just written
// have a time of their own.
func (s *Stack) dockerfile(service types.ServiceConfig, dir string) error {
	b := service.Build
	text := []byte(b.DockerfileInline)
	if b.DockerfileInline == "" {
		path := absolute(b.Context, b.Dockerfile)
		var err error
		if text, err = os.ReadFile(path); errors.Is(err, os.ErrNotExist) {
			return hint.Usage(fmt.Errorf("no Dockerfile at %s", path), "see build.context and build.dockerfile of service %s", service.Name)
		} else if err != nil {
			return err
		}
		if ignore, err := os.ReadFile(path + ".dockerignore"); err == nil {
			if err := os.WriteFile(filepath.Join(dir, "Dockerfile.dockerignore"), ignore, 0o600); err != nil {
				return err
			}
		}
	}
	text, syntax := withoutSyntax(text)
	if syntax != "" {
		s.events.emit(Event{
			Kind: "build", Subject: service.Name, State: Warning,
			Text: "syntax " + syntax + " is not fetched: the engine's own Dockerfile syntax is used",
		})
	}
	return os.WriteFile(filepath.Join(dir, "Dockerfile"), text, 0o600)
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
