package compose

import (
	"errors"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

func TestExplainNetworks_SaysWhatToDoWithoutAddresses(t *testing.T) {
	full := errors.New("failed to create network shop_default: Error response from daemon: " +
		"could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network")
	if got := explainNetworks(full); !errors.Is(got, full) || len(hint.Of(got)) != 1 {
		t.Errorf("error %v, hints %q", got, hint.Of(got))
	}
	other := errors.New("no such image")
	if got := explainNetworks(other); got != other || explainNetworks(nil) != nil {
		t.Errorf("another error becomes %v", got)
	}
}
