package provision

import (
	"context"
	"fmt"
	"slices"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/repository"
)

// An OthersError says that an id is that of another repository's preview.
type OthersError struct {
	Preview Preview // that was meant
	Other   Preview // that is there
}

func (e *OthersError) Error() string {
	return fmt.Sprintf("preview %s is one of %s, not of %s", e.Preview.ID, printable(e.Other.Repository),
		printable(e.Preview.Repository))
}

// others is the OthersError with what to do about it.
func others(wanted, there Preview) error {
	return hint.Usage(&OthersError{Preview: wanted, Other: there},
		"set another project name in offshoot.yaml; if that is this repository's former name, offshoot ci and "+
			"offshoot down --pr find out, with the forge's token")
}

// SameRepository tells whether two previews are of one repository: by its
// forge's number where both have one, else by its name.
func (p Preview) SameRepository(other Preview) bool {
	return repository.Same(p.Repository, p.RepositoryID, other.Repository, other.RepositoryID)
}

// Rename finds, among what is on an engine, the preview that was made of the
// same pull request while the repository had another name, or is the one that
// is wanted as it is. Named tells that the project has a name of its own, and is
// not called after the repository.
func Rename(wanted Preview, named bool, there []Preview) Preview {
	was := func(p Preview) bool {
		if wanted.RepositoryID == "" || p.RepositoryID != wanted.RepositoryID || p.Repository == wanted.Repository ||
			p.PullRequest != wanted.PullRequest || p.Branch != wanted.Branch && wanted.PullRequest == 0 {
			return false
		}
		if named {
			return p.Project == wanted.Project
		}
		then, err := Identify(p.Repository, "", p.PullRequest, p.Branch)
		return err == nil && then.ID == p.ID
	}
	if i := slices.IndexFunc(there, was); i >= 0 {
		return there[i]
	}
	return wanted
}

// Known lists whose previews there are on the engine that pass one of the filters.
func (e Engine) Known(ctx context.Context, filters ...Filter) ([]Preview, error) {
	s, err := look(ctx, e.Docker.Client(), "")
	if err != nil {
		return nil, err
	}
	var found []Preview
	for _, id := range s.previews() {
		p := s.generation(id, s.shown(id)).Preview
		if slices.ContainsFunc(filters, func(f Filter) bool { return f.matches(p) }) {
			found = append(found, p)
		}
	}
	return found, nil
}
