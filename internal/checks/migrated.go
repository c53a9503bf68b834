package checks

import (
	"context"

	"github.com/offshoot-dev/offshoot/internal/queries"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// Revisit visits the pages of main's recording once more, where main's code is up on a database that the pull request
// has migrated, and runs what is to be run. Because names what a statement no longer works because of, by its shape.
func (s Settings) Revisit(
	ctx context.Context, on Stack, before *queries.Recording, because func(shape string) string,
) (*Migrated, error) {
	s.Pages = nil
	for _, p := range before.Pages {
		if p.Visited() {
			s.Pages = append(s.Pages, p.Path)
		}
	}
	s.Most = max(len(s.Pages), 1)
	now, err := s.record(ctx, on, 1)
	if err != nil {
		return nil, err
	}
	return broken(before, now, because), nil
}

// broken are the pages that fail now and did not before.
func broken(before, now *queries.Recording, because func(shape string) string) *Migrated {
	m := &Migrated{Broken: []*Broken{}}
	for _, p := range now.Pages {
		if p.Visited() {
			m.Pages++
		}
		was := before.Page(p.Path)
		if p.Path == "" || was == nil || was.Fails() || !p.Fails() {
			continue
		}
		b := &Broken{Path: p.Path, Status: p.Status, Exit: p.Exit}
		if len(p.Errors) > 0 {
			b.Code, b.Statement = p.Errors[0].Code, sqltext.Shape(p.Errors[0].Text)
			b.Because = because(b.Statement)
		}
		m.Broken = append(m.Broken, b)
	}
	return m
}
