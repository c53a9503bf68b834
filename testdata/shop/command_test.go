package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/shop/internal/schema"
	"example.com/shop/internal/shoptest"
)

func TestUsage_ListsEveryCommand(t *testing.T) {
	_, out, _ := shop(t, "--help")
	for name := range commands() {
		if !regexp.MustCompile(`(?m)^  ` + name + ` +[a-z]`).MatchString(out) {
			t.Errorf("the usage lacks %s", name)
		}
	}
	for _, ask := range [][]string{nil, {"help"}, {"-h"}} {
		if _, again, _ := shop(t, ask...); again != out {
			t.Errorf("%v says something else", ask)
		}
	}
}

func TestUsage_EveryCommandExplainsItsFlags(t *testing.T) {
	for name, flags := range map[string][]string{
		"web": {"-listen", "-content", "-uploads"}, "worker": {"-every", "-once"}, "migrate": {"-set", "-broken"},
		"seed": {"-scale", "-seed"}, "init": {"-uploads"}, "healthcheck": {"-address", "-timeout"},
	} {
		code, out, errs := shop(t, name, "-h")
		if code != 0 || errs != "" {
			t.Errorf("%s -h: exit %d, %q", name, code, errs)
		}
		for _, flag := range append(flags, "-url", "-password-file") {
			if !strings.Contains(out, "  "+flag) {
				t.Errorf("%s -h lacks %s", name, flag)
			}
		}
	}
}

func TestUsage_MistakesAreExit2OnStandardError(t *testing.T) {
	t.Setenv("DATABASE_URL", "host="+t.TempDir()+" user=nobody")
	for _, args := range [][]string{
		{"grow"},
		{""},
		{"WEB"},
		{"web", "now"},
		{"web", "--port", "80"},
		{"worker", "--every", "soon"},
		{"worker", "--every", "0"},
		{"worker", "--once", "--every", "-1s"},
		{"migrate", "up"},
		{"migrate", "--set", ""},
		{"migrate", "--set", "staging"},
		{"migrate", "--broken=perhaps"},
		{"seed", "--scale", "-1"},
		{"seed", "--scale", "1001"},
		{"seed", "--scale", "NaN"},
		{"seed", "--scale", "Inf"},
		{"seed", "--seed", "-1"},
		{"seed", "--seed", "x"},
		{"init", "everything"},
		{"healthcheck", "--timeout", "x"},
		{"healthcheck", "--address", "://"},
	} {
		code, out, errs := shop(t, args...)
		if code != 2 || !strings.HasPrefix(errs, "shop") {
			t.Errorf("%q: exit %d, %q, %q", args, code, out, errs)
		}
		if len(args) > 1 && !strings.Contains(errs, "wrong usage") {
			t.Errorf("%q: %q does not say wrong usage", args, errs)
		}
	}
}

func TestErrors_AreOneLineWithoutThePassword(t *testing.T) {
	const secret = "hunter2"
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	nowhere := "host=" + t.TempDir() + " user=shop dbname=shop"
	for _, args := range [][]string{
		{"migrate", "--url", "postgres://shop:" + secret + "@db:notaport/shop"},
		{"migrate", "--url", nowhere + " password=" + secret},
		{"migrate", "--url", nowhere, "--password-file", file},
		{"seed", "--url", nowhere + " password=" + secret},
		{"seed", "--url", "postgres://shop:" + secret + "@db/shop?sslmode=perhaps"},
		{"worker", "--once", "--url", nowhere, "--password-file", file},
		{"web", "--url", "postgres://shop:" + secret + "@db:x/shop"},
		{"init", "--url", "postgres://shop:" + secret + "@db:x/shop"},
	} {
		code, out, errs := shop(t, args...)
		if code != 1 || !strings.HasPrefix(errs, "shop "+args[0]+": ") {
			t.Errorf("%v: exit %d, %q", args[0], code, errs)
		}
		if strings.Contains(out+errs, secret) {
			t.Errorf("%v tells the password: %s%s", args, out, errs)
		}
	}
}

func TestURL_FlagWinsOverTheEnvironment(t *testing.T) {
	t.Setenv("DATABASE_URL", "host="+t.TempDir()+" user=nobody")
	address := shoptest.Migrated(t, schema.PullRequest)
	if code, out, errs := shop(t, "migrate", "--url", address.URL); code != 0 || out != "nothing to apply\n" {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if code, _, _ := shop(t, "migrate"); code != 1 {
		t.Errorf("the environment alone: exit %d", code)
	}
}

func TestMigrate_PrintsWhatItAppliedInOrder(t *testing.T) {
	address := shoptest.Empty(t)
	var got []string
	for _, args := range [][]string{{"--set", "production"}, nil, {"--broken"}} {
		_, out, _ := shop(t, append([]string{"migrate", "--url", address.URL}, args...)...)
		got = append(got, strings.Fields(out)...)
	}
	var names []string
	for _, word := range got {
		if word != "applied" {
			names = append(names, word[:4])
		}
	}
	want := []string{"0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009"}
	if !slices.Equal(names, want) {
		t.Errorf("applied %v, want %v", names, want)
	}
}

func TestSeed_PrintsEveryTableAndTheSum(t *testing.T) {
	address := shoptest.Migrated(t, schema.Production)
	code, out, errs := shop(t, "seed", "--url", address.URL, "--scale", "0.01", "--seed", "3")
	if code != 0 {
		t.Fatalf("exit %d, %s", code, errs)
	}
	conn := shoptest.Connect(t, address)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 19 {
		t.Errorf("%d lines, want 18 tables and the sum", len(lines))
	}
	if want := shoptest.Value[string](t, conn,
		`SELECT count(*) || '  "public"."orders"' FROM orders`); !strings.Contains(out, " "+want+"\n") {
		t.Errorf("%s lacks %q", out, want)
	}
	if !strings.HasSuffix(out, "  rows in all\n") {
		t.Errorf("it ends with %q", lines[len(lines)-1])
	}
	if code, _, errs := shop(t, "seed", "--url", shoptest.Empty(t).URL); code != 1 ||
		!strings.Contains(errs, `"countries" does not exist`) {
		t.Errorf("without a schema: exit %d, %s", code, errs)
	}
}

func TestWorker_OnceCountsAndEnds(t *testing.T) {
	address := shoptest.Seeded(t, schema.Production)
	conn := shoptest.Connect(t, address)
	if _, err := conn.Exec(t.Context(), `UPDATE product_stats SET views = 0, units_sold = 0`); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := shop(t, "worker", "--once", "--url", address.URL); code != 0 {
		t.Fatalf("exit %d, %s", code, errs)
	}
	if n := shoptest.Value[int](t, conn, `SELECT count(*) FROM product_stats WHERE views > 0`); n == 0 {
		t.Error("nothing was counted")
	}
}

func TestPrepare_SaysWhatIsMissing(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://shop@db/shop")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"not a directory":        {"--uploads", file},
		"is empty":               {"--uploads", t.TempDir(), "--password-file", file},
		"no such file":           {"--uploads", t.TempDir(), "--password-file", file + ".gone"},
		"no database: set --url": {"--uploads", t.TempDir(), "--url", ""},
	} {
		if code, _, errs := shop(t, append([]string{"init"}, args...)...); code != 1 || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d, %q; want %q", args, code, errs, want)
		}
	}
}

func TestPrepare_LeavesWhatIsThere(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://shop@db/shop")
	uploads := filepath.Join(t.TempDir(), "deep", "uploads")
	for range 2 {
		if code, out, errs := shop(t, "init", "--uploads", uploads); code != 0 || !strings.Contains(out, "ready") {
			t.Fatalf("exit %d, %s", code, errs)
		}
		kept := filepath.Join(uploads, "reviews", "1.png")
		if _, err := os.Stat(kept); os.IsNotExist(err) {
			os.WriteFile(kept, []byte("x"), 0o600)
		}
	}
	if text, err := os.ReadFile(filepath.Join(uploads, "reviews", "1.png")); err != nil || string(text) != "x" {
		t.Errorf("the picture is %q, %v", text, err)
	}
}

func TestCheckHealth_GivesUpInTime(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	if code, _, errs := shop(t, "healthcheck", "--address", server.URL, "--timeout", "50ms"); code != 1 ||
		!strings.Contains(errs, "deadline exceeded") {
		t.Errorf("exit %d, %s", code, errs)
	}
}

// The files around the binary must name commands and flags that it has.
func TestProject_FilesFitTheCommands(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	compose := read("compose.yaml")
	for _, file := range []string{"compose.yaml", "Dockerfile", "offshoot.yaml"} {
		found := regexp.MustCompile(`\["?/shop"?, "?([a-z]+)"?\]`).FindAllStringSubmatch(read(file), -1)
		if len(found) == 0 {
			t.Errorf("%s starts no command", file)
		}
		for _, match := range found {
			if commands()[match[1]] == nil {
				t.Errorf("%s starts %q", file, match[1])
			}
		}
	}
	for name := range commands() {
		if !strings.Contains(read("README.md"), "`shop "+name) {
			t.Errorf("the README lacks %s", name)
		}
	}
	for _, condition := range []string{"service_healthy", "service_completed_successfully", "service_started"} {
		if !strings.Contains(compose, "condition: "+condition) {
			t.Errorf("no service waits for %s", condition)
		}
	}
	for _, part := range []string{
		"DATABASE_PASSWORD_FILE: /run/secrets/db_password", "[CMD, /shop, healthcheck]",
		":8000\"", "./content:/content:ro", "uploads:/uploads", "file: ./secrets/db_password.txt",
	} {
		if !strings.Contains(compose, part) {
			t.Errorf("compose.yaml lacks %s", part)
		}
	}
}
