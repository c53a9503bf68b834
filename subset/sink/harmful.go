package sink

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgarchive"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
)

// key is what psql waits for before it takes commands again. It is made of the
// whole schema, so that the same subset gives the same bytes: none of the texts
// can hold it, because each makes it another one.
func (s *schema) key(ctx context.Context, preData string) (string, error) {
	postData, err := s.script(ctx, pgtool.PostData, s.entries)
	if err != nil {
		return "", err
	}
	digest := sha256.New()
	for _, text := range []string{"restrict", preData, postData} {
		_, _ = io.WriteString(digest, text)
		_, _ = digest.Write([]byte{0})
	}
	return hex.EncodeToString(digest.Sum(nil)[:24]), nil
}

// checkEntries refuses an archive that would make a harmful script: pg_restore
// makes one of it with --file.
func checkEntries(a *pgarchive.Archive) error {
	var checked pgtool.Schema
	for _, e := range a.Entries {
		for _, text := range []*string{e.Definition, e.Drop} {
			err := checked.Check(deref(text))
			var command *pgtool.CommandError
			if errors.As(err, &command) {
				return harmful(&pgtool.CommandError{Object: describe(e), Err: command.Err})
			}
		}
	}
	return nil
}

func harmful(err error) error {
	return hint.Wrap(err,
		"no PostgreSQL says that of an object: find out who changed the functions of the source's catalog, or drop "+
			"the object")
}
