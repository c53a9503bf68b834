// Package forgetest has a forge in memory, and tests that a forge keeps the
// contract of package forge.
//
//	Conformance ──▶ Forge under test: Memory; GitHub, GitLab, Gitea on stand-ins or for real
package forgetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/offshoot-dev/offshoot/internal/forge"
)

// Memory is a forge that holds one repository in memory. The zero value has no
// pull request.
type Memory struct {
	// Before is called before each request, with its name; an error is the
	// request's answer. After is called after what it does, and an error from it
	// is a reply that was lost. Both may be nil and may block.
	Before, After func(ctx context.Context, request string) error

	mutex       sync.Mutex
	pulls       map[int]*forge.Pull
	comments    map[int][]string // text by number; ours only
	markers     map[int][]string
	statuses    map[string]forge.Status
	deployments map[string]forge.Deployment
	reactions   map[int64][]forge.Reaction
	files       map[string]string // by branch:path
	writers     []string
	requests    int
}

// Put makes a pull request, or puts it in the place of the one with its number.
func (m *Memory) Put(p forge.Pull) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.pulls == nil {
		m.pulls = map[int]*forge.Pull{}
	}
	p.Labels = slices.Clone(p.Labels)
	m.pulls[p.Number] = &p
}

// PutFile makes or replaces a file at the head of a branch.
func (m *Memory) PutFile(branch, path, content string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.files == nil {
		m.files = map[string]string{}
	}
	m.files[branch+":"+path] = content
}

// File reads a file.
func (m *Memory) File(ctx context.Context, branch, path string) (content []byte, err error) {
	err = m.do(ctx, "file", func() error {
		text, ok := m.files[cmp.Or(branch, "main")+":"+path]
		if !ok {
			return forge.ErrNotFound
		}
		content = []byte(text)
		return nil
	})
	return content, err
}

// Repository knows one repository, by its name.
func (m *Memory) Repository(ctx context.Context, name string) (forge.Repository, error) {
	err := m.do(ctx, "repository", func() error {
		if name != "" && name != "acme/shop" {
			return forge.ErrNotFound
		}
		return nil
	})
	return forge.Repository{ID: "memory#42", Name: "acme/shop"}, err
}

// Change changes a pull request in place.
func (m *Memory) Change(number int, change func(*forge.Pull)) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	change(m.pulls[number])
}

// Allow lets people write to the repository.
func (m *Memory) Allow(logins ...string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.writers = append(m.writers, logins...)
}

// Comments are the texts of our comments on a pull request.
func (m *Memory) Comments(number int) []string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return slices.Clone(m.comments[number])
}

// StatusOf is the last status of a commit.
func (m *Memory) StatusOf(commit, context string) forge.Status {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.statuses[commit+" "+context]
}

// Deployed is what is deployed to an environment; the zero value is nothing.
func (m *Memory) Deployed(environment string) forge.Deployment {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.deployments[environment]
}

// Reactions are those to one comment.
func (m *Memory) Reactions(commentID int64) []forge.Reaction {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return slices.Clone(m.reactions[commentID])
}

// Requests is how many requests there were.
func (m *Memory) Requests() int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.requests
}

// do runs one request between the hooks.
func (m *Memory) do(ctx context.Context, request string, act func() error) error {
	if m.Before != nil {
		if err := m.Before(ctx, request); err != nil {
			return fmt.Errorf("%s: %w", request, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", request, err)
	}
	m.mutex.Lock()
	m.requests++
	err := act()
	m.mutex.Unlock()
	if err == nil && m.After != nil {
		err = m.After(ctx, request)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", request, err)
	}
	return nil
}

// Pull reads one pull request.
func (m *Memory) Pull(ctx context.Context, number int) (found forge.Pull, err error) {
	err = m.do(ctx, fmt.Sprintf("pull request %d", number), func() error {
		p, ok := m.pulls[number]
		if !ok {
			return forge.ErrNotFound
		}
		found = copied(p)
		return nil
	})
	return found, err
}

// OpenPulls reads those that are open.
func (m *Memory) OpenPulls(ctx context.Context) (open []forge.Pull, err error) {
	err = m.do(ctx, "open pull requests", func() error {
		open = []forge.Pull{}
		for _, p := range m.pulls {
			if p.Open {
				open = append(open, copied(p))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(open, func(a, b forge.Pull) int { return cmp.Compare(a.Number, b.Number) })
	return open, nil
}

func copied(p *forge.Pull) forge.Pull {
	c := *p
	c.Labels = slices.Clone(p.Labels)
	return c
}

// MayWrite tells whether Allow named somebody.
func (m *Memory) MayWrite(ctx context.Context, login string) (may bool, err error) {
	err = m.do(ctx, "permission of "+login, func() error {
		may = slices.Contains(m.writers, login)
		return nil
	})
	return may, err
}

// Comment makes or edits our comment.
func (m *Memory) Comment(ctx context.Context, number int, c forge.Comment) error {
	return m.do(ctx, fmt.Sprintf("comment on pull request %d", number), func() error {
		if _, ok := m.pulls[number]; !ok {
			return forge.ErrNotFound
		}
		if c.Marker == "" || strings.ContainsAny(c.Marker, "<>\n") {
			return fmt.Errorf("%q is not a marker", c.Marker)
		}
		if m.comments == nil {
			m.comments, m.markers = map[int][]string{}, map[int][]string{}
		}
		if i := slices.Index(m.markers[number], c.Marker); i >= 0 {
			m.comments[number][i] = c.Text
			return nil
		}
		if c.Existing {
			return nil
		}
		m.comments[number] = append(m.comments[number], c.Text)
		m.markers[number] = append(m.markers[number], c.Marker)
		return nil
	})
}

// Said reads our comment.
func (m *Memory) Said(ctx context.Context, number int, marker string) (text string, err error) {
	err = m.do(ctx, fmt.Sprintf("read our comment on %d", number), func() error {
		if _, ok := m.pulls[number]; !ok {
			return forge.ErrNotFound
		}
		if i := slices.Index(m.markers[number], marker); i >= 0 {
			text = m.comments[number][i]
		}
		return nil
	})
	return text, err
}

// Status remembers the last status of a commit.
func (m *Memory) Status(ctx context.Context, commit string, s forge.Status) error {
	return m.do(ctx, "status of "+commit, func() error {
		if m.statuses == nil {
			m.statuses = map[string]forge.Status{}
		}
		m.statuses[commit+" "+s.Context] = s
		return nil
	})
}

// Deploy remembers what is deployed to an environment.
func (m *Memory) Deploy(ctx context.Context, d forge.Deployment) error {
	return m.do(ctx, "deploy to "+d.Environment, func() error {
		if m.deployments == nil {
			m.deployments = map[string]forge.Deployment{}
		}
		m.deployments[d.Environment] = d
		return nil
	})
}

// Retire forgets what is deployed to an environment.
func (m *Memory) Retire(ctx context.Context, environment string) error {
	return m.do(ctx, "retire "+environment, func() error {
		delete(m.deployments, environment)
		return nil
	})
}

// React remembers a reaction once.
func (m *Memory) React(ctx context.Context, number int, commentID int64, r forge.Reaction) error {
	return m.do(ctx, fmt.Sprintf("react to comment %d", commentID), func() error {
		if m.reactions == nil {
			m.reactions = map[int64][]forge.Reaction{}
		}
		if !slices.Contains(m.reactions[commentID], r) {
			m.reactions[commentID] = append(m.reactions[commentID], r)
		}
		return nil
	})
}

// NewPull is an open pull request to begin a test with.
func NewPull(number int, commit string) forge.Pull {
	return forge.Pull{
		Number: number, Title: fmt.Sprintf("Change %d", number), Author: "alice",
		URL:    fmt.Sprintf("https://forge.test/acme/shop/pull/%d", number),
		Commit: commit, Branch: fmt.Sprintf("change-%d", number), Base: "main", Open: true, Labels: []string{},
		Updated: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}
