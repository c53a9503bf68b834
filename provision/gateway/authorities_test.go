package gateway

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/caddyserver/certmagic"
	"github.com/google/go-cmp/cmp"
	"github.com/mholt/acmez/v3/acme"
)

func TestAuthorities_HaveTheProfileForAddressesWhereItIsKnown(t *testing.T) {
	for name, c := range map[string]struct {
		given           Authority
		called, profile string
	}{
		"nobody is named": {Authority{}, "acme-v02.api.letsencrypt.org", letsEncryptProfile},
		"its trials": {
			Authority{Directory: "https://acme-staging-v02.api.letsencrypt.org/directory"},
			"acme-staging-v02.api.letsencrypt.org", letsEncryptProfile,
		},
		"its own name":  {Authority{Directory: "https://letsencrypt.org/d"}, "letsencrypt.org", letsEncryptProfile},
		"another's":     {Authority{Directory: "https://notletsencrypt.org/d"}, "notletsencrypt.org", ""},
		"another's own": {Authority{Directory: "https://ca.example/d", Profile: "ip"}, "ca.example", "ip"},
		"chosen":        {Authority{Profile: "classic"}, "acme-v02.api.letsencrypt.org", "classic"},
		"no address":    {Authority{Directory: ":"}, "acme-v02.api.letsencrypt.org", letsEncryptProfile},
	} {
		acme := ACME{Authority: c.given}
		all := acme.Authorities()
		if len(all) != 1 || all[0].Name() != c.called || all[0].Profile != c.profile {
			t.Errorf("%s: %+v", name, all)
		}
		if acme.Addresses() != (c.profile != "") {
			t.Errorf("%s: gives certificates for addresses: %v", name, acme.Addresses())
		}
	}
}

func TestACME_WithoutAccountsAsksOnlyWhoKnowsNobody(t *testing.T) {
	ours := Authority{Directory: "https://ours.example/d", KeyID: "a", Key: "YWJj"}
	open := Authority{Directory: "https://open.example/d"}
	for name, c := range map[string]struct{ given, want ACME }{
		"none":       {ACME{Authority: open}, ACME{Authority: open}},
		"the first":  {ACME{Authority: ours, Second: open}, ACME{Authority: open}},
		"the second": {ACME{Authority: open, Second: ours}, ACME{Authority: open}},
		"both":       {ACME{Authority: ours, Second: ours}, ACME{}},
	} {
		if diff := cmp.Diff(c.want, c.given.WithoutAccounts()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestACME_ShowsADigestForAKey(t *testing.T) {
	acme := ACME{Authority: Authority{KeyID: "a", Key: "YWJj"}, Second: Authority{KeyID: "b", Key: "ZGVm"}}
	shown := acme.Shown()
	if shown.Key == acme.Key || shown.Key == shown.Second.Key || len(shown.Key) != len(digestMark)+32 {
		t.Errorf("%q, %q", shown.Key, shown.Second.Key)
	}
	if diff := cmp.Diff(shown, shown.Shown()); diff != "" {
		t.Errorf("shown again: %s", diff)
	}
	if got := (ACME{}).Shown(); got != (ACME{}) {
		t.Errorf("without a key: %+v", got)
	}
}

func TestExplain_SaysUntilWhenALimitIs(t *testing.T) {
	by := Authority{Directory: "https://ca.example/d"}
	limited := func(detail string) error {
		return fmt.Errorf("order: %w", acme.Problem{Type: acme.ProblemTypeRateLimited, Detail: detail})
	}
	for want, err := range map[string]error{
		"ca.example: EOF": io.EOF,
		"ca.example: no such host, nor mail (dns)": acme.Problem{
			Type: "urn:ietf:params:acme:error:dns", Detail: " no such host ",
			Subproblems: []acme.Subproblem{{Problem: acme.Problem{Detail: "nor mail"}}},
		},
		"ca.example: rate limited: too many":                        limited("too many"),
		"ca.example: rate limited: retry after 2031-99-07 08:07:02": limited("retry after 2031-99-07 08:07:02"),
		"ca.example: rate limited until 2031-05-07 08:07 UTC: Retry after 2031-05-07T08:07:02Z": limited(
			"Retry after 2031-05-07T08:07:02Z"),
	} {
		problem, until := explain(by, err)
		if problem != want || until.IsZero() == strings.Contains(want, "until") {
			t.Errorf("%v: %q until %s", err, problem, until)
		}
	}
}

func TestACME_AsksForWildcardsWithoutTheProfileForAddresses(t *testing.T) {
	acme := ACME{Authority: Authority{Directory: "https://ca.example/d", Profile: "ip"}, Email: "ops@example.com"}
	for _, asked := range acme.ByDNS(certmagic.NewDefault(), nil) {
		if asked.Profile != "" || !asked.Agreed || asked.Email != acme.Email {
			t.Errorf("%q by %q", asked.Profile, asked.CA)
		}
	}
}
