package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"example.com/shop/internal/database"
	"example.com/shop/internal/schema"
	"example.com/shop/internal/seed"
	"example.com/shop/internal/web"
	"example.com/shop/internal/worker"
)

// flags is a flag set with the database's flags already in it.
type flags struct {
	*flag.FlagSet
	address database.Address
}

func newFlags(name string, out io.Writer) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), address: database.FromEnvironment()}
	f.SetOutput(out)
	f.Func("url", "the database's address (default $DATABASE_URL)", func(s string) error {
		f.address.URL = s
		return nil
	})
	f.StringVar(&f.address.PasswordFile, "password-file", f.address.PasswordFile, "file with the database's password")
	return f
}

// read parses args, which may hold flags only.
func (f *flags) read(args []string) error {
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%w: unexpected %q", errUsage, f.Arg(0))
	}
	return nil
}

// serve runs the web server until ctx ends, then lets open requests finish.
func serve(ctx context.Context, args []string, out io.Writer) error {
	f := newFlags("web", out)
	listen := f.String("listen", ":8000", "address to listen on")
	content := f.String("content", "content", "folder of texts for the home page")
	uploads := f.String("uploads", "uploads", "folder for pictures of reviewers")
	if err := f.read(args); err != nil {
		return err
	}
	pool, err := f.address.Open(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	log := slog.New(slog.NewTextHandler(out, nil))
	site := web.New(pool, web.Options{
		Content: os.DirFS(*content), Uploads: *uploads, Environment: os.Environ(), Log: log,
	})
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	log.Info("listening", "address", listener.Addr().String())
	return serveUntil(ctx, listener, site)
}

func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := server.Shutdown(grace)
	<-done
	return err
}

func work(ctx context.Context, args []string, out io.Writer) error {
	f := newFlags("worker", out)
	every := f.Duration("every", 20*time.Second, "pause between two rounds")
	once := f.Bool("once", false, "do one round and exit")
	if err := f.read(args); err != nil {
		return err
	}
	if *every <= 0 {
		return fmt.Errorf("%w: --every must be above 0", errUsage)
	}
	pool, err := f.address.Open(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	if *once {
		_, err := worker.Round(ctx, pool)
		return err
	}
	return worker.Run(ctx, pool, *every, slog.New(slog.NewTextHandler(out, nil)))
}

func migrate(ctx context.Context, args []string, out io.Writer) error {
	f := newFlags("migrate", out)
	set := f.String("set", string(schema.PullRequest), "production or pullrequest")
	broken := f.Bool("broken", false, "add a migration that fails")
	if err := f.read(args); err != nil {
		return err
	}
	if *broken {
		*set = string(schema.Broken)
	}
	config, err := f.address.Config()
	if err != nil {
		return err
	}
	applied, err := schema.Apply(ctx, config.ConnConfig, schema.Set(*set))
	for _, name := range applied {
		fmt.Fprintln(out, "applied", name)
	}
	if errors.Is(err, schema.ErrSet) {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if err == nil && len(applied) == 0 {
		fmt.Fprintln(out, "nothing to apply")
	}
	return err
}

func fill(ctx context.Context, args []string, out io.Writer) error {
	f := newFlags("seed", out)
	scale := f.Float64("scale", 1, "size: 1 is about 100,000 rows")
	number := f.Uint64("seed", 1, "the same seed gives the same rows")
	if err := f.read(args); err != nil {
		return err
	}
	if !(*scale > 0 && *scale <= 1000) { // as a range, for NaN is in none
		return fmt.Errorf("%w: --scale must be above 0 and at most 1000", errUsage)
	}
	conn, err := f.address.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	counts, err := seed.Fill(ctx, conn, seed.Options{Scale: *scale, Seed: *number})
	if err != nil {
		return err
	}
	var total int64
	for _, c := range counts {
		fmt.Fprintf(out, "%10d  %s\n", c.Rows, c.Table)
		total += c.Rows
	}
	fmt.Fprintf(out, "%10d  rows in all\n", total)
	return nil
}

// prepare makes the folders that web writes to and proves that the database's
// secret can be read, without connecting.
func prepare(_ context.Context, args []string, out io.Writer) error {
	f := newFlags("init", out)
	uploads := f.String("uploads", "uploads", "folder for pictures of reviewers")
	if err := f.read(args); err != nil {
		return err
	}
	if _, err := f.address.Config(); err != nil {
		return err
	}
	for _, name := range []string{"reviews", "tmp"} {
		if err := os.MkdirAll(filepath.Join(*uploads, name), 0o755); err != nil {
			return err
		}
	}
	fmt.Fprintln(out, "uploads folder ready, database secret readable")
	return nil
}

// checkHealth asks the web server how it is: an image without a shell has no
// other way.
func checkHealth(ctx context.Context, args []string, out io.Writer) error {
	f := newFlags("healthcheck", out)
	url := f.String("address", "http://127.0.0.1:8000/healthz", "what to ask")
	timeout := f.Duration("timeout", 3*time.Second, "how long to wait")
	if err := f.read(args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, *url, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", *url, response.Status)
	}
	return nil
}
