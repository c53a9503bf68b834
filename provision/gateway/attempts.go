package gateway

import (
	"net/netip"
	"sync"
	"time"
)

// How often a password may be wrong within a minute, for one address and for
// all that ask for one preview, until wrong ones are told to wait. A password of
// 80 bits is not found by trying; this keeps those who try from being a load.
const (
	attemptsOfOne = 10
	attemptsOfAll = 300
	attemptsSpan  = time.Minute
)

// attempts counts wrong passwords. The zero value has seen none.
type attempts struct {
	mutex sync.Mutex
	since time.Time
	of    map[string]int // of a preview, and of a preview and an address
}

// allow tells whether this address may try to sign in to the preview now.
func (a *attempts) allow(preview, address string, now time.Time) bool {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.forget(now)
	return a.of[preview] < attemptsOfAll && a.of[preview+" "+address] < attemptsOfOne
}

// failed counts one more.
func (a *attempts) failed(preview, address string, now time.Time) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.forget(now)
	a.of[preview]++
	a.of[preview+" "+address]++
}

// forget begins a new span, which also bounds how much is remembered.
func (a *attempts) forget(now time.Time) {
	if a.of == nil || now.Sub(a.since) >= attemptsSpan || now.Before(a.since) {
		a.of, a.since = map[string]int{}, now
	}
}

// whose is what a client's address is counted by: whoever has one address of
// IPv6 has a whole network of them.
func whose(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	address := at.Addr().Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	network, err := address.Prefix(64)
	if err != nil {
		return address.String()
	}
	return network.String()
}
