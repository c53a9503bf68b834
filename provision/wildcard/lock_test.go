package wildcard

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/libdns/libdns"

	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// Every push has a job, and authorities count what fails.
func TestGet_AnOrderThatFailedIsNotRepeatedByEveryJob(t *testing.T) {
	t.Parallel()
	z := newZone(t)
	a := newAuthority(t, z, month)
	o, b := newOptions(t, z, gateway.ACME{Authority: a.Authority})
	z.deaf.Store(true)
	if _, err := Get(t.Context(), o); err == nil || !strings.Contains(err.Error(), "REFUSED") {
		t.Errorf("the first: %v", err)
	}
	for range 3 {
		_, err := Get(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), "an order failed: 127.0.0.1: ") ||
			!strings.Contains(err.Error(), o.At.Key+".lock is removed") {
			t.Errorf("the next: %v", err)
		}
	}
	if got := a.orders.Load(); got != 1 {
		t.Errorf("%d orders", got)
	}
	z.deaf.Store(false)
	o.Now = func() time.Time { return time.Now().Add(rest + time.Second) }
	if _, err := Get(t.Context(), o); err != nil || a.orders.Load() != 2 ||
		!slices.Equal(b.keys(), []string{o.At.Key}) {
		t.Errorf("later: %d orders, %q, %v", a.orders.Load(), b.keys(), err)
	}
	if got := a.signups.Load(); got != 1 {
		t.Errorf("%d accounts, of which a computer may make few", got)
	}
}

func TestGet_ARenewalThatFailedIsNotRepeatedByEveryJob(t *testing.T) {
	t.Parallel()
	z := newZone(t)
	a := newAuthority(t, z, month)
	o, _ := newOptions(t, z, gateway.ACME{Authority: a.Authority})
	made, err := Get(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	z.deaf.Store(true)
	var warned []string
	o.Warn = func(text string) { warned = append(warned, text) }
	o.Now = func() time.Time { return time.Now().Add(month * 3 / 4) }
	for range 3 {
		if got, err := Get(t.Context(), o); err != nil || got != made {
			t.Errorf("%v", err)
		}
	}
	if a.orders.Load() != 2 || len(warned) != 3 || !strings.Contains(warned[2], "is not renewed: an order failed") {
		t.Errorf("%d orders, %q", a.orders.Load(), warned)
	}
}

// A run that was interrupted says nothing of the authority.
func TestGet_ARunThatIsInterruptedLeavesNoLock(t *testing.T) {
	t.Parallel()
	z := newZone(t)
	o, b := newOptions(t, z, gateway.ACME{Authority: newAuthority(t, z, month).Authority})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.DNS = slowZone{o.DNS, func() { cancel() }}
	if _, err := Get(ctx, o); err == nil || slices.Contains(b.keys(), o.At.Key+".lock") {
		t.Errorf("%q stay, %v", b.keys(), err)
	}
}

func TestLock_HoldsForAShortTimeAfterItsRunWasKilled(t *testing.T) {
	t.Parallel()
	o, b := newOptions(t, newZone(t), gateway.ACME{})
	now := time.Now()
	o.Now = func() time.Time { return now }
	if _, err := o.lock(t.Context()); err != nil { // and never released
		t.Fatal(err)
	}
	if _, err := o.lock(t.Context()); !errors.Is(err, errLocked) {
		t.Errorf("beside it: %v", err)
	}
	now = now.Add(lockTime + time.Second)
	release, err := o.lock(t.Context())
	if err != nil {
		t.Fatalf("after it: %v", err)
	}
	release(nil)
	if len(b.keys()) > 0 {
		t.Errorf("%q stay", b.keys())
	}
	if lockTime > 3*time.Minute || beat*3 > lockTime {
		t.Errorf("a lock of %v, renewed every %v", lockTime, beat)
	}
}

// slowZone does something else before it takes a record.
type slowZone struct {
	certmagic.DNSProvider
	before func()
}

func (s slowZone) AppendRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	s.before()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.DNSProvider.AppendRecords(ctx, zone, records)
}

func TestLock_IsRenewedWhileItsRunIsAtWork(t *testing.T) {
	t.Parallel()
	z := newZone(t)
	o, b := newOptions(t, z, gateway.ACME{Authority: newAuthority(t, z, month).Authority})
	o.beat = time.Millisecond
	until := func() (c claim) {
		content, _, err := b.Read(t.Context(), o.lockAt())
		if err != nil || json.Unmarshal(content, &c) != nil {
			t.Errorf("%s, %v", content, err)
		}
		return c
	}
	o.DNS = slowZone{o.DNS, func() {
		first := until()
		for deadline := time.Now().Add(10 * time.Second); !until().Until.After(first.Until); {
			if time.Now().After(deadline) {
				t.Error("it ends while the order goes on")
				return
			}
		}
	}}
	if _, err := Get(t.Context(), o); err != nil || len(b.keys()) != 1 {
		t.Errorf("%q, %v", b.keys(), err)
	}
}

// Whoever may write to the bucket, or has a clock that is wrong.
func TestHostile_AWriterOfTheBucketWantsNoCertificateToBeRenewed(t *testing.T) {
	t.Parallel()
	o, b := newOptions(t, newZone(t), gateway.ACME{})
	for _, theirs := range []claim{
		{By: "a stranger", Until: time.Now().Add(365 * 24 * time.Hour)},
		{By: "a stranger", Until: time.Now().Add(365 * 24 * time.Hour), Failed: "never again"},
	} {
		b.objects[o.lockAt().Key], _ = json.Marshal(theirs)
		release, err := o.lock(t.Context())
		if err != nil {
			t.Errorf("%+v: %v", theirs, err)
			continue
		}
		release(nil)
	}
}

func TestHostile_AWriterOfTheBucketWantsToBeReadByTheLog(t *testing.T) {
	t.Parallel()
	o, b := newOptions(t, newZone(t), gateway.ACME{})
	b.objects[o.lockAt().Key], _ = json.Marshal(claim{
		By: "a stranger", Until: time.Now().Add(time.Minute),
		Failed: "x\n::error::\x1b[2Jy" + strings.Repeat("z", 10_000),
	})
	_, err := o.lock(t.Context())
	if err == nil || strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 1000 {
		t.Errorf("%q", err)
	}
}
