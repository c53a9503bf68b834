// Package database finds the shop's PostgreSQL: the address from a flag or
// DATABASE_URL, the password perhaps from a file (a container's secret).
package database

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrNoAddress says that neither a flag nor the environment names a database.
var ErrNoAddress = errors.New("no database: set --url or DATABASE_URL")

// Address says where the database is.
type Address struct {
	URL          string // a URL or keyword string, as libpq reads it
	PasswordFile string // its first line is the password; empty for none
}

// FromEnvironment is the address in DATABASE_URL and DATABASE_PASSWORD_FILE.
func FromEnvironment() Address {
	return Address{URL: os.Getenv("DATABASE_URL"), PasswordFile: os.Getenv("DATABASE_PASSWORD_FILE")}
}

// Config parses the address and reads its password. Parsing errors are pgx's,
// which redacts passwords.
func (a Address) Config() (*pgxpool.Config, error) {
	if a.URL == "" {
		return nil, ErrNoAddress
	}
	config, err := pgxpool.ParseConfig(a.URL)
	if err != nil {
		return nil, fmt.Errorf("read database address: %w", err)
	}
	password, err := a.password()
	if err != nil {
		return nil, err
	}
	if password != "" {
		config.ConnConfig.Password = password
	}
	config.ConnConfig.RuntimeParams["application_name"] = "shop"
	return config, nil
}

func (a Address) password() (string, error) {
	if a.PasswordFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(a.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("read database password: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", fmt.Errorf("read database password: %s is empty", a.PasswordFile)
	}
	return line, nil
}

// Open makes a pool. Connections are made when they are first needed.
func (a Address) Open(ctx context.Context) (*pgxpool.Pool, error) {
	config, err := a.Config()
	if err != nil {
		return nil, err
	}
	return pgxpool.NewWithConfig(ctx, config)
}

// Connect makes one connection.
func (a Address) Connect(ctx context.Context) (*pgx.Conn, error) {
	config, err := a.Config()
	if err != nil {
		return nil, err
	}
	return pgx.ConnectConfig(ctx, config.ConnConfig)
}
