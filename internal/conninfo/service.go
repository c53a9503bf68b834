package conninfo

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/jackc/pgservicefile"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Settings returns all that a connection string says: what it spells out, as Read
// does, and what the service that it or PGSERVICE names says besides. As in libpq
// that wins over the environment.
func Settings(text string) (map[string]string, error) {
	given, err := Read(text)
	if err != nil {
		return nil, err
	}
	_, all, err := service(given)
	if err != nil {
		return nil, err
	}
	maps.Copy(all, given)
	return all, nil
}

// sysconf are the folders that builds of libpq look for pg_service.conf in.
// Debian's and Red Hat's have their own.
var sysconf = []string{"/etc/postgresql-common", "/etc/sysconfig/pgsql", "/etc"}

// service finds a service in the file of the user, else in that of the computer, and
// returns the file.
// https://www.postgresql.org/docs/current/libpq-pgservice.html
func service(given map[string]string) (file string, settings map[string]string, err error) {
	name := or(given["service"], "PGSERVICE")
	if name == "" {
		return "", map[string]string{}, nil
	}
	files := serviceFiles(given)
	for _, file := range files {
		all, err := pgservicefile.ReadServicefile(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return "", nil, hint.Usage(fmt.Errorf("services in %s cannot be read", file), "mend the file")
		}
		if s, err := all.GetService(name); err == nil {
			return file, s.Settings, checkAll(s.Settings)
		}
	}
	return "", nil, hint.Usage(fmt.Errorf("no service %s", name), "write [%s] to %s, with a line for each setting",
		name, files[0])
}

func serviceFiles(given map[string]string) []string {
	own := or(given["servicefile"], "PGSERVICEFILE")
	if own == "" {
		home, _ := os.UserHomeDir()
		own = filepath.Join(home, ".pg_service.conf")
	}
	files := []string{own}
	folders := sysconf
	if folder := os.Getenv("PGSYSCONFDIR"); folder != "" {
		folders = []string{folder}
	}
	for _, folder := range folders {
		files = append(files, filepath.Join(folder, "pg_service.conf"))
	}
	return files
}

func checkAll(settings map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if err := (pair{name, settings[name]}).check(); err != nil {
			return err
		}
	}
	return nil
}
