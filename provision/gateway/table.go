package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/whole"
)

// A State says what a route leads to at the moment.
type State string

// The states of a route.
const (
	Serving  State = "serving"  // requests are passed on
	Starting State = "starting" // the first generation is being made
	Updating State = "updating" // stopped while a new generation takes its data over
	Asleep   State = "asleep"   // stopped on request
)

// A Route leads one host name to one port of one container.
type Route struct {
	Host string `json:"host"` // pr-12.shop.localhost, or an address
	// Port is that by which browsers mean this route where several have one
	// host; 0: all others.
	Port    int    `json:"port,omitempty"`
	Project string `json:"project"` // shop
	Preview string `json:"preview"` // pr-12
	Service string `json:"service"` // web
	// Address is that of the service's container when the route was made, with
	// the port: 172.20.0.3:8000. Without a container that runs it is :8000.
	Address string `json:"address,omitempty"`
	// Container is the short id of the container, and Networks are those of its
	// preview, in which it may have another address by now.
	Container string         `json:"container,omitempty"`
	Networks  []netip.Prefix `json:"networks,omitempty"`
	State     State          `json:"state"`
	Commit    string         `json:"commit,omitempty"`
	Branch    string         `json:"branch,omitempty"`
	Since     time.Time      `json:"since,omitzero"`   // when this state began
	Expires   time.Time      `json:"expires,omitzero"` // when the preview may be removed
	ID        string         `json:"id,omitempty"`     // shop-pr-12: what one signs in to
	Pass      string         `json:"pass,omitempty"`   // what links and passwords are good for; another one ends them
	SignIn    bool           `json:"sign_in,omitempty"`
	Site      string         `json:"site,omitempty"` // the name that all hosts of a public preview are at or below
	// Several says that the preview has more than one host.
	Several bool `json:"several,omitempty"`
	// LeadsTo is another host of the same service, which browsers are sent to:
	// pages, cookies and scripts are to have one origin.
	LeadsTo string `json:"leads_to,omitempty"`
}

// holder is what a pass is made for: a preview, until its passes are changed.
func (r Route) holder() string { return holder(r.ID, r.Pass) }

func holder(id, pass string) string {
	if pass == "" {
		return id
	}
	return id + "\x00" + pass
}

// A Table is everything the gateway knows.
type Table struct {
	Routes []Route `json:"routes"`
}

// lookup finds the route of a Host header, with or without a port.
func (t Table) lookup(host string) (found Route, known bool) {
	name, port := hostName(host), portOf(host)
	i := sort.Search(len(t.Routes), func(i int) bool { return t.Routes[i].Host >= name })
	for ; i < len(t.Routes) && t.Routes[i].Host == name; i++ {
		if t.Routes[i].Port == 0 || t.Routes[i].Port == port {
			found, known = t.Routes[i], true
		}
	}
	return found, known
}

// portOf is the port in a Host header; 0: none.
func portOf(header string) int {
	_, text, _ := net.SplitHostPort(header)
	port, _ := strconv.Atoi(text)
	return port
}

// before orders routes: that of a host for all ports is ahead of those for one.
func (r Route) before(other Route) bool {
	return r.Host < other.Host || r.Host == other.Host && r.Port < other.Port
}

// hostName returns the bare lower-case name of a Host header.
func hostName(header string) string {
	name := header
	if host, _, err := net.SplitHostPort(header); err == nil {
		name = host
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// readTable decodes a table strictly, checks it and sorts it by host.
func readTable(r io.Reader) (Table, error) {
	var table Table
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&table); err != nil {
		return Table{}, fmt.Errorf("read routes: %w", err)
	}
	if decoder.More() {
		return Table{}, errors.New("read routes: more than one table")
	}
	sort.Slice(table.Routes, func(i, j int) bool { return table.Routes[i].before(table.Routes[j]) })
	for i, route := range table.Routes {
		if route.Host != hostName(route.Host) || route.Host == "" {
			return Table{}, fmt.Errorf("read routes: host %q is not a bare lower-case name", route.Host)
		}
		if i > 0 && !table.Routes[i-1].before(route) {
			return Table{}, fmt.Errorf("read routes: host %q twice", route.Host)
		}
		if route.SignIn && route.ID == "" {
			return Table{}, fmt.Errorf("read routes: host %q wants a sign-in to nothing", route.Host)
		}
		if route.Address != "" && !isAddress(route.Address) {
			return Table{},
				fmt.Errorf("read routes: host %q leads to %q, which is no address", route.Host, route.Address)
		}
	}
	return table, nil
}

// store writes the table, of which a restart never finds half.
func (t Table) store(path string) error {
	err := whole.Write(path, 0o600, func(w io.Writer) error { return json.NewEncoder(w).Encode(t) })
	if err != nil {
		return fmt.Errorf("store routes: %w", err)
	}
	return nil
}
