package plan

import (
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// skippable refuses to leave out extensions that are not there or that other objects are made of.
func skippable(db *catalog.Database, names []string) error {
	var errs []error
	for _, name := range names {
		switch e, ok := db.Extension(name); {
		case !ok:
			err := fmt.Errorf("subset.extensions: %s: the source has no such extension", name)
			errs = append(errs, hint.Usage(err, ""))
		case e.Needed:
			err := fmt.Errorf("subset.extensions: %s cannot be left out: objects of the source depend on it", name)
			errs = append(errs, hint.Usage(err, "use a target that has it"))
		}
	}
	return errors.Join(errs...)
}
