package scratch

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
)

// Load loads a file or a folder that a subset was written to, as people are told to: scripts with psql, archives with
// pg_restore. It returns what the program reports, without the rows that it quotes, and which of the known warnings the
// server gave: others are of somebody's functions, and may quote rows.
func (s *Server) Load(ctx context.Context, path string, known map[string]bool) (warnings []string, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	var messages bytes.Buffer
	command := host.Command{Env: s.environ("loader"), Dir: s.dir, As: s.as, Stderr: &messages, Stdout: io.Discard}
	switch info, err := os.Stat(path); {
	case err != nil:
		return nil, err
	case info.IsDir(), strings.HasSuffix(path, ".dump"), strings.HasSuffix(path, ".tar"):
		command.Args = []string{
			s.tools.Path("pg_restore"), "--exit-on-error", "--no-owner", "--no-privileges", "--dbname=subset", path,
		}
		// It may be ours alone to read, and the server's user is another one.
		command.As = nil
	default:
		script, err := open(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = script.Close() }()
		command.Args = []string{s.tools.Path("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"}
		command.Stdin = script
	}
	err = host.Local{}.Run(ctx, command)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err == nil {
		return warned(messages.String(), known), nil
	}
	if text := pgtool.Clean(messages.String()); text != "" {
		return nil, errors.New(strings.ReplaceAll(text, "\n", "; "))
	}
	return nil, fmt.Errorf("%s did not load it", filepath.Base(command.Args[0]))
}

func warned(messages string, known map[string]bool) []string {
	var found []string
	for line := range strings.Lines(messages) {
		if _, text, _ := strings.Cut(strings.TrimSpace(line), "WARNING:  "); known[text] {
			found = append(found, text)
		}
	}
	return found
}

// open reads a script, decompressed as its name says.
func open(path string) (io.ReadCloser, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	buffered := bufio.NewReaderSize(file, 1<<16)
	s := &script{Reader: buffered, close: file.Close}
	switch filepath.Ext(path) {
	case ".gz":
		s.Reader, err = gzip.NewReader(buffered)
	case ".zst":
		var inner *zstd.Decoder
		if inner, err = zstd.NewReader(buffered); err == nil {
			s.Reader, s.close = inner, func() error { inner.Close(); return file.Close() }
		}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

type script struct {
	io.Reader
	close func() error
}

// Close closes the file.
func (s *script) Close() error { return s.close() }
