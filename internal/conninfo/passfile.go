package conninfo

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgpassfile"
	"github.com/jackc/pgx/v5/pgconn"
)

// passwords finds passwords of servers in a file, which has one for each server. It
// returns nil where a connection string, read without that file, has the password.
// https://www.postgresql.org/docs/current/libpq-pgpass.html
func passwords(config *pgconn.Config, settings map[string]string) func(Server) string {
	if config.Password != "" {
		return nil
	}
	path := or(settings["passfile"], "PGPASSFILE")
	if path == "" {
		home, _ := os.UserHomeDir()
		path = filepath.Join(home, ".pgpass")
	}
	file := &pgpassfile.Passfile{}
	if private(path) {
		if read, err := pgpassfile.ReadPassfile(path); err == nil {
			file = read
		}
	}
	return func(s Server) string {
		port := strconv.Itoa(int(s.Port))
		if found := file.FindPassword(s.Host, port, config.Database, config.User); found != "" ||
			!strings.HasPrefix(s.Host, "/") {
			return found
		}
		return file.FindPassword("localhost", port, config.Database, config.User)
	}
}

// private tells whether nobody but the owner may read a file: libpq takes no
// passwords from others.
func private(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 == 0
}
