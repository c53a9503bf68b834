package provision

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// A Front is how the previews of a machine are reached from other computers:
// by HTTPS, with certificates, and port 80 leading there. The zero value is not
// at all: they are shown on the loopback interface only.
//
// The gateway keeps its front until it is removed with its last preview: an Up
// without one leaves that which is there.
type Front struct {
	// Domain is what the names of previews end with: shop-pr-12.<Domain>. A
	// wildcard record in DNS has to lead to the machine. "{ip}" in it stands for
	// the Address, written 203-0-113-7.
	Domain string `json:"domain,omitempty"`
	// Address is the machine's public address. Where no Domain is given, names
	// are made of it: shop-pr-12.203-0-113-7.sslip.io, which DNS servers of
	// sslip.io resolve to the address in the name.
	Address netip.Addr `json:"address,omitzero"`
	// HTTP and HTTPS are the ports that are published; 0: 80 and 443. A
	// certificate authority asks on those two.
	HTTP  int `json:"http,omitempty"`
	HTTPS int `json:"https,omitempty"`
	// Bind is the address of the machine that they are published on; the zero
	// value: all of them.
	Bind netip.Addr `json:"bind,omitzero"`
	// ACME says where certificates come from.
	ACME gateway.ACME `json:"acme,omitzero"`
}

// addressZone has names for all addresses: https://sslip.io
const addressZone = "{ip}.sslip.io"

// maxDomain leaves room for two labels in front of it.
const maxDomain = 253 - 2*64

var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Check refuses a front that no name can be made for.
func (f Front) Check() error {
	if f == (Front{}) {
		return nil
	}
	if !f.Address.IsValid() && (f.Domain == "" || strings.Contains(f.Domain, "{ip}")) {
		return errors.New("the names of previews need a domain, or the machine's address")
	}
	if zone := f.zone(); !domainName.MatchString(zone) || len(zone) > maxDomain {
		return hint.Usage(fmt.Errorf("%q is not a domain for previews", f.Domain), "write it like previews.example.com")
	}
	return f.ACME.Check()
}

// zone is what the names of previews end with.
func (f Front) zone() string {
	domain := f.Domain
	if domain == "" {
		domain = addressZone
	}
	address := strings.NewReplacer(".", "-", ":", "-").Replace(f.Address.String())
	return strings.ReplaceAll(strings.ToLower(domain), "{ip}", address)
}

func (f Front) httpPort() int  { return or(f.HTTP, 80) }
func (f Front) httpsPort() int { return or(f.HTTPS, 443) }

func or(port, standard int) int {
	if port == 0 {
		return standard
	}
	return port
}

// An entrance is where the gateway of a machine answers.
type entrance struct {
	front Front // the zero value: on the loopback interface only
	port  int   // there
}

// String names it in an error.
func (e entrance) String() string {
	if e.public() {
		return e.front.zone()
	}
	return "port " + strconv.Itoa(e.port)
}

// public tells whether other computers can come in.
func (e entrance) public() bool { return e.front != (Front{}) }

// site is the name that all services of a preview are shown at or below; empty
// where their names have no more in common than those of other previews.
func (e entrance) site(p Preview) string {
	if !e.public() {
		return ""
	}
	return p.ID + "." + e.front.zone()
}

// host is the name of one service of a preview: the preview's own for the first.
func (e entrance) host(p Preview, service string, first bool) string {
	switch {
	case !e.public():
		return p.Host(service, first)
	case first:
		return e.site(p)
	}
	return slug(service, 63, nil) + "." + e.site(p)
}

// link is the address of one service of a preview.
func (e entrance) link(p Preview, service string, first bool) string {
	scheme, number, standard := "http", e.port, 80
	if e.public() {
		scheme, number, standard = "https", e.front.httpsPort(), 443
	}
	host := e.host(p, service, first)
	if number != standard && number != 0 {
		host += ":" + strconv.Itoa(number)
	}
	return scheme + "://" + host + "/"
}

// ports are what the engine publishes of the gateway's container: nothing else
// of a preview is.
func (e entrance) ports() nat.PortMap {
	if !e.public() {
		return nat.PortMap{gatewayPort: {{HostIP: "127.0.0.1", HostPort: strconv.Itoa(e.port)}}}
	}
	bind := ""
	if e.front.Bind.IsValid() {
		bind = e.front.Bind.String()
	}
	return nat.PortMap{
		gatewayPort: {{HostIP: bind, HostPort: strconv.Itoa(e.front.httpPort())}},
		gatewayTLS:  {{HostIP: bind, HostPort: strconv.Itoa(e.front.httpsPort())}},
	}
}

// label is how the gateway's container remembers its front.
func (e entrance) label() string {
	if !e.public() {
		return ""
	}
	text, _ := json.Marshal(e.front)
	return string(text)
}

// entranceOf reads back where a gateway answers.
func entranceOf(c container.InspectResponse) entrance {
	e := entrance{port: publishedPort(c)}
	if c.Config != nil && json.Unmarshal([]byte(c.Config.Labels[labelFront]), &e.front) == nil && e.public() {
		e.port = 0
	}
	return e
}

// wantedEntrance is where the gateway is to answer: as told, else where it
// does, else the default.
func (m Machine) wantedEntrance(current container.InspectResponse) entrance {
	if m.Front != (Front{}) {
		return entrance{front: m.Front}
	}
	if now := entranceOf(current); now.public() {
		return now
	}
	return entrance{port: m.wantedPort(current)}
}
