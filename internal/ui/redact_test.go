package ui_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/ui"
)

func TestSecrets_EverySpellingOfAConnectionString(t *testing.T) {
	for _, c := range []struct{ name, given, text, want string }{
		{
			"as it was given", "postgres://u:pa%2Fss@db/x", "dial postgres://u:pa%2Fss@db/x",
			"dial postgres://u:***@db/x",
		},
		{"decoded", "postgres://u:pa%2Fss@db/x", "password pa/ss", "password ***"},
		{
			"small hexadecimal digits", "postgres://u:pa%2fss@db/x", "dial postgres://u:pa%2fss@db/x",
			"dial postgres://u:***@db/x",
		},
		{
			"needlessly encoded", "postgres://u:hu%6Eter9@db/x", "postgres://u:hu%6Eter9@db/x is hunter9",
			"postgres://u:***@db/x is ***",
		},
		{"an at sign and a colon", "postgres://u:a%40b%3Ac@db/x", "a@b:c a%40b%3Ac", "*** ***"},
		{
			"a second at sign", "postgres://u:pa%2fss@db/x?application_name=me@here", "pa%2fss at me@here",
			"*** at me@here",
		},
		{"spaces as + in the query", "postgres://db/x?user=u&password=two+words", "two words two+words", "*** ***"},
		{"a user without password", "postgres://hunter9@db/x", "user hunter9", "user hunter9"},
		{"an empty password", "postgres://u:@db/x", "u:@db/x", "u:@db/x"},
		{"a space, which no URL has", "postgres://u:pa ss%@db/x", "u:pa ss%@db", "u:***@db"},
		{"key=value", "host=db password=hunter9 user=u", "got hunter9", "got ***"},
		{"key=value, in capitals", "HOST=db PASSWORD=hunter9", "got hunter9", "got ***"},
		{"key=value, spaces around", "host=db password = hunter9", "got hunter9", "got ***"},
		{"key=value, at the end", "password=hunter9", "got hunter9", "got ***"},
		{"key=value, quoted", "password='hunter 9' host=db", "got hunter 9", "got ***"},
		{"key=value, escaped", `password='it\'s me'`, `password='it\'s me'`, `password='***'`},
		{"key=value, of the client's key", "host=db sslpassword=hunter9", "got hunter9", "got ***"},
		{"the file is no password", "host=db passfile=/home/u/.pgpass", "read /home/u/.pgpass", "read /home/u/.pgpass"},
	} {
		s := &ui.Secrets{}
		s.AddURL(c.given)
		if diff := cmp.Diff(c.want, s.Redact(c.text)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestSecrets_VariablesThatHoldOne(t *testing.T) {
	for _, c := range []struct {
		entry  string
		secret bool
	}{
		{"PGPASSWORD=value-9", true},
		{"db_password=value-9", true},
		{"SMTP_PASSWD=value-9", true},
		{"REDIS_PASS=value-9", true},
		{"ADMIN_PWD=value-9", true},
		{"GITHUB_TOKEN=value-9", true},
		{"CLIENT_SECRET=value-9", true},
		{"AWS_SECRET_ACCESS_KEY=value-9", true},
		{"AMQP=amqp://guest:value-9@mq", true},
		{"COMPASS=value-9", false},
		{"KEYBOARD=value-9", false},
		{"TOKEN_URL=https://example.com/value-9", false},
		{"value-9", false},
		{"=value-9", false},
		{"DSN=host=db user=app password=value-9", true},
		{"DSN=host=db user=app Password='value-9'", true},
		{"NOTE=no password is value-9", false},
	} {
		s := &ui.Secrets{}
		s.AddEnv([]string{c.entry})
		if got := s.Redact("value-9") == ui.Redacted; got != c.secret {
			t.Errorf("%s: hidden %v, want %v", c.entry, got, c.secret)
		}
	}
}

func TestSecrets_AddingTwiceOrLateChangesNothingElse(t *testing.T) {
	s := &ui.Secrets{}
	if got := s.Redact("hunter9"); got != "hunter9" {
		t.Errorf("the zero value hides something: %q", got)
	}
	var out bytes.Buffer
	w := s.Writer(&out)
	for _, step := range []func(){func() {}, func() { s.Add("hunter9") }, func() { s.Add("hunter9", "hunter9") }} {
		step()
		if _, err := w.Write([]byte("a hunter9 b\n")); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff("a hunter9 b\na *** b\na *** b\n", out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestSecrets_NeighboursAndRepeats(t *testing.T) {
	s := &ui.Secrets{}
	s.Add("hunter9", "9lives!")
	for text, want := range map[string]string{
		"":                  "",
		"hunter9hunter9":    "******",
		"hunter9lives!":     "***lives!", // the first that begins wins
		"hunte r9":          "hunte r9",
		"HUNTER9":           "HUNTER9",
		"\nhunter9\n":       "\n***\n",
		"世界hunter9世界":       "世界***世界",
		"hunter8 9lives hu": "hunter8 9lives hu",
	} {
		if got := s.Redact(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestUI_SecretsStaySecretInEveryKindOfLine(t *testing.T) {
	var out bytes.Buffer
	c, secrets := &clock{}, &ui.Secrets{}
	secrets.Add("hunter9")
	u := ui.New(ui.Options{Err: &out, Now: c.Now, Secrets: secrets, Every: 1})
	step := u.Start("dial hunter9")
	c.Add(1)
	step.Progress(1, 2, "as u:hunter9")
	step.Done("hunter9 it was")
	u.Start("again").Fail("no hunter9")
	u.Info("hunter9\nand hunt\x1b[1mer9")
	u.Warn("::error::hunter9")
	u.Block("log: hunter9")
	u.Error("dial u:hunter9@db\nsecond hunter9", []string{"do not use hunter9"})
	u.Close()
	want := `...  dial ***
...  dial ***  50%  0.0s  as u:***
ok   dial ***  0.0s  *** it was
...  again
fail again  0.0s  no ***
     ***
     and ***
warn : :error::***
     | log: ***
dial u:***@db
second ***
hint: do not use ***
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
