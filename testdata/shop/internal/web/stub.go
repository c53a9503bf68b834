package web

import (
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/jackc/pgx/v5/pgxpool"
)

type Options struct {
	Content     fs.FS
	Uploads     string
	Environment []string
	Log         *slog.Logger
}

func New(p *pgxpool.Pool, o Options) http.Handler { return nil }
