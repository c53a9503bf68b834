package ec2_test

import (
	"errors"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

func TestExtend_ChangesTheLabelAndStartsNothing(t *testing.T) {
	a := newAccount(t, usual(1))
	m := a.ensure("shop-pr-12")
	if err := a.provider.Stop(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	for _, expires := range []time.Time{a.clock.Now().Add(100 * time.Hour).Truncate(time.Second), {}} {
		got, err := a.provider.Extend(t.Context(), m.ID, expires)
		if err != nil || !got.Expires.Equal(expires) {
			t.Errorf("%v, %v", got.Expires, err)
		}
		if kept := a.get("shop-pr-12"); !kept.Expires.Equal(expires) || kept.State != machine.Stopped {
			t.Errorf("it is %s and expires %v", kept.State, kept.Expires)
		}
	}
}

func TestExtend_RefusesWhatIsGoneOrNotOurs(t *testing.T) {
	a := newAccount(t, standin.Options{Seed: 1})
	m := a.ensure("shop-pr-12")
	a.destroy(m.ID)
	if _, err := a.provider.Extend(t.Context(), m.ID, time.Time{}); !errors.Is(err, machine.ErrGone) {
		t.Errorf("gone: %v", err)
	}
	foreign := a.cloud.Launch(map[string]string{"Name": "production"})
	if _, err := a.provider.Extend(t.Context(), foreign, time.Time{}); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("foreign: %v", err)
	}
	if calls := a.calls("CreateTags"); len(calls) != 0 {
		t.Errorf("%d labels were set", len(calls))
	}
}
