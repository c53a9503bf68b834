package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
)

// loadPreview loads the database of a preview, as its migrations have left it.
func (a data) loadPreview(ctx context.Context, u *ui.UI, w which, known *facts.Facts) (_ *loadedArchive, err error) {
	dir, err := os.MkdirTemp("", "offshoot-explain-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "preview.dump")
	step := u.Start("read the preview's database")
	if err := a.dumpPreview(ctx, w, path); err != nil {
		step.Fail("")
		return nil, err
	}
	step.Done("")
	return a.loadArchive(ctx, u, "load the preview's database", path, known)
}

// dumpPreview writes the database of a preview into an archive. Whoever wrote the pull request decides what is in it:
// pg_restore sends it to the server alone, where psql would follow commands in a script.
func (a data) dumpPreview(ctx context.Context, w which, path string) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return a.onPreview(ctx, "read the database of", w, func(all provision.Previews, p provision.Preview) error {
		return dumpDatabase(ctx, all, p, file)
	})
}

// dumpDatabase reads the database of a preview by its container's own pg_dump.
func dumpDatabase(ctx context.Context, all provision.Previews, p provision.Preview, to io.Writer) error {
	status, err := all.Get(ctx, p)
	if err != nil {
		return err
	}
	var who, why bytes.Buffer
	asked := []string{"-X", "-A", "-t", "-F", "\n", "-c", "SELECT current_user, pg_catalog.current_database()"}
	code, err := all.Psql(ctx, p, asked, compose.ExecOptions{Stdout: &who, Stderr: &why})
	user, database, _ := strings.Cut(strings.TrimSuffix(who.String(), "\n"), "\n")
	if err == nil && code == 0 {
		code, err = all.Exec(ctx, p, status.Database, compose.ExecOptions{
			Argv: []string{
				"pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--username=" + user,
				"--dbname=" + database,
			},
			Stdout: to, Stderr: &why,
		})
	}
	if err == nil && code != 0 {
		err = fmt.Errorf("exit %d: %s", code, ui.Clean(strings.TrimSpace(why.String())))
	}
	return err
}
