package database_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/shop/internal/database"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfig_PasswordFromFile(t *testing.T) {
	for text, want := range map[string]string{
		"s3cret\n": "s3cret", "s3cret": "s3cret", "one\ntwo\n": "one",
		"with space \r\n": "with space",
	} {
		config, err := database.Address{URL: "postgres://shop:old@db/shop", PasswordFile: write(t, text)}.Config()
		if err != nil {
			t.Fatal(err)
		}
		if got := config.ConnConfig.Password; got != want {
			t.Errorf("password of %q is %q, want %q", text, got, want)
		}
	}
}

func TestConfig_PasswordOfURLWithoutFile(t *testing.T) {
	config, err := database.Address{URL: "postgres://shop:inline@db/shop"}.Config()
	if err != nil || config.ConnConfig.Password != "inline" {
		t.Fatalf("got %v, %v", config, err)
	}
}

func TestConfig_RefusesWhatCannotWork(t *testing.T) {
	if _, err := (database.Address{}).Config(); !errors.Is(err, database.ErrNoAddress) {
		t.Errorf("no address: got %v", err)
	}
	if _, err := (database.Address{URL: "postgres://db/x", PasswordFile: "/nowhere"}).Config(); !errors.Is(err,
		fs.ErrNotExist) {
		t.Errorf("missing file: got %v", err)
	}
	if _, err := (database.Address{URL: "postgres://db/x", PasswordFile: write(t, "\n")}).Config(); err == nil {
		t.Error("an empty password file was accepted")
	}
}

func TestConfig_ErrorHasNoPassword(t *testing.T) {
	_, err := database.Address{URL: "postgres://shop:hunter2@db:notaport/shop"}.Config()
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("got %v, want an error without the password", err)
	}
}

func TestFromEnvironment(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://db/a")
	t.Setenv("DATABASE_PASSWORD_FILE", "/run/secrets/p")
	want := database.Address{URL: "postgres://db/a", PasswordFile: "/run/secrets/p"}
	if got := database.FromEnvironment(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
