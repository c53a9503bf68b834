package pgtool

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pgVariables returns the PG… part of an environment, sorted as given.
func pgVariables(t *testing.T, connection string) []string {
	t.Helper()
	env, err := Environ(connection)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, pair := range env {
		if strings.HasPrefix(pair, "PG") && pair != "PGAPPNAME=offshoot" {
			got = append(got, pair)
		}
	}
	return got
}

func TestEnviron_ReadsEveryFormOfConnectionString(t *testing.T) {
	for _, name := range []string{"PGSSLMODE", "PGOPTIONS", "PGPASSWORD", "PGSSLROOTCERT"} {
		t.Setenv(name, "")
	}
	for name, c := range map[string]struct {
		connection string
		want       []string
	}{
		"url": {
			"postgres://al%20ice:p%40ss@db.example:5433/my%20db?sslmode=require&connect_timeout=3",
			[]string{
				"PGHOST=db.example", "PGPORT=5433", "PGUSER=al ice", "PGDATABASE=my db", "PGPASSWORD=p@ss",
				"PGCONNECT_TIMEOUT=3", "PGSSLMODE=require",
			},
		},
		"keywords": {
			`host = /run/pg  user=bob password='it\'s \\ x' dbname=d sslmode=disable options='-c a=b'`,
			[]string{
				"PGHOST=/run/pg", "PGPORT=5432", "PGUSER=bob", "PGDATABASE=d", `PGPASSWORD=it's \ x`,
				"PGOPTIONS=-c a=b", "PGSSLMODE=disable",
			},
		},
		"several hosts": {
			"postgres://u:p@a:1,b:2/d?sslmode=prefer&target_session_attrs=any",
			[]string{
				"PGHOST=a,b", "PGPORT=1,2", "PGUSER=u", "PGDATABASE=d", "PGPASSWORD=p", "PGSSLMODE=prefer",
				"PGTARGETSESSIONATTRS=any",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, pgVariables(t, c.connection)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEnviron_TakesTLSSettingsFromOurEnvironmentToo(t *testing.T) {
	t.Setenv("PGSSLMODE", "disable")
	t.Setenv("PGOPTIONS", "")
	t.Setenv("PGCHANNELBINDING", "disable")
	got := strings.Join(pgVariables(t, "postgres://u:p@a/d?sslmode=require"), " ")
	if !strings.Contains(got, "PGSSLMODE=require") || !strings.Contains(got, "PGCHANNELBINDING=disable") {
		t.Errorf("got %s", got)
	}
}

func TestEnviron_DoesNotPassOtherSecretsOn(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "ghp_x")
	env, err := Environ("postgres://u:p@a/d")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.Join(env, " "), "ghp_x") {
		t.Error("GITHUB_TOKEN was passed on")
	}
}

func TestEnviron_NamesNoPasswordInErrors(t *testing.T) {
	for _, connection := range []string{
		"postgres://u:s3cret@a:port/d", "postgres://u:s3cret@a/d?sslmode=nonsense",
		"host=a user=u password=s3cret sslmode=nonsense", "s3cret",
	} {
		if _, err := Environ(connection); err == nil {
			t.Errorf("%s: no error", connection)
		} else if connection != "s3cret" && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v", err)
		}
	}
}

func TestWithOption_AddsToTheUsersOptions(t *testing.T) {
	given := []string{"PGHOST=h", "PGOPTIONS=-c a=b"}
	got := WithOption(given, "x", "off")
	if diff := cmp.Diff([]string{"PGHOST=h", "PGOPTIONS=-c a=b -c x=off"}, got); diff != "" {
		t.Error(diff)
	}
	if given[1] != "PGOPTIONS=-c a=b" {
		t.Error("the environment that was given has changed")
	}
	if diff := cmp.Diff([]string{"PGHOST=h", "PGOPTIONS=-c x=off"}, WithOption(given[:1], "x", "off")); diff != "" {
		t.Error(diff)
	}
}
