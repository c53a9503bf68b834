package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const recordedCompose = `
services:
  db:
    image: postgres:15
    environment: {POSTGRES_USER: shop, POSTGRES_PASSWORD: hunter2hunter2, POSTGRES_DB: shop}
  web:
    build: .
    environment: {PGHOST: db, PGUSER: shop, PGPASSWORD: hunter2hunter2, PGDATABASE: shop}
    entrypoint: []
    command: [/bin/busybox, httpd, -f, -p, "8000", -h, /www]
    ports: ["8000"]
    depends_on: [db]
    stop_signal: SIGKILL
`

const recordedDockerfile = `FROM postgres:15
COPY busybox /bin/busybox
COPY www /www
COPY --chmod=755 orders /www/cgi-bin/orders
`

// recordedPage is a page that asks for each order by itself, where there are several.
func recordedPage(orders string) string {
	return `#!/bin/busybox sh
printf 'Content-Type: text/html\r\n\r\n<a href="/">home</a>'
for n in ` + orders + `; do psql -X -At -c "SELECT id FROM orders WHERE id = $n AND 'canary' <> ''"; done
`
}

// What main asks is kept, and code that asks for each row by itself is found by it.
func TestRecord_FindsAStatementThatIsRepeatedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := newCheckout(t, map[string]string{
		"compose.yaml": recordedCompose, "Dockerfile": recordedDockerfile, "archive.sql": tinyArchive,
		"orders": recordedPage("1"),
	})
	configure(t, dir, "preview: {keep_templates: 0}\n")
	arguments := []string{"record", "--archive", "archive.sql", "--page", "/cgi-bin/orders"}
	main := offshoot(t, dir, 0, append(arguments, "--to", "main.json")...)
	if want := "queries: 1 statement for 2 pages"; !strings.Contains(main.stdout.String(), want) {
		t.Errorf("stdout does not say %q: %s", want, main.stdout.String())
	}
	text, err := os.ReadFile(filepath.Join(dir, "main.json"))
	if err != nil || strings.Contains(string(text)+main.stdout.String(), "canary") ||
		!strings.Contains(string(text), "SELECT id FROM orders WHERE id = $1 AND $2 <> $3") {
		t.Errorf("recording: %v: %s", err, text)
	}
	fill(t, dir, map[string]string{"orders": recordedPage("1 2 3 4 5 6 7")})
	now := offshoot(t, dir, 3, append(arguments, "--against", "main.json")...)
	const want = "offshoot: record: 1 page of 2 is worse: /cgi-bin/orders asks one statement 7 times in place of 1"
	if !strings.Contains(now.stderr.String(), want) || !strings.Contains(now.stdout.String(), "because of") {
		t.Errorf("does not say %q: %s%s", want, now.stdout.String(), now.stderr.String())
	}
	if left := ours(t, dir); len(left) > 0 {
		t.Errorf("left on the engine: %q", left)
	}
}

func TestRecord_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := newCheckout(t, map[string]string{
		"compose.yaml": recordedCompose, "old.json": `{"version": 0}`, "headers": "Cookie=hunter2",
	})
	for want, arguments := range map[string][]string{
		"write a path, such as /orders?state=new": {"--page", "orders"},
		"visit one page at least":                 {"--pages", "0"},
		"a recording of version 0":                {"--against", "old.json"},
		"a header has no colon behind its name":   {"--headers", "headers"},
	} {
		said := offshoot(t, dir, 12, append([]string{"record"}, arguments...)...)
		if !strings.Contains(said.stderr.String(), want) || strings.Contains(said.stderr.String(), "hunter2") {
			t.Errorf("does not say %q: %s", want, said.stderr.String())
		}
	}
}
