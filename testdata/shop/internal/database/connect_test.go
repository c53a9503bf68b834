package database_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/shop/internal/database"
	"example.com/shop/internal/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

func TestConnect_SaysWhoItIs(t *testing.T) {
	conn := shoptest.Connect(t, shoptest.Empty(t))
	if got := shoptest.Value[string](t, conn, `SELECT current_setting('application_name')`); got != "shop" {
		t.Errorf("the server sees %q, want shop", got)
	}
}

func TestOpen_ConnectsOnlyWhenItIsAsked(t *testing.T) {
	pool, err := database.Address{URL: "host=" + t.TempDir() + " user=nobody dbname=none"}.Open(t.Context())
	if err != nil {
		t.Fatalf("opening is not connecting: %v", err)
	}
	defer pool.Close()
	if err := pool.Ping(t.Context()); err == nil {
		t.Error("a server that is not there answers")
	}
	good, err := shoptest.Empty(t).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer good.Close()
	if err := good.Ping(t.Context()); err != nil {
		t.Errorf("a server that is there: %v", err)
	}
}

func TestConnect_StopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := shoptest.Empty(t).Connect(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context canceled", err)
	}
}

func TestErrors_NeverHoldThePassword(t *testing.T) {
	const secret = "hunter2"
	for name, address := range map[string]database.Address{
		"URL with a bad port":      {URL: "postgres://shop:" + secret + "@db:notaport/shop"},
		"URL with a bad option":    {URL: "postgres://shop:" + secret + "@db/shop?sslmode=sometimes"},
		"URL with a bad escape":    {URL: "postgres://shop:" + secret + "%zz@db/shop"},
		"keywords with a bad port": {URL: "host=db password=" + secret + " port=x"},
		"keywords, bad timeout":    {URL: "host=db password=" + secret + " connect_timeout=x"},
		"nobody at home": {URL: "host=" + filepath.Join(t.TempDir(), "none") + " user=shop password=" +
			secret},
		"secret in a file": {
			URL:          "host=" + filepath.Join(t.TempDir(), "none") + " user=shop",
			PasswordFile: write(t, secret),
		},
		"file that is a folder": {URL: "postgres://shop:" + secret + "@db/shop", PasswordFile: t.TempDir()},
	} {
		conn, err := address.Connect(t.Context())
		if err == nil {
			conn.Close(t.Context())
			t.Errorf("%s: connected", name)
			continue
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
	}
}

func TestConfig_UnreadablePasswordFileNamesTheFile(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	for _, path := range []string{missing, t.TempDir(), write(t, ""), write(t, " \n\nlater\n")} {
		_, err := database.Address{URL: "postgres://db/x", PasswordFile: path}.Config()
		if err == nil || !strings.HasPrefix(err.Error(), "read database password: ") ||
			!strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

func TestConfig_ReadsTheFileEachTime(t *testing.T) {
	path := write(t, "old")
	address := database.Address{URL: "postgres://shop@db/shop", PasswordFile: path}
	for _, want := range []string{"old", "new"} {
		if err := os.WriteFile(path, []byte(want+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		config, err := address.Config()
		if err != nil || config.ConnConfig.Password != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
