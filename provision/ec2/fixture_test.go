package ec2_test

import (
	"context"
	"flag"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestMain keeps the tests away from whatever account this computer knows.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDTEST", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_REGION":         "",
		"AWS_DEFAULT_REGION": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ENDPOINT_URL":          "", "AWS_ENDPOINT_URL_EC2": "",
	} {
		if os.Getenv("EC2_ENDPOINT") == "" {
			if err := os.Setenv(name, value); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}

// clock is one that passes only while everybody sleeps: all callers that are
// known by enter, or else whoever sleeps. Then the first to wake wakes.
type clock struct {
	mutex   sync.Mutex
	woken   *sync.Cond
	now     time.Time
	callers int
	asleep  []time.Time // when each wakes
}

func newClock() *clock {
	c := &clock{now: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)}
	c.woken = sync.NewCond(&c.mutex)
	return c
}

func (c *clock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	wakes := c.now.Add(d)
	c.asleep = append(c.asleep, wakes)
	c.pass()
	for c.now.Before(wakes) {
		c.woken.Wait()
	}
	return context.Cause(ctx)
}

// enter says that a caller is awake until the function that it returns.
func (c *clock) enter() (leave func()) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.callers++
	return func() {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		c.callers--
		c.pass()
	}
}

// pass lets the time pass if nobody is awake.
func (c *clock) pass() {
	if len(c.asleep) == 0 || len(c.asleep) < c.callers {
		return
	}
	c.now = slices.MinFunc(c.asleep, time.Time.Compare)
	c.asleep = slices.DeleteFunc(c.asleep, func(wakes time.Time) bool { return !wakes.After(c.now) })
	c.woken.Broadcast()
}

// timed is a provider whose callers at once sleep at once.
type timed struct {
	machine.Provider
	clock *clock
}

func (p timed) Ensure(ctx context.Context, spec machine.Spec) (machine.Machine, error) {
	defer p.clock.enter()()
	return p.Provider.Ensure(ctx, spec)
}

// BackoffDelay lets the SDK try again at once.
func (c *clock) BackoffDelay(int, error) (time.Duration, error) { return 0, nil }

// account is a stand-in and a provider that talks to it through the SDK.
type account struct {
	*testing.T
	cloud    *standin.Cloud
	clock    *clock
	endpoint string
	provider *ec2.Provider
	login    []byte
}

func newAccount(t *testing.T, cloud standin.Options, change ...func(*ec2.Options)) *account {
	t.Helper()
	a := &account{T: t, clock: newClock()}
	cloud.Now = a.clock.Now
	a.cloud = standin.New(cloud)
	server := httptest.NewServer(a.cloud)
	t.Cleanup(server.Close)
	a.endpoint = server.URL
	a.provider = a.newProvider(change...)
	return a
}

func (a *account) newProvider(change ...func(*ec2.Options)) *ec2.Provider {
	a.Helper()
	provider, err := ec2.New(a.Context(), a.options(change...))
	if err != nil {
		a.Fatal(err)
	}
	return provider
}

func (a *account) options(change ...func(*ec2.Options)) ec2.Options {
	if a.login == nil {
		a.login = loginKey(a.T)
	}
	options := ec2.Options{
		Region: standin.Region, Endpoint: a.endpoint, Clock: a.clock, LoginKey: a.login,
		Types:  []string{"t3.large", "t3a.large"},
		Caller: func(context.Context) (netip.Addr, error) { return netip.MustParseAddr("198.51.100.7"), nil },
	}
	for _, f := range change {
		f(&options)
	}
	return options
}

// usual are the habits of EC2 on a normal day.
func usual(seed uint64) standin.Options {
	return standin.Options{Seed: seed, Hidden: 3 * time.Second, Pending: 8 * time.Second, Ending: 20 * time.Second}
}

func loginKey(t *testing.T) []byte {
	t.Helper()
	key, err := host.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return []byte(key.Private)
}

func spec(preview string) machine.Spec {
	return machine.Spec{
		Preview: preview, Repository: "github.com/acme/shop", Expires: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC),
		Labels: map[string]string{"dev.offshoot.commit": "c0ffee"},
	}
}

func (a *account) ensure(preview string) machine.Machine {
	a.Helper()
	m, err := a.provider.Ensure(a.Context(), spec(preview))
	if err != nil {
		a.Fatalf("ensure: %v", err)
	}
	return m
}

func (a *account) destroy(id string) {
	a.Helper()
	if err := a.provider.Destroy(a.Context(), id); err != nil {
		a.Fatalf("destroy: %v", err)
	}
}

// get reads the machine of a preview back, when AWS shows all there is.
func (a *account) get(preview string) machine.Machine {
	a.Helper()
	if err := a.clock.Sleep(a.Context(), time.Minute); err != nil {
		a.Fatal(err)
	}
	found, err := a.provider.List(a.Context(), machine.Filter{Preview: preview})
	if err != nil || len(found) != 1 {
		a.Fatalf("list: %v, %v", found, err)
	}
	return found[0]
}

// assertNothingLeft also removes the shared group.
func (a *account) assertNothingLeft() {
	a.Helper()
	if _, err := a.provider.RemoveGroups(a.Context()); err != nil {
		a.Errorf("remove groups: %v", err)
	}
	if left := a.cloud.Left(); len(left) > 0 {
		a.Errorf("left in the account: %v", left)
	}
}

func (a *account) calls(action string) []standin.Call {
	var found []standin.Call
	for _, call := range a.cloud.Calls() {
		if call.Action == action {
			found = append(found, call)
		}
	}
	return found
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: %s", path, diff)
	}
}
