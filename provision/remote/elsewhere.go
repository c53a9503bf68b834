package remote

import (
	"context"
	"errors"
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

func (p *payload) addElsewhere(e *Elsewhere) error {
	p.elsewhere, p.request.Request.Options.Archive = e, e.SHA256
	p.request.Tree = append(p.request.Tree,
		Entry{Path: archiveFolder + "/" + e.SHA256, Mode: 0o600, Size: e.Bytes, SHA256: e.SHA256})
	return p.request.Tree.check()
}

// supply brings parts to the machine: the archive by its own hands, where it
// can, and the rest from here.
func (s Site) supply(ctx context.Context, p *payload, parts []Part) error {
	isArchive := func(one Part) bool {
		return p.elsewhere != nil && p.archive == "" && one.SHA256 == p.elsewhere.SHA256
	}
	if slices.ContainsFunc(parts, isArchive) {
		err := s.fetch(ctx, p.elsewhere)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil:
			parts = slices.DeleteFunc(slices.Clone(parts), isArchive)
		default:
			s.notice("the machine cannot fetch the archive, so that it is sent from here: " + err.Error())
			if p.archive, err = p.elsewhere.Download(ctx); err != nil {
				return err
			}
		}
	}
	return s.sendParts(ctx, *p, parts)
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

// fetch has an archive fetched to where the contents of files are.
func (p Place) fetch(ctx context.Context, f Fetching, fetch Fetch) error {
	if !isDigest(f.SHA256) {
		return errors.New("agent fetch: no digest")
	}
	if err := os.MkdirAll(p.objects().folder, 0o700); err != nil {
		return explainDisk(err)
	}
	return explainDisk(fetch(ctx, f, p.objects().path(f.SHA256)))
}
