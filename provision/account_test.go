package provision

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// told is an engine whose container c has that environment.
func told(t *testing.T, env ...string) map[string]string {
	t.Helper()
	content, err := json.Marshal(map[string]any{"Id": "c", "Config": map[string]any{"Env": env}})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"/containers/c/json": string(content)}
}

func TestServerIn_OfEveryWayToTellTheAccount(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		want server
	}{
		"nothing at all": {nil, server{user: "postgres", database: "postgres"}},
		"empty ones": {
			[]string{"POSTGRES_USER=", "POSTGRES_DB=", "POSTGRES_PASSWORD="},
			server{user: "postgres", database: "postgres"},
		},
		"a name without a sign":  {[]string{"POSTGRES_USER", "PATH"}, server{user: "postgres", database: "postgres"}},
		"the database of a user": {[]string{"POSTGRES_USER=shop"}, server{user: "shop", database: "shop"}},
		"spaces and quotes": {
			[]string{`POSTGRES_USER=o'neil "x"`, "POSTGRES_DB= my db "},
			server{user: `o'neil "x"`, database: " my db "},
		},
		"signs in the password": {
			[]string{"POSTGRES_PASSWORD=a=b==c'\"\\$x "},
			server{user: "postgres", database: "postgres", password: "a=b==c'\"\\$x "},
		},
		"the official before": {
			[]string{"POSTGRESQL_USERNAME=no", "POSTGRES_USER=yes"},
			server{user: "yes", database: "yes"},
		},
		"bitnami beside an empty": {
			[]string{"POSTGRES_USER=", "POSTGRESQL_USERNAME=b"},
			server{user: "b", database: "b"},
		},
		"a value before a file": {
			[]string{"POSTGRES_USER=v", "POSTGRES_USER_FILE=/f"},
			server{user: "v", database: "v"},
		},
		"the last of two": {[]string{"POSTGRES_USER=a", "POSTGRES_USER=b"}, server{user: "b", database: "b"}},
		"other letters": {
			[]string{"postgres_user=no", "XPOSTGRES_USER=no", "POSTGRES_USERX=no"},
			server{user: "postgres", database: "postgres"},
		},
		"an empty file name": {
			[]string{"POSTGRES_PASSWORD_FILE="},
			server{user: "postgres", database: "postgres"},
		},
		"unicode": {[]string{"POSTGRES_DB=größe"}, server{user: "postgres", database: "größe"}},
	} {
		c.want.container = "c"
		got, err := serverIn(t.Context(), engineSaying(t, told(t, c.env...)), "c")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(server{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestServerIn_AFileThatCannotBeReadIsAnErrorWithoutTheOtherSecrets(t *testing.T) {
	api := engineSaying(t, told(t, "POSTGRES_PASSWORD=s3cret", "POSTGRES_USER_FILE=/run/secrets/user"))
	got, err := serverIn(t.Context(), api, "c")
	if err == nil || !strings.HasPrefix(err.Error(), "read the database's account: exec cat: ") ||
		strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error %v", err)
	}
	if got != (server{}) {
		t.Errorf("half an account: %+v", got)
	}
	if _, err := serverIn(t.Context(), api, "gone"); !notFound(err) {
		t.Errorf("of a container that is gone: %v", err)
	}
}

func TestDbname_IsNeverTakenForAConnectionString(t *testing.T) {
	for database, want := range map[string]string{
		"shop":                  "shop",
		"my db":                 "my db",
		"o'neil":                "o'neil",
		"a=b":                   "dbname='a=b'",
		"host=evil dbname=x":    "dbname='host=evil dbname=x'",
		"postgresql://evil/x":   "dbname='postgresql://evil/x'",
		`x' host='evil=`:        `dbname='x\' host=\'evil='`,
		`back\slash=`:           `dbname='back\\slash='`,
		`x\' host=evil`:         `dbname='x\\\' host=evil'`,
		"postgres":              "postgres",
		strings.Repeat("n", 63): strings.Repeat("n", 63),
		"service=other":         "dbname='service=other'",
	} {
		if got := (server{database: database}).dbname(); got != want {
			t.Errorf("%q: %s, want %s", database, got, want)
		}
	}
}

func TestLoadCommand_StopsAtTheFirstErrorAndReadsNoSettings(t *testing.T) {
	s := server{user: "-U; rm", database: "a=b", password: "s3cret"}
	script := loadCommand(s, &content{})
	if got := strings.Join(script.argv, "\x00"); !strings.Contains(got, "\x00-X\x00") ||
		!strings.Contains(got, "ON_ERROR_STOP=1") ||
		!strings.Contains(got, "VERBOSITY=verbose") || !strings.Contains(got, "-U\x00-U; rm\x00-d\x00dbname='a=b'") {
		t.Errorf("psql: %q", script.argv)
	}
	custom := loadCommand(s, &content{custom: true})
	if got := strings.Join(custom.argv, "\x00"); !strings.Contains(got, "--exit-on-error") ||
		!strings.Contains(got, "--no-owner") ||
		!strings.Contains(got, "-U\x00-U; rm\x00-d\x00dbname='a=b'") {
		t.Errorf("pg_restore: %q", custom.argv)
	}
	for _, c := range []command{script, custom} {
		if diff := cmp.Diff([]string{"PGPASSWORD=s3cret"}, c.env); diff != "" {
			t.Error(diff)
		}
	}
}

func TestHopeless_OnlyWhereNoWaitingHelps(t *testing.T) {
	missing := fmt.Errorf("exec: %w", &missingProgram{name: "pg_isready"})
	for name, c := range map[string]struct {
		state container.ContainerState
		err   error
		want  bool
	}{
		"running":               {container.StateRunning, errors.New("exit 2"), false},
		"being made":            {container.StateCreated, nil, false},
		"starting again":        {container.StateRestarting, nil, false},
		"ended":                 {container.StateExited, nil, true},
		"dead":                  {container.StateDead, nil, true},
		"not one of postgres":   {container.StateRunning, missing, true},
		"paused by its owner":   {container.StatePaused, nil, false},
		"a state of the future": {"hibernating", nil, false},
	} {
		if got := hopeless(seenContainer{State: string(c.state)}, c.err); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if err := notPostgres(missing); len(hint.Of(err)) != 1 || !errors.Is(err, missing) ||
		!strings.Contains(err.Error(), "its image has no pg_isready") {
		t.Errorf("error %v, hints %q", err, hint.Of(err))
	}
	plain := errors.New("exit 2")
	if err := notPostgres(plain); !errors.Is(err, plain) || len(hint.Of(err)) != 0 || notPostgres(nil) != nil {
		t.Errorf("error %v, hints %q", err, hint.Of(err))
	}
}

func TestNoSuchProgram_IsWhatEnginesSayAndNotWhatProgramsPrint(t *testing.T) {
	for text, want := range map[string]bool{
		`OCI runtime exec failed: exec failed: unable to start container process: exec: "psql": executable file not found in $PATH`: true,
		`exec failed: unable to start container process: exec: "/x": stat /x: no such file or directory`:                            true,
		`psql: error: could not open: No such file or directory`:                                                                    false,
		`x OCI runtime exec failed: executable file not found`:                                                                      false,
		`OCI runtime exec failed: permission denied`:                                                                                false,
		"": false,
	} {
		if got := noSuchProgram.MatchString(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestBeginning_RemembersTheFirstBytesAndPassesAll(t *testing.T) {
	var passed strings.Builder
	b := &beginning{Writer: &passed}
	for range 100 {
		fmt.Fprint(b, "0123456789")
	}
	if passed.Len() != 1000 || len(b.seen) != 500 || !strings.HasPrefix(passed.String(), string(b.seen)) {
		t.Errorf("passed %d, seen %d", passed.Len(), len(b.seen))
	}
}
