package ec2_test

import (
	"context"
	"flag"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
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
		"AWS_ACCESS_KEY_ID": "AKIDTEST", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": "",
		"AWS_DEFAULT_REGION": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_EC2": "",
	} {
		if os.Getenv("EC2_ENDPOINT") == "" {
			if err := os.Setenv(name, value); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}

// clock is one that passes only while somebody sleeps.
type clock struct {
	mutex sync.Mutex
	now   time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.now = c.now.Add(d)
	return context.Cause(ctx)
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
	options := ec2.Options{
		Region: standin.Region, Endpoint: a.endpoint, Clock: a.clock, LoginKey: loginKey(a.T),
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
