// Command notes shows notes; "notes migrate" migrates its database.
package main

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"os"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations
var migrations embed.FS

func main() {
	run := serve
	if len(os.Args) > 1 && os.Args[1] == "migrate" {
		run = migrate
	}
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func migrate(ctx context.Context) error {
	db, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	if _, err := db.Exec(ctx, "CREATE TABLE IF NOT EXISTS schema_migrations (version text PRIMARY KEY)"); err != nil {
		return err
	}
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := apply(ctx, db, file.Name()); err != nil {
			return fmt.Errorf("%s: %w", file.Name(), err)
		}
	}
	return nil
}

func apply(ctx context.Context, db *pgx.Conn, name string) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		done, err := tx.Exec(ctx, "INSERT INTO schema_migrations VALUES ($1) ON CONFLICT DO NOTHING", name)
		if err != nil || done.RowsAffected() == 0 {
			return err
		}
		text, err := migrations.ReadFile("migrations/" + name)
		if err != nil {
			return err
		}
		fmt.Println("applied", name)
		_, err = tx.Exec(ctx, string(text))
		return err
	})
}

var page = template.Must(template.New("").Parse("<h1>Notes</h1><ul>{{range .}}<li>{{.}}</li>{{end}}</ul>\n"))

func serve(context.Context) error {
	return http.ListenAndServe(":8000", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		notes, err := list(r.Context())
		if err != nil {
			log.Print(err)
			http.Error(w, "no notes", http.StatusInternalServerError)
			return
		}
		_ = page.Execute(w, notes)
	}))
}

func list(ctx context.Context) ([]string, error) {
	db, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return nil, err
	}
	defer db.Close(ctx)
	rows, err := db.Query(ctx, "SELECT text FROM notes ORDER BY pinned DESC, id LIMIT 100")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
