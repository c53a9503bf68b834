package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/gateway"
	"github.com/offshoot-dev/offshoot/provision/wildcard"
)

// certificateWord says where the links of a machine of its own lead, and what a
// browser makes of that: before anything is spent. A warning is what somebody
// may want to change first.
func certificateWord(c *config.Config) (word string, warning bool) {
	by := strings.Join(authorityNames(c.Preview.ACME), ", then of ")
	ports := ""
	if c.EC2.SecurityGroup != "" {
		ports = "; " + c.EC2.SecurityGroup + " has to let everybody reach ports 80, 443, and " + ec2.ServicePorts +
			" for further services"
	}
	switch {
	case c.Preview.Wildcard.DNS != "":
		return "links are names below " + c.Preview.Domain + ", with one certificate of " + by +
			" for all of them, kept at " + c.Preview.Wildcard.Store, false
	case c.Preview.Domain != "" && !strings.Contains(c.Preview.Domain, "{ip}"):
		return "links are names below " + c.Preview.Domain + ", with certificates of " + by, false
	case c.Preview.Domain == "" && c.Preview.ACME.Addresses():
		return "links are the machine's address, with a certificate of " + by +
			" for it; where it has no public one, browsers warn" + ports, false
	case c.Preview.Domain == "":
		return "links are names of sslip.io, whose limit at an authority all its users share: browsers may warn; " +
			"set preview.domain, " +
			"or preview.acme.profile where " + by + " has one for addresses", true
	}
	return "links are names made of the machine's address, with certificates of " + by +
		"; of a domain that many use, its limit may be reached", false
}

func authorityNames(acme gateway.ACME) []string {
	var names []string
	for _, authority := range acme.Authorities() {
		names = append(names, authority.Name())
	}
	return names
}

// foretell says it ahead of a run.
func foretell(ctx context.Context, c *config.Config, u *ui.UI) {
	word, warning := certificateWord(c)
	say := u.Info
	if warning {
		say = u.Warn
	}
	say(word)
	if err := c.Preview.ACME.Look(ctx, c.Preview.Domain == ""); err != nil {
		u.Warn(err.Error())
	}
}

// checkCertificates notes the same for doctor.
func checkCertificates(ctx context.Context, c *config.Config, note func(name, text string, err error)) {
	word, _ := certificateWord(c)
	err := c.Preview.ACME.Check()
	if err == nil {
		err = c.Preview.ACME.Look(ctx, c.Preview.Domain == "")
	}
	note("certificates", word, err)
}

// checkWildcard notes how it stands about the certificate for all names.
func (a placing) checkWildcard(ctx context.Context, cfg *config.Config, note func(name, text string, err error)) {
	if cfg.Preview.Wildcard == (config.Wildcard{}) {
		return
	}
	o, err := a.wildcardOptions(ctx, cfg)
	if err != nil {
		note("wildcard", "", err)
		return
	}
	made, err := wildcard.Look(ctx, o)
	if errors.Is(err, wildcard.ErrNone) {
		note("wildcard", "none is kept yet: the next up orders one", nil)
		return
	}
	note("wildcard", "good until "+made.Expires.Format(time.DateOnly), err)
}
