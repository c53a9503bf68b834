package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSummary_NamesATimeOnlyWhereAllAreAtTheirLimit(t *testing.T) {
	soon, later := time.Unix(1_800_000_000, 0), time.Unix(1_800_003_600, 0)
	for name, c := range map[string]struct {
		refused []refusedBy
		problem string
		until   time.Time
	}{
		"nobody said a thing": {nil, "EOF", time.Time{}},
		"one":                 {[]refusedBy{{problem: "a", until: later}}, "a", later},
		"the first ends": {
			[]refusedBy{{problem: "a", until: soon}, {problem: "b", until: later}}, "a; b", soon,
		},
		"the second ends": {
			[]refusedBy{{problem: "a", until: later}, {problem: "b", until: soon}}, "a; b", soon,
		},
		"another reason first": {[]refusedBy{{problem: "a"}, {problem: "b", until: soon}}, "a; b", time.Time{}},
		"another reason last":  {[]refusedBy{{problem: "a", until: soon}, {problem: "b"}}, "a; b", time.Time{}},
	} {
		if problem, until := summary(c.refused, io.EOF); problem != c.problem || !until.Equal(c.until) {
			t.Errorf("%s: %q until %s", name, problem, until)
		}
	}
}

func TestGiven_IsForItsHostsUntilItEnds(t *testing.T) {
	pair, err := signOwn("*.previews.example.com")
	if err != nil {
		t.Fatal(err)
	}
	lasting := func(d time.Duration) *tls.Certificate {
		leaf := *pair.Leaf
		leaf.NotAfter = time.Now().Add(d)
		return &tls.Certificate{Leaf: &leaf}
	}
	for name, c := range map[string]struct {
		pair           *tls.Certificate
		host           string
		shown, covered bool
		ends           bool // the hosts need another in time
	}{
		"none":              {nil, privateHost, false, false, false},
		"good for a month":  {lasting(ownTime), privateHost, true, true, true},
		"another host":      {lasting(ownTime), "shop.example.com", false, false, true},
		"for an hour":       {lasting(time.Hour), privateHost, true, false, false},
		"no longer":         {lasting(-time.Hour), privateHost, false, false, false},
		"a host below ours": {lasting(ownTime), apiHost, false, false, true},
	} {
		g := given{pair: c.pair}
		if got := g.certificate(c.host) != nil; got != c.shown {
			t.Errorf("%s: shown %v", name, got)
		}
		if got := g.covers(c.host); got != c.covered {
			t.Errorf("%s: enough %v", name, got)
		}
		if got := g.ends() > 0; got != c.ends {
			t.Errorf("%s: ends %v", name, g.ends())
		}
	}
}

func TestCertificates_AskForNamesWithoutTheProfileForAddresses(t *testing.T) {
	acme := ACME{
		Authority: Authority{Directory: "https://first.example/d", Profile: "ip"},
		Second:    Authority{Directory: "https://second.example/d"},
	}
	c := newCertificates(acme, keptFolder(t), 80, 443)
	defer c.stop()
	for i, profile := range []string{"ip", ""} {
		made := c.magic.Issuers[i].(issuer)
		if made.names.Profile != "" || made.addresses.Profile != profile || !made.names.Agreed {
			t.Errorf("authority %d: names by %q, addresses by %q", i, made.names.Profile, made.addresses.Profile)
		}
	}
	if c.issuer != c.magic.Issuers[0].(issuer).names {
		t.Error("the first authority's questions are not answered")
	}
}

// givenTo are certificates of a gateway that was given one for all hosts of the
// previews, so that nobody is asked for any.
func givenTo(t *testing.T) *certificates {
	t.Helper()
	c := newCertificates(ACME{}, keptFolder(t), 80, 443)
	t.Cleanup(c.stop)
	made, _ := wildcard(t, ownTime)
	pair, err := made.pair()
	if err != nil {
		t.Fatal(err)
	}
	c.given.set(pair)
	return c
}

func TestCertificates_AreOfTheHostsOfTheTable(t *testing.T) {
	c := givenTo(t)
	for _, hosts := range [][]string{{"a", "b", "c"}, {"c", "d"}, nil} {
		var table Table
		want := []CertificateStatus{}
		for _, host := range hosts {
			host += ".previews.example.com"
			table.Routes = append(table.Routes, Route{Host: host})
			want = append(want, CertificateStatus{Host: host, Ready: true})
		}
		c.use(t.Context(), table)
		if diff := cmp.Diff(want, c.status()); diff != "" {
			t.Errorf("%q: %s", hosts, diff)
		}
	}
}

func TestCertificates_NoteWhatBecomesOfTheirHosts(t *testing.T) {
	c := givenTo(t)
	c.use(t.Context(), Table{Routes: []Route{{Host: "a.previews.example.com"}}})
	refused := errors.New("rate limited")
	for _, step := range []struct {
		event string
		data  map[string]any
		want  CertificateStatus
	}{
		{
			"cert_failed",
			map[string]any{"identifier": "a.previews.example.com", "error": context.Canceled},
			CertificateStatus{Ready: true},
		},
		{
			"cert_failed",
			map[string]any{"identifier": "a.previews.example.com", "error": refused},
			CertificateStatus{Ready: true, Problem: "rate limited"},
		},
		{"cert_failed", map[string]any{"identifier": "a.previews.example.com"}, CertificateStatus{
			Ready: true, Problem: "rate limited",
		}},
		{
			"cached_managed_cert",
			map[string]any{"sans": []string{"a.previews.example.com", "gone.example.com"}},
			CertificateStatus{Ready: true},
		},
		{
			"cert_failed",
			map[string]any{"identifier": "gone.example.com", "error": refused},
			CertificateStatus{Ready: true},
		},
	} {
		if err := c.observe(t.Context(), step.event, step.data); err != nil {
			t.Error(err)
		}
		step.want.Host = "a.previews.example.com"
		if diff := cmp.Diff([]CertificateStatus{step.want}, c.status()); diff != "" {
			t.Errorf("after %s of %v: %s", step.event, step.data, diff)
		}
	}
}

// A browser that opens an address names no host.
func TestCertificates_AreShownForTheHostThatABrowserMeans(t *testing.T) {
	c := givenTo(t)
	c.use(t.Context(), Table{Routes: []Route{{Host: "a.previews.example.com"}}})
	c.address = "192.0.2.7"
	for greeted, want := range map[string]string{
		"a.previews.example.com": "a.previews.example.com", "A.Previews.Example.com.": "a.previews.example.com",
		"": "192.0.2.7", "evil.example": "evil.example",
	} {
		if got := c.greeted(&tls.ClientHelloInfo{ServerName: greeted}); got != want {
			t.Errorf("%q: %q", greeted, got)
		}
	}
	if c.ofAddress("192.0.2.7") != nil || c.ofAddress("") != nil {
		t.Error("a certificate for an address that none was got for")
	}
}
