package compose_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
)

func TestRun_IsLikeTheService(t *testing.T) {
	b := newBench(t, map[string]string{
		"Dockerfile": dockerfile + "ENTRYPOINT [\"sh\", \"-c\", \"echo entry; exec \\\"$@\\\"\", \"sh\"]\n",
		"notes.txt":  "from a bind mount\n",
		"key.txt":    "from a file\n",
		".env":       "TOKEN=from-dotenv\n",
		"compose.yaml": `
services:
  db: {build: ., init: true, command: [httpd, -f, -p, "80"]}
  web:
    build: .
    command: [echo, own command]
    environment: {COLOR: green, SIZE: big}
    depends_on: {db: {condition: service_healthy}}
    restart: always
    healthcheck: {test: [CMD, "false"]}
    post_start: [{command: [echo, hook]}]
    volumes: ["./notes.txt:/notes.txt:ro", "data:/data"]
    secrets: [key, env]
    configs: [inline]
    networks: {default: {aliases: [www]}, back: {}}
secrets:
  key: {file: key.txt}
  env: {environment: TOKEN}
configs:
  inline: {content: "from content"}
networks: {back: {}}
volumes: {data: {}}
`,
	})
	s := b.built()
	check(t, s.Up(t.Context(), "db"))
	for _, c := range []struct {
		run  compose.OneOff
		want []string
	}{
		{compose.OneOff{Service: "web"}, []string{"entry", "own command"}},
		{compose.OneOff{
			Service: "web", Command: []string{
				"sh", "-c", "echo $COLOR $SIZE $NEW; echo | nc -w 5 db 80 >/dev/null && echo reached; ls -d /data",
			},
			Env: map[string]string{"SIZE": "small", "NEW": "new"},
		}, []string{"entry", "green small new", "reached", "/data"}},
		{
			compose.OneOff{
				Service: "web", Entrypoint: []string{"cat"},
				Command: []string{"/notes.txt", "/run/secrets/key", "/run/secrets/env", "/inline"},
			},
			[]string{"from a bind mount", "from a file", "from-dotenvfrom content"},
		},
	} {
		var out bytes.Buffer
		c.run.Out = &out
		exit, err := s.Run(t.Context(), c.run)
		check(t, err)
		if exit.Code != 0 {
			t.Errorf("%v: exit code %d", c.run.Command, exit.Code)
		}
		if diff := cmp.Diff(c.want, exit.Tail); diff != "" {
			t.Errorf("%v: %s", c.run.Command, diff)
		}
		if got := strings.TrimSuffix(out.String(), "\n"); got != strings.Join(c.want, "\n") {
			t.Errorf("%v: streamed %q", c.run.Command, got)
		}
	}
	containers, err := s.Ps(t.Context())
	check(t, err)
	if len(containers) != 1 || containers[0].Service != "db" {
		t.Errorf("one-offs or dependencies are left: %+v", containers)
	}
}

func TestStop_KeepsContainersAndTheirVolumes(t *testing.T) {
	b := newBench(t, map[string]string{"Dockerfile": dockerfile, "compose.yaml": `
services:
  db: {build: ., init: true, command: [sh, -c, "test -f /data/x || echo made > /data/x; cat /data/x; exec sleep 1000"], volumes: ["data:/data"]}
volumes: {data: {}}
`})
	s := b.built()
	check(t, s.Up(t.Context()))
	check(t, s.Wait(t.Context(), time.Minute))
	check(t, s.Stop(t.Context()))
	check(t, s.Stop(t.Context()))
	if c := only(t, s, "db"); c.State != "exited" || c.ExitCode == 0 {
		t.Errorf("after stop: %s with exit code %d", c.State, c.ExitCode)
	}
	name := s.Project().Name + "_data"
	check(t, s.Down(t.Context(), name))
	if diff := cmp.Diff([]string{"volume " + name}, inventory(t, b.engine, b.preview)); diff != "" {
		t.Errorf("after down that keeps the volume: %s", diff)
	}
	next := b.built(func(o *compose.Options) {
		o.Generation = 2
		o.ReuseVolumes = map[string]string{"data": name}
	})
	check(t, next.Up(t.Context()))
	exit, err := next.Exec(t.Context(), "db", compose.ExecOptions{Argv: []string{"grep", "-q", "made", "/data/x"}})
	if err != nil || exit != 0 {
		t.Errorf("the next generation does not have the data: %d, %v", exit, err)
	}
	check(t, next.Down(t.Context()))
	if diff := cmp.Diff([]string{"volume " + name}, inventory(t, b.engine, b.preview)); diff != "" {
		t.Errorf("after down of the next generation: %s", diff)
	}
}

func TestStack_TwoGenerationsSideBySide(t *testing.T) {
	b := app(t, `
  db: {image: app, init: true, command: [sh, -c, "echo $$HOSTNAME > /index.html; exec httpd -f -p 80"], container_name: shop-db, ports: ["18765:80"]}
`)
	var stacks []*compose.Stack
	for generation := 1; generation <= 2; generation++ {
		s := b.built(func(o *compose.Options) { o.Generation = generation })
		check(t, s.Up(t.Context()))
		check(t, s.Wait(t.Context(), time.Minute))
		stacks = append(stacks, s)
	}
	reach := func(from *compose.Stack, address string) bool {
		code, err := from.Exec(t.Context(), "db",
			compose.ExecOptions{Argv: []string{"sh", "-c", "echo | nc -w 2 " + address + " 80"}})
		check(t, err)
		return code == 0
	}
	for name, address := range only(t, stacks[1], "db").Networks {
		if !reach(stacks[1], address) {
			t.Errorf("generation 2 does not reach itself at %q in %s", address, name)
		}
		if reach(stacks[0], address) {
			t.Errorf("generation 1 reaches %s of generation 2", address)
		}
	}
	if !reach(stacks[0], "shop-db") {
		t.Error("the old container name does not resolve inside")
	}
	check(t, stacks[0].Down(t.Context()))
	if c := only(t, stacks[1], "db"); c.State != "running" {
		t.Errorf("generation 2 is %s after generation 1 went", c.State)
	}
}

// notReady unwraps the error that Up and Wait give.
