package sweep

import (
	"context"
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/provision"
)

// Engine is the place of the previews on an engine.
type Engine struct {
	Engine provision.Engine
	// Number is the forge's own of the repository, see package repository: what
	// was made under another name of it is found too. Empty: not known.
	Number string
}

// Held lists the previews of the repository, what killed runs left of them, and
// a gateway that has none to serve.
func (e Engine) Held(ctx context.Context, repository string) ([]Held, error) {
	previews, err := e.Engine.List(ctx, provision.Filter{Repository: repository, RepositoryID: e.Number})
	if err != nil {
		return nil, err
	}
	var held []Held
	for _, status := range previews {
		held = append(held, heldOf(status)...)
	}
	idle, err := e.Engine.IdleGateway(ctx)
	if err != nil {
		return nil, err
	}
	if idle {
		held = append(held, Held{Kind: Gateway, ID: "gateway", Orphan: "there is no preview for it"})
	}
	return held, nil
}

// heldOf is the preview, and apart from it what a killed update left beside
// the generation that serves.
func heldOf(s provision.Status) []Held {
	h := Held{
		Kind: Preview, ID: s.Preview.ID, Preview: s.Preview.ID, Repository: s.Preview.Repository,
		PullRequest: s.Preview.PullRequest,
		Generation:  s.Generation, Created: s.Created, Expires: s.Expires,
	}
	if len(s.Stale) == 0 {
		if s.Generation == 0 { // not even a generation: a removal did not come to its end
			h.Orphan = "what a run left that was killed"
		}
		return []Held{h}
	}
	const text = "a run that was killed left it"
	if s.State == provision.Incomplete {
		h.Orphan = text
		return []Held{h}
	}
	left := h
	left.Kind, left.Orphan = Generation, fmt.Sprintf("%s beside generation %d, which serves", text, s.Generation)
	return []Held{h, left}
}

// Again lists one preview.
func (e Engine) Again(ctx context.Context, h Held) (Held, error) {
	if h.Kind == Gateway {
		idle, err := e.Engine.IdleGateway(ctx)
		if err == nil && !idle {
			err = ErrGone
		}
		return h, err
	}
	status, err := e.Engine.Get(ctx, provision.Preview{ID: h.Preview})
	if errors.Is(err, provision.ErrNoPreview) {
		return h, ErrGone
	}
	if err != nil {
		return h, err
	}
	for _, now := range heldOf(status) {
		if now.Kind == h.Kind {
			return now, nil
		}
	}
	return h, ErrGone
}

// Remove removes a preview, or what is left beside it.
func (e Engine) Remove(ctx context.Context, h Held) error {
	var err error
	switch h.Kind {
	case Gateway:
		err = e.Engine.RemoveIdleGateway(ctx)
	case Generation:
		err = e.Engine.RemoveStale(ctx, h.Preview)
	default:
		_, err = e.Engine.Down(ctx, provision.Preview{ID: h.Preview}, provision.Guard{}, nil)
	}
	if errors.Is(err, provision.ErrNoPreview) {
		return ErrGone
	}
	return busyIfLocked(err)
}
