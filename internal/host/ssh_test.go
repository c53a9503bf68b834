package host_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/internal/host/hosttest"
)

var (
	_ host.Host = host.Local{}
	_ host.Host = (*host.SSH)(nil)
)

func TestSSH_RunsAsThisComputerDoes(t *testing.T) {
	for name, h := range map[string]host.Host{"ssh": hosttest.Start(t).Dial(t), "local": host.Local{}} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			c := sh(`cat; printf '%s|' "$@"; printf '%s' "$GREETING" >&2; pwd`, "a b", "", "$HOME",
				`it's "quoted" \ here`, "a\nb", "größe")
			c.Stdin, c.Stdout, c.Stderr, c.Dir = strings.NewReader("in "), &out, &errs, "/usr"
			c.Env = append(c.Env, "GREETING=it's\n$(hello)")
			if err := h.Run(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			want := []string{"in a b||$HOME|it's \"quoted\" \\ here|a\nb|größe|/usr\n", "it's\n$(hello)"}
			if diff := cmp.Diff(want, []string{out.String(), errs.String()}); diff != "" {
				t.Error(diff)
			}
			err := h.Run(t.Context(), sh("echo first >&2; echo second >&2; exit 7"))
			var exit *host.ExitError
			if !errors.As(err, &exit) || exit.Code != 7 || exit.Stderr != "first\nsecond" || exit.Program != "sh" {
				t.Errorf("of a command that fails: %v", err)
			}
			err = h.Run(t.Context(), sh("kill -KILL $$"))
			if !errors.As(err, &exit) || exit.Code != -1 || exit.Signal == "" {
				t.Errorf("of a command that is killed: %v", err)
			}
			if err := h.Run(t.Context(), host.Command{}); err == nil {
				t.Error("an empty command ran")
			}
		})
	}
}

func TestSSH_InheritsNothingAndShowsNoSecret(t *testing.T) {
	h := hosttest.Start(t).Dial(t)
	var out bytes.Buffer
	// All arguments of all processes above the command, and its environment.
	c := sh(`env; echo --; p=$$; while [ "$p" -gt 1 ]; do tr '\0' ' ' </proc/$p/cmdline; echo; p=$(cut -d' ' -f4 /proc/$p/stat); done`)
	c.Env, c.Stdout = append(c.Env, "TOKEN=s3cret"), &out
	if err := h.Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	env, processes, _ := strings.Cut(out.String(), "--\n")
	if strings.Contains(processes, "s3cret") || !strings.Contains(processes, "sshd") {
		t.Errorf("processes: %s", processes)
	}
	if !strings.Contains(env, "TOKEN=s3cret\n") || strings.Contains(env, "SSH_CONNECTION") ||
		strings.Contains(env, "HOME=") {
		t.Errorf("environment: %s", env)
	}
}

func TestSSH_CarriesALargeFileBothWays(t *testing.T) {
	h := hosttest.Start(t).Dial(t)
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // 4 MB
	path := filepath.Join(t.TempDir(), "file")
	if err := h.Run(t.Context(),
		host.Command{Args: []string{"tee", path}, Env: []string{"A=b"}, Stdin: bytes.NewReader(content)}); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(written, content) {
		t.Errorf("%d bytes arrived (%v)", len(written), err)
	}
	var back bytes.Buffer
	if err := h.Run(t.Context(), host.Command{Args: []string{"cat", path}, Stdout: &back}); err != nil ||
		!bytes.Equal(back.Bytes(), content) {
		t.Errorf("%d bytes came back (%v)", back.Len(), err)
	}
}

func TestSSH_StopsAtAnotherHostKeyAndSendsNothing(t *testing.T) {
	s := hosttest.Start(t)
	s.Remote.HostKey = hosttest.NewKey(t).Public
	h, err := host.Dial(t.Context(), s.Remote)
	var stranger *host.HostKeyError
	if h != nil || !errors.As(err, &stranger) || stranger.Want == stranger.Shown ||
		!strings.HasPrefix(stranger.Shown, "SHA256:") {
		t.Errorf("%v, %v", h, err)
	}
}

func TestSSH_SaysThatItsKeyIsRefused(t *testing.T) {
	s := hosttest.Start(t)
	s.Remote.Key = []byte(hosttest.NewKey(t).Private)
	if _, err := host.Dial(t.Context(), s.Remote); !errors.Is(err, host.ErrLogin) ||
		strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
}

func TestSSH_RefusesKeysThatAreNone(t *testing.T) {
	good := hosttest.NewKey(t)
	for name, remote := range map[string]host.Remote{
		"no key":      {HostKey: good.Public},
		"no PEM":      {HostKey: good.Public, Key: []byte("s3cret")},
		"public":      {HostKey: good.Public, Key: []byte(good.Public)},
		"no host key": {Key: []byte(good.Private)},
	} {
		remote.Address = hosttest.Address(1)
		if _, err := host.Dial(t.Context(), remote); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSSH_EndsACommandWithItsContext(t *testing.T) {
	h := hosttest.Start(t).Dial(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	running, told := io.Pipe()
	go func() {
		_, _ = io.ReadFull(running, make([]byte, 1))
		cancel(reason)
		_, _ = io.Copy(io.Discard, running)
	}()
	ended := filepath.Join(t.TempDir(), "ended")
	c := sh(`trap 'echo yes >"$1"; exit 1' TERM; echo; while :; do sleep 0.01; done`, ended)
	c.Stdout = told
	defer told.Close()
	if err := h.Run(ctx, c); !errors.Is(err, reason) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(ended); err != nil {
		t.Errorf("it was not told to end: %v", err)
	}
	if err := h.Run(t.Context(), sh("true")); err != nil {
		t.Errorf("the connection did not live on: %v", err)
	}
}

func TestSSH_KillsACommandThatDoesNotEnd(t *testing.T) {
	h := hosttest.Start(t).Dial(t)
	ctx, cancel := context.WithCancel(t.Context())
	running, told := io.Pipe()
	go func() {
		_, _ = io.ReadFull(running, make([]byte, 1))
		cancel()
		_, _ = io.Copy(io.Discard, running)
	}()
	c := sh(`trap '' TERM; echo; while :; do sleep 0.01; done`)
	c.Stdout, c.Grace = told, 50*time.Millisecond
	if err := h.Run(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// holding is a command that says when it runs, and runs until its input ends:
// with the connection.
func holding(told io.Writer) (host.Command, io.Closer) {
	in, hold := io.Pipe()
	c := sh("echo; exec cat")
	c.Stdin, c.Stdout = in, told
	return c, hold
}

func TestSSH_ComesBackAfterEveryCut(t *testing.T) {
	s := hosttest.Start(t)
	line := hosttest.NewCable(t, s.Remote.Address)
	s.Remote.Address = hosttest.Address(line.Port)
	h := s.Dial(t)
	for range 10 {
		running, told := io.Pipe()
		go func() {
			_, _ = io.ReadFull(running, make([]byte, 1))
			line.Cut()
			_, _ = io.Copy(io.Discard, running)
		}()
		c, hold := holding(told)
		defer hold.Close()
		if err := h.Run(t.Context(), c); !errors.Is(err, host.ErrLost) {
			t.Fatalf("cut: %v", err)
		}
		var out bytes.Buffer
		again := sh("echo again")
		again.Stdout = &out
		if err := h.Run(t.Context(), again); err != nil || out.String() != "again\n" {
			t.Fatalf("after the cut: %q, %v", out.String(), err)
		}
	}
	if n := line.Made(); n != 11 {
		t.Errorf("%d connections for 10 cuts", n)
	}
}

func TestSSH_NoticesANetworkThatWentAway(t *testing.T) {
	s := hosttest.Start(t)
	line := hosttest.NewCable(t, s.Remote.Address)
	s.Remote.Address, s.Remote.Alive = hosttest.Address(line.Port), 500*time.Millisecond
	h := s.Dial(t)
	running, told := io.Pipe()
	go func() {
		_, _ = io.ReadFull(running, make([]byte, 1))
		line.Hush(true)
		_, _ = io.Copy(io.Discard, running)
	}()
	c, hold := holding(told)
	defer hold.Close()
	if err := h.Run(t.Context(), c); !errors.Is(err, host.ErrLost) {
		t.Errorf("silence: %v", err)
	}
	line.Hush(false)
	if err := h.Run(t.Context(), sh("true")); err != nil {
		t.Errorf("after the silence: %v", err)
	}
}

func TestSSH_GivesUpOnAServerThatSaysNothing(t *testing.T) {
	s := hosttest.Start(t)
	line := hosttest.NewCable(t, s.Remote.Address)
	line.Hush(true)
	s.Remote.Address, s.Remote.Timeout = hosttest.Address(line.Port), 50*time.Millisecond
	if _, err := host.Dial(t.Context(), s.Remote); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestSSH_EndsWithClose(t *testing.T) {
	h := hosttest.Start(t).Dial(t)
	for range 2 {
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Run(t.Context(), sh("true")); err == nil {
		t.Error("a command ran over a closed connection")
	}
}

func TestSSH_RefusesWhatNoShellCanSay(t *testing.T) {
	h := hosttest.Start(t).Dial(t)
	for name, c := range map[string]host.Command{
		"argument": {Args: []string{"echo", "a\x00b"}},
		"folder":   {Args: []string{"echo"}, Dir: "a\x00b"},
		"name":     {Args: []string{"echo"}, Env: []string{"A B=c"}},
		"value":    {Args: []string{"echo"}, Env: []string{"A=b\x00c"}},
		"script":   {Args: []string{"echo"}, Env: []string{"A;reboot=1"}},
	} {
		if err := h.Run(t.Context(), c); err == nil {
			t.Errorf("%s: it ran", name)
		}
	}
}

func FuzzQuote_IsReadBackByAShell(f *testing.F) {
	for _, text := range []string{"", "'", `\`, "a b", "$x", "`x`", "\n", "ü", "-n", "!!", "*"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsRune(text, 0) {
			return
		}
		var out bytes.Buffer
		c := host.Command{
			Args: []string{"/bin/sh", "-c", "printf %s " + host.Quote(text)}, Env: []string{"LC_ALL=C"},
			Stdout: &out,
		}
		if err := (host.Local{}).Run(t.Context(), c); err != nil || out.String() != text {
			t.Errorf("%q became %q (%v)", text, out.String(), err)
		}
	})
}

func TestKey_IsReadByOpenSSH(t *testing.T) {
	key := hosttest.NewKey(t)
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(key.Private), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/usr/bin/ssh-keygen"); err != nil {
		t.Skip("no ssh-keygen here: apt-get install openssh-client")
	}
	var out bytes.Buffer
	if err := (host.Local{}).Run(t.Context(),
		host.Command{Args: []string{"/usr/bin/ssh-keygen", "-y", "-f", path}, Stdout: &out}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(strings.Fields(out.String())[:2], " "); got != key.Public {
		t.Errorf("%s, want %s", got, key.Public)
	}
	if public, err := host.PublicKey([]byte(key.Private)); err != nil || public != key.Public {
		t.Errorf("%s, %v", public, err)
	}
}

func TestPublicKey_SaysWhatIsWrongWithoutTheKey(t *testing.T) {
	for text, want := range map[string]string{
		"": "there is none", " \n": "there is none",
		"s3cret": "it is not a private key in PEM",
	} {
		if _, err := host.PublicKey([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
