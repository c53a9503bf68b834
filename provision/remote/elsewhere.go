package remote

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
)

// Elsewhere is an archive that is not on this computer, and that a machine can
// fetch by itself.
type Elsewhere struct {
	SHA256 string
	Bytes  int64
	// Link lets whoever has it read the archive for a while: a secret.
	Link func(ctx context.Context) (string, error)
	// Download brings the archive here, for a machine that cannot fetch it.
	Download func(ctx context.Context) (path string, err error)
}

// A Fetching asks a machine to fetch an archive. It travels on standard input.
type Fetching struct {
	Link   string `json:"link"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// Fetch reads a link into a file, which is there as a whole or not at all, and
// only if it has the digest.
type Fetch func(ctx context.Context, f Fetching, path string) error

func (g *goods) addElsewhere(e *Elsewhere) error {
	g.elsewhere, g.order.Request.Options.Archive = e, e.SHA256
	g.order.Tree = append(g.order.Tree, Entry{Path: archiveFolder + "/" + e.SHA256, Mode: 0o600, Size: e.Bytes, SHA256: e.SHA256})
	return g.order.Tree.check()
}

// supply brings parts to the machine: the archive by its own hands, where it
// can, and the rest from here.
func (s Site) supply(ctx context.Context, g *goods, parts []Part) error {
	isArchive := func(p Part) bool { return g.elsewhere != nil && g.archive == "" && p.SHA256 == g.elsewhere.SHA256 }
	if slices.ContainsFunc(parts, isArchive) {
		err := s.fetch(ctx, g.elsewhere)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil:
			parts = slices.DeleteFunc(slices.Clone(parts), isArchive)
		default:
			s.notice("the machine cannot fetch the archive, so that it is sent from here: " + err.Error())
			if g.archive, err = g.elsewhere.Download(ctx); err != nil {
				return err
			}
		}
	}
	return s.sendParts(ctx, *g, parts)
}

func (s Site) notice(text string) {
	if s.Notice != nil {
		s.Notice(text)
	}
}

func (s Site) fetch(ctx context.Context, e *Elsewhere) error {
	link, err := e.Link(ctx)
	if err != nil {
		return err
	}
	var done bool
	return s.ask(ctx, "fetch", Fetching{Link: link, SHA256: e.SHA256, Bytes: e.Bytes}, &done)
}

// commandFetch is the machine's side of fetch.
func (p Place) commandFetch(ctx context.Context, stdin io.Reader, stdout io.Writer, fetch Fetch) error {
	var f Fetching
	if err := json.NewDecoder(stdin).Decode(&f); err != nil {
		return errors.New("agent fetch: what is asked for cannot be read") // it holds the link
	}
	if !isDigest(f.SHA256) {
		return errors.New("agent fetch: no digest")
	}
	if err := os.MkdirAll(p.objects().folder, 0o700); err != nil {
		return explainDisk(err)
	}
	if err := fetch(ctx, f, p.objects().path(f.SHA256)); err != nil {
		return explainDisk(err)
	}
	return json.NewEncoder(stdout).Encode(true)
}
