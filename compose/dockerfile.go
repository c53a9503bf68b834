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
	context, err := fsutil.NewFS(b.Context)
	if err != nil {
		return hint.Usage(fmt.Errorf("build context: %w", err), "")
	}
	files, err := s.dockerfile(service)
	if err != nil {
		return err
	}
	opt.LocalMounts["context"], opt.LocalMounts["dockerfile"] = context, files
	opt.FrontendAttrs["filename"] = "Dockerfile"
	return nil
}

// dockerfile is a folder with the Dockerfile, also an inline one, and the
// .dockerignore of its own that it may have.
func (s *Stack) dockerfile(service types.ServiceConfig) (fsutil.FS, error) {
	b := service.Build
	files := staticfs.NewFS()
	text := []byte(b.DockerfileInline)
	if b.DockerfileInline == "" {
		path := absolute(b.Context, b.Dockerfile)
		var err error
		if text, err = os.ReadFile(path); errors.Is(err, os.ErrNotExist) {
			return nil, hint.Usage(fmt.Errorf("no Dockerfile at %s", path), "see build.context and build.dockerfile of service %s", service.Name)
		} else if err != nil {
			return nil, err
		}
		ignore, err := os.ReadFile(path + ".dockerignore")
		if err == nil {
			add(files, "Dockerfile.dockerignore", ignore)
		}
	}
	text, syntax := withoutSyntax(text)
	if syntax != "" {
		s.events.emit(Event{
			Kind: "build", Subject: service.Name, State: Warning,
			Text: "syntax " + syntax + " is not fetched: the engine's own Dockerfile syntax is used",
		})
	}
	add(files, "Dockerfile", text)
	return files, nil
}

func add(fs *staticfs.FS, name string, data []byte) {
	fs.Add(filepath.Base(name), &fstypes.Stat{Mode: 0o644, Size: int64(len(data))}, data)
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
