// Command tools runs one of Go's tools that migrate databases, as its own command would: with its library, since the
// commands bring the drivers of every other database.
//
//	tools TOOL FOLDER URL
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/golang-migrate/migrate/v4"
	_ "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	_ "github.com/golang-migrate/migrate/v4/database/postgres"
	_ "github.com/golang-migrate/migrate/v4/source/file"
	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	tern "github.com/jackc/tern/v2/migrate"
	"github.com/pressly/goose/v3"
	sqlmigrate "github.com/rubenv/sql-migrate"
)

// tools bring a database to what a folder holds.
var tools = map[string]func(ctx context.Context, folder, url string) error{
	"goose": func(ctx context.Context, folder, url string) error {
		return with(url, func(db *sql.DB) error { return goose.UpContext(ctx, db, folder) })
	},
	"golang-migrate": golangMigrate,
	"golang-migrate-pgx": func(ctx context.Context, folder, url string) error {
		return golangMigrate(ctx, folder, "pgx5"+strings.TrimPrefix(url, "postgres"))
	},
	"tern": ternUp,
	"sql-migrate": func(_ context.Context, folder, url string) error {
		return with(url, func(db *sql.DB) error {
			_, err := sqlmigrate.Exec(db, "postgres", sqlmigrate.FileMigrationSource{Dir: folder}, sqlmigrate.Up)
			return err
		})
	},
}

func with(url string, do func(*sql.DB) error) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}

func golangMigrate(_ context.Context, folder, url string) error {
	m, err := migrate.New("file://"+folder, url)
	if err != nil {
		return err
	}
	err = m.Up()
	source, database := m.Close()
	return errors.Join(err, source, database)
}

func ternUp(ctx context.Context, folder, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	m, err := tern.NewMigrator(ctx, conn, "public.schema_version")
	if err == nil {
		err = m.LoadMigrations(os.DirFS(folder))
	}
	if err == nil {
		err = m.Migrate(ctx)
	}
	return errors.Join(err, conn.Close(ctx))
}

func main() {
	if len(os.Args) != 4 || tools[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: tools TOOL FOLDER URL")
		os.Exit(2)
	}
	if err := tools[os.Args[1]](context.Background(), os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
