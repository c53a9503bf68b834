// Package shoptest gives tests real databases: of SHOP_TEST_DATABASE_URL, or of
// a scratch PostgreSQL that lives as long as the test program.
package shoptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/shop/internal/database"
	"example.com/shop/internal/schema"
	"example.com/shop/internal/seed"
)

// server is where tests make their databases; Main sets it.
var (
	server string
	reason = "shoptest.Main has not run"
	last   atomic.Int64
)

// Main runs the tests of a package with a server. Call it from TestMain.
func Main(m *testing.M) {
	code := func() int {
		stop, err := start()
		if err != nil {
			reason = err.Error()
		}
		defer stop()
		code := m.Run()
		if err := dropKept(); err != nil {
			fmt.Fprintln(os.Stderr, "drop databases:", err)
			return max(code, 1)
		}
		return code
	}()
	os.Exit(code)
}

// start finds or makes the server; stop is never nil.
func start() (stop func(), err error) {
	stop = func() {}
	if server = os.Getenv("SHOP_TEST_DATABASE_URL"); server != "" {
		return stop, nil
	}
	bin, err := binaries()
	if err != nil {
		return stop, err
	}
	folder, err := os.MkdirTemp("", "shop-test-")
	if err != nil {
		return stop, err
	}
	stop = func() { os.RemoveAll(folder) }
	who, err := unprivileged(folder)
	if err != nil {
		return stop, err
	}
	data := filepath.Join(folder, "data")
	if err := run(who, filepath.Join(bin, "initdb"), "-D", data, "-U", "shop", "-A", "trust", "-E", "UTF8",
		"--no-sync"); err != nil {
		return stop, err
	}
	options := fmt.Sprintf("-k %s -c listen_addresses= -c fsync=off -c full_page_writes=off -c autovacuum=off"+
		" -c wal_level=minimal -c max_wal_senders=0", folder)
	if err := run(who, filepath.Join(bin, "pg_ctl"), "-D", data, "-w", "-o", options, "-l",
		filepath.Join(folder, "log"), "start"); err != nil {
		return stop, err
	}
	server = fmt.Sprintf("host=%s user=shop dbname=postgres", folder)
	return func() {
		run(who, filepath.Join(bin, "pg_ctl"), "-D", data, "-m", "immediate", "stop")
		os.RemoveAll(folder)
	}, nil
}

// binaries is the folder of the newest PostgreSQL server on this machine.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", fmt.Errorf("no PostgreSQL server: set SHOP_TEST_DATABASE_URL or install postgresql")
	}
	return filepath.Dir(slices.Max(found)), nil
}

// unprivileged gives folder to the user postgres when root runs the tests,
// because PostgreSQL refuses to be root.
func unprivileged(folder string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}},
		os.Chown(folder, uid, gid)
}

// run throws output away through files: a server started by pg_ctl would keep
// a pipe open for ever.
func run(who *syscall.SysProcAttr, name string, args ...string) error {
	output, err := os.CreateTemp("", "shop-test-output-")
	if err != nil {
		return err
	}
	defer os.Remove(output.Name())
	defer output.Close()
	command := exec.Command(name, args...)
	command.SysProcAttr, command.Dir = who, "/"
	command.Stdout, command.Stderr = output, output
	if err := command.Run(); err != nil {
		text, _ := os.ReadFile(output.Name())
		return fmt.Errorf("%s: %w: %s", filepath.Base(name), err, bytes.TrimSpace(text))
	}
	return nil
}

// Empty makes a database with nothing in it, dropped after the test. Without a
// server the test is skipped, and fails where CI=true.
func Empty(t *testing.T) database.Address {
	t.Helper()
	return create(t, "")
}

// need ends a test that has no server.
func need(t *testing.T) {
	t.Helper()
	if server != "" {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// create makes a database; how is the end of the statement.
func create(t *testing.T, how string) database.Address {
	t.Helper()
	need(t)
	name := fmt.Sprintf("shop_test_%d_%d", os.Getpid(), last.Add(1))
	admin(t, "CREATE DATABASE "+name+how)
	t.Cleanup(func() { admin(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	return address(t, name)
}

// address is where a database of the server is.
func address(t *testing.T, name string) database.Address {
	t.Helper()
	config, err := pgx.ParseConfig(server)
	if err != nil {
		t.Fatal(err)
	}
	url := fmt.Sprintf("host=%s port=%d user=%s dbname=%s", config.Host, config.Port, config.User, name)
	if config.Password != "" {
		url += fmt.Sprintf(" password='%s'", config.Password)
	}
	return database.Address{URL: url}
}

func admin(t *testing.T, statement string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}

// kept are the databases that outlive a test: templates, because copying takes
// a tenth of the time of filling, and the shared ones.
var kept []string

// Migrated makes a database with a set's schema and no rows of the shop.
func Migrated(t *testing.T, set schema.Set) database.Address {
	t.Helper()
	return create(t, " TEMPLATE "+migrated(t, set))
}

// Seeded makes a small production database to which set has added its part.
func Seeded(t *testing.T, set schema.Set) database.Address {
	t.Helper()
	return create(t, " TEMPLATE "+seeded(t, set))
}

// Shared is a seeded database for all tests that only read; it refuses writes.
func Shared(t *testing.T, set schema.Set) database.Address {
	t.Helper()
	return address(t, keep(t, "shared_"+string(set), " TEMPLATE "+seeded(t, set), func(conn *pgx.Conn) error {
		name := pgx.Identifier{conn.Config().Database}.Sanitize()
		_, err := conn.Exec(t.Context(), "ALTER DATABASE "+name+" SET default_transaction_read_only = on")
		return err
	}))
}

func migrated(t *testing.T, set schema.Set) string {
	t.Helper()
	return keep(t, "migrated_"+string(set), "", func(conn *pgx.Conn) error {
		_, err := schema.Apply(t.Context(), conn.Config(), set)
		return err
	})
}

func seeded(t *testing.T, set schema.Set) string {
	t.Helper()
	return keep(t, "seeded_"+string(set), " TEMPLATE "+migrated(t, schema.Production), func(conn *pgx.Conn) error {
		if _, err := seed.Fill(t.Context(), conn, seed.Options{Scale: 0.03, Seed: 7}); err != nil {
			return err
		}
		_, err := schema.Apply(t.Context(), conn.Config(), set)
		return err
	})
}

// keep makes a database once and builds it. Parallel tests must not call it.
func keep(t *testing.T, name, how string, build func(*pgx.Conn) error) string {
	t.Helper()
	need(t)
	name = fmt.Sprintf("shop_%s_%d", name, os.Getpid())
	if slices.Contains(kept, name) {
		return name
	}
	admin(t, "CREATE DATABASE "+name+how)
	kept = append(kept, name)
	conn, err := address(t, name).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if err := build(conn); err != nil {
		t.Fatal(err)
	}
	return name
}

// dropKept cleans up on a server that outlives the tests.
func dropKept() error {
	if len(kept) == 0 {
		return nil
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, name := range kept {
		_, dropErr := conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		err = errors.Join(err, dropErr)
	}
	return err
}

// Connect opens a connection that ends with the test.
func Connect(t *testing.T, address database.Address) *pgx.Conn {
	t.Helper()
	conn, err := address.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// Value reads one value.
func Value[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) T {
	t.Helper()
	var value T
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}
