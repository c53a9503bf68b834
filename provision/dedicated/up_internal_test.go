package dedicated

import (
	"errors"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

func TestUp_SaysWhoCanFollowALinkToAPrivateAddress(t *testing.T) {
	addresses := map[string]bool{"10.0.1.4": true, "172.31.0.9": true, "203.0.113.7": false, "": false}
	for address, private := range addresses {
		if text := onlyInside(address); (text != "") != private || !strings.Contains(text, address) && private {
			t.Errorf("%s: %q", address, text)
		}
	}
}

// The run on the machine is an up too: its error has the title already.
func TestUp_SaysOnceWhatFailed(t *testing.T) {
	cause := &remote.RunError{Outcome: remote.Outcome{Exit: 3, Error: "up pr-12: load data: exit 1"}}
	for want, err := range map[string]error{
		"up pr-12: load data: exit 1":            cause,
		"up pr-12: load data: exit 1\nnot gone":  errors.Join(cause, errors.New("not gone")),
		"up pr-12: connect: the machine is gone": errors.New("connect: the machine is gone"),
	} {
		got := titled("up pr-12: ", err)
		if got.Error() != want || !errors.Is(got, err) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSpec_SaysOfAStrangersMachineThatItIs(t *testing.T) {
	for _, stranger := range []bool{false, true} {
		p := provision.Preview{ID: "shop-pr-12", Repository: "github.com/acme/shop"}
		o := provision.Options{Preview: p, Stranger: stranger}
		labels := Previews{}.run(o, nil).spec("").AllLabels()
		if got := labels[provision.LabelStranger] != ""; got != stranger {
			t.Errorf("stranger %v: %v", stranger, labels)
		}
	}
}
