package forge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// A note is one comment as a forge has it.
type note struct {
	id     int64
	author string
	bot    bool // not a person's
	shared bool // by a user that the jobs of strangers write as too
	body   string
}

// notes are the comments of one pull request.
type notes interface {
	// self is who writes our comments, or "" when the forge does not tell.
	self(ctx context.Context) (string, error)
	list(ctx context.Context) ([]note, error)
	// add returns the author that the reply names, if it names one.
	add(ctx context.Context, body string) (author string, err error)
	edit(ctx context.Context, id int64, body string) error
	drop(ctx context.Context, id int64) error
}

// A voucher knows of more authors than self whose comments are ours: another
// token may have written for us, and this one may change its comments.
type voucher interface {
	vouches(ctx context.Context, author string) (bool, error)
}

// upsert leaves exactly one comment of ours, with this text. It looks again
// after it has added one: another run may have done so at the same time, and
// then all of them keep the oldest. An addition whose reply was lost is found
// the same way.
func upsert(ctx context.Context, on notes, c Comment) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	self, err := on.self(ctx)
	if err != nil {
		return err
	}
	var added error
	for range mostTries {
		ours, err := find(ctx, on, c, self)
		if err != nil {
			return err
		}
		if len(ours) == 0 && c.Existing {
			return nil
		}
		if lacking(ours, self) {
			var author string
			author, added = on.add(ctx, body)
			if definite(added) {
				return added
			}
			self = cmp.Or(self, author)
			continue
		}
		err = settle(ctx, on, ours, body)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		// Somebody has just removed it: look again.
	}
	return fmt.Errorf("our comment does not stay: %w", cmp.Or(added, ErrNotFound))
}

// definite tells an answer, after which there is no comment, from an addition
// of which nobody knows what became.
func definite(err error) bool {
	var refused *refusedError
	var wait *WaitError
	return errors.As(err, &refused) || errors.As(err, &wait) || errors.Is(err, ErrNotFound) ||
		errors.Is(err, context.Canceled)
}

// A refusedError is an answer that says no (HTTP 4xx).
type refusedError struct {
	status int
	err    error
}

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

// Is makes ErrForbidden of the answer 403. One that only asks to wait does not
// come here.
func (e *refusedError) Is(target error) bool {
	return target == ErrForbidden && e.status == http.StatusForbidden
}

// refused marks the error of an answer with such a status.
func refused(status int, err error) error {
	if err != nil && status >= 400 && status < 500 {
		return &refusedError{status, err}
	}
	return err
}

// lacking tells whether there is none that only we write to. Who writes as a
// user of its own does not take over the comment of a shared one: a stranger's
// job could later rewrite what we say.
func lacking(ours []note, self string) bool {
	return len(ours) == 0 || ours[0].shared && ours[0].author != self
}

// find lists our comments: the oldest first, those of shared users last, so that
// whoever writes for us keeps the same. The marker alone is no proof: a stranger
// who copies it could later rewrite what we say.
func find(ctx context.Context, on notes, c Comment, self string) ([]note, error) {
	all, err := on.list(ctx)
	if err != nil {
		return nil, err
	}
	marked := slices.DeleteFunc(all, func(n note) bool { return !c.marks(n.body) })
	var ours []note
	for _, n := range marked {
		byUs := n.author == self || self == "" && n.bot || n.shared
		if v, ok := on.(voucher); ok && !byUs {
			if byUs, err = v.vouches(ctx, n.author); err != nil {
				return nil, err
			}
		}
		if byUs {
			ours = append(ours, n)
		}
	}
	slices.SortFunc(ours, func(a, b note) int {
		return cmp.Or(compareBools(a.shared, b.shared), cmp.Compare(a.id, b.id))
	})
	return ours, nil
}

// compareBools puts false first.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// settle gives the oldest comment the text, and removes the others.
func settle(ctx context.Context, on notes, ours []note, body string) error {
	var errs []error
	for _, extra := range ours[1:] {
		if err := on.drop(ctx, extra.id); !errors.Is(err, ErrNotFound) {
			errs = append(errs, err)
		}
	}
	if !sameText(ours[0].body, body) {
		errs = append(errs, on.edit(ctx, ours[0].id, body))
	}
	return errors.Join(errs...)
}

// sameText ignores what forges change in a text by themselves.
func sameText(a, b string) bool {
	clean := func(text string) string { return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) }
	return clean(a) == clean(b)
}
