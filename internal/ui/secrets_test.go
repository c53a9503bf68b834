package ui_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/ui"
)

func TestSecrets_FindsPasswordsWhereTheyHide(t *testing.T) {
	s := &ui.Secrets{}
	s.AddURL("postgres://app:s3cr%40t@db:5432/shop?sslpassword=keypass")
	s.AddURL("postgres://app:br%zzoken@db/shop")
	s.AddURL("host=db password=plainpw dbname=x")
	s.AddURL(`password = 'quoted pw' sslmode=disable`)
	s.AddEnv([]string{
		"PGPASSWORD=fromenv", "STRIPE_KEY=sk_live_1", "DB_PASS=dbpass1", "HOME=/root", "OLDPWD=/srv/old",
		"REDIS_URL=redis://:rpass@r", "EMPTY_PASSWORD=",
	})
	for _, c := range []struct{ in, want string }{
		{`dial postgres://app:s3cr%40t@db: s3cr@t`, `dial postgres://app:***@db: ***`},
		{`keypass br%zzoken`, `*** ***`},
		{`plainpw quoted pw`, `*** ***`},
		{`fromenv sk_live_1 dbpass1 /root /srv/old rpass`, `*** *** *** /root /srv/old ***`},
	} {
		if diff := cmp.Diff(c.want, s.Redact(c.in)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestSecrets_ReplacesTheFormsThatQuotingMakes(t *testing.T) {
	const secret = `a"b'c d<e`
	s := &ui.Secrets{}
	s.Add(secret)
	quoted, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		secret, string(quoted), "a%22b%27c+d%3Ce", "a%22b%27c%20d%3Ce", `a"b''c d<e`,
		`a"b\'c d<e`,
	} {
		if got := s.Redact(text); strings.Trim(got, `"`) != ui.Redacted {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestSecrets_LeavesOrdinaryWordsAlone(t *testing.T) {
	s := &ui.Secrets{}
	s.Add("postgres", "password", "abc", "")
	const text = `password authentication failed for user "postgres" abc`
	if got := s.Redact(text); got != text {
		t.Errorf("got %q", got)
	}
}

func TestSecrets_TheLongestWins(t *testing.T) {
	s := &ui.Secrets{}
	s.Add("hunter", "hunter2-long")
	if got, want := s.Redact("hunter2-long hunter2 hunter"), "*** ***2 ***"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSecrets_WriterHoldsBackOnlyWhatMayBecomeASecret(t *testing.T) {
	s := &ui.Secrets{}
	s.Add("hunter22")
	var out bytes.Buffer
	w := s.Writer(&out)
	for _, step := range []struct{ in, seen string }{
		{"say hun", "say "},
		{"gry hunt", "say hungry "},
		{"er22 yes\n", "say hungry *** yes\n"},
		{"hunter2", "say hungry *** yes\n"},
	} {
		if _, err := w.Write([]byte(step.in)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.seen, out.String()); diff != "" {
			t.Fatalf("after %q: %s", step.in, diff)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out.String(), "hunter2") {
		t.Errorf("what was held back is lost: %q", out.String())
	}
}

func TestSecrets_WriterReportsABrokenWriter(t *testing.T) {
	w := (&ui.Secrets{}).Writer(broken{})
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("the error is lost")
	}
}

// FuzzSecrets_SameHoweverItIsCut: writing in pieces gives what redacting the
// whole gives, and never a secret.
func FuzzSecrets_SameHoweverItIsCut(f *testing.F) {
	f.Add("xx aabaab yy", "aabaab", "aaba", uint8(1))
	f.Add("aaaaaaaaaa", "aaaaa", "aaaa", uint8(3))
	f.Add("", "secret-1", "secret-12", uint8(2))
	f.Fuzz(func(t *testing.T, text, one, two string, size uint8) {
		if len(one) < 4 || len(two) < 4 || strings.Contains(one, "*") || strings.Contains(two, "*") {
			return // too short to be kept secret, or hidden by the stars themselves
		}
		s := &ui.Secrets{}
		s.Add(one, two)
		var out bytes.Buffer
		w := s.Writer(&out)
		step := int(size)%7 + 1
		for rest := text; rest != ""; {
			n := min(step, len(rest))
			if _, err := w.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s.Redact(text), out.String()); diff != "" {
			t.Errorf("in pieces of %d: %s", step, diff)
		}
		for _, secret := range []string{one, two} {
			if s.Redact(secret) == ui.Redacted && strings.Contains(out.String(), secret) {
				t.Errorf("%q shows in %q", secret, out.String())
			}
		}
	})
}
