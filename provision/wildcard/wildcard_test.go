package wildcard

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"

	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

func TestMain(m *testing.M) {
	_ = os.Setenv("PEBBLE_VA_NOSLEEP", "1")
	_ = os.Setenv("PEBBLE_AUTHZREUSE", "0")
	_ = os.Setenv("PEBBLE_WFE_NONCEREJECT", "0") // orders are counted
	os.Exit(m.Run())
}

// zone is a DNS server that has example.com and takes signed updates.
type zone struct {
	address string
	mutex   sync.Mutex
	records map[string][]string // of TXT, by name
	deaf    atomic.Bool         // it takes no updates
}

const zoneKey, zoneSecret = "offshoot.", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"

func newZone(t *testing.T) *zone {
	t.Helper()
	z := &zone{records: map[string][]string{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	z.address = listener.Addr().String()
	packets, err := net.ListenPacket("udp", z.address)
	if err != nil {
		t.Fatal(err)
	}
	accept := func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept }
	for _, server := range []*dns.Server{{Listener: listener}, {PacketConn: packets}} {
		server.Handler, server.MsgAcceptFunc, server.TsigSecret = z, accept, map[string]string{zoneKey: zoneSecret}
		go func() { _ = server.ActivateAndServe() }()
		t.Cleanup(func() { _ = server.Shutdown() })
	}
	return z
}

func (z *zone) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	z.mutex.Lock()
	defer z.mutex.Unlock()
	answer := new(dns.Msg).SetReply(q)
	name := strings.ToLower(q.Question[0].Name)
	switch {
	case q.Opcode == dns.OpcodeUpdate && (q.IsTsig() == nil || w.TsigStatus() != nil || z.deaf.Load()):
		answer.Rcode = dns.RcodeRefused
	case q.Opcode == dns.OpcodeUpdate:
		for _, change := range q.Ns {
			z.change(change)
		}
	case q.Question[0].Qtype == dns.TypeSOA && name == "example.com.":
		answer.Answer = []dns.RR{&dns.SOA{Hdr: dns.RR_Header{
			Name: name, Rrtype: dns.TypeSOA, Class: dns.ClassINET,
			Ttl: 1,
		}, Ns: "ns.example.com.", Mbox: "a.example.com."}}
	case q.Question[0].Qtype == dns.TypeTXT:
		for _, value := range z.records[name] {
			answer.Answer = append(answer.Answer,
				&dns.TXT{
					Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 1},
					Txt: []string{value},
				})
		}
	}
	if q.IsTsig() != nil {
		answer.SetTsig(zoneKey, dns.HmacSHA256, 300, time.Now().Unix())
	}
	_ = w.WriteMsg(answer)
}

func (z *zone) change(r dns.RR) {
	record, ok := r.(*dns.TXT)
	if !ok {
		return
	}
	name, value := strings.ToLower(record.Hdr.Name), strings.Join(record.Txt, "")
	z.records[name] = slices.DeleteFunc(z.records[name], func(v string) bool { return v == value })
	if record.Hdr.Class == dns.ClassINET {
		z.records[name] = append(z.records[name], value)
	}
}

func (z *zone) left() int {
	z.mutex.Lock()
	defer z.mutex.Unlock()
	n := 0
	for _, values := range z.records {
		n += len(values)
	}
	return n
}

// authority is a real ACME server that asks the zone.
type authority struct {
	gateway.Authority
	orders  atomic.Int32
	signups atomic.Int32
	limited atomic.Bool
}

func newAuthority(t *testing.T, z *zone, lasts time.Duration) *authority {
	t.Helper()
	quiet := log.New(io.Discard, "", 0)
	kept := db.NewMemoryStore()
	signer := ca.New(quiet, kept, "", "ecdsa", 0, 1,
		map[string]ca.Profile{"default": {ValidityPeriod: uint64(lasts / time.Second)}})
	judge := va.New(quiet, 1, 1, false, z.address, kept)
	front := wfe.New(quiet, kept, judge, signer, []string{"pebble"}, false, false, 1, 1)
	a := &authority{}
	handler := front.Handler()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "sign-me-up"):
			a.signups.Add(1)
		case strings.Contains(r.URL.Path, "order-plz") && a.limited.Load():
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(`{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many certificates (5) already issued for this exact set of identifiers, retry after 2031-05-07 08:07:02 UTC"}`))
			return
		case strings.Contains(r.URL.Path, "order-plz"):
			a.orders.Add(1)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	a.Directory = server.URL + wfe.DirectoryPath
	a.Roots = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	return a
}

// bucket keeps objects as S3 does.
type bucket struct {
	mutex   sync.Mutex
	objects map[string][]byte
}

func tagOf(content []byte) store.Tag { return store.Tag(fmt.Sprintf("%x", md5.Sum(content))) }

func (b *bucket) Read(_ context.Context, at store.Location) ([]byte, store.Tag, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	content, ok := b.objects[at.Key]
	if !ok {
		return nil, "", fs.ErrNotExist
	}
	return content, tagOf(content), nil
}

func (b *bucket) Write(_ context.Context, at store.Location, content []byte, seen store.Tag) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	now, there := b.objects[at.Key]
	if seen == store.Nothing && there ||
		seen != store.Nothing && seen != store.Anything && (!there || tagOf(now) != seen) {
		return store.ErrChanged
	}
	b.objects[at.Key] = bytes.Clone(content)
	return nil
}

func (b *bucket) Remove(_ context.Context, at store.Location) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	delete(b.objects, at.Key)
	return nil
}

func (b *bucket) keys() []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var keys []string
	for key := range b.objects {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

const secret = "a secret of twenty-four"

func newOptions(t *testing.T, z *zone, a gateway.ACME) (Options, *bucket) {
	t.Helper()
	provider, err := Provider(Update, UpdateServer{Server: z.address, KeyName: zoneKey, Key: zoneSecret})
	if err != nil {
		t.Fatal(err)
	}
	b := &bucket{objects: map[string][]byte{}}
	return Options{
		Domain: "previews.example.com", ACME: a, DNS: provider, Resolvers: []string{z.address}, Bucket: b,
		At: store.Location{Bucket: "b", Key: "previews.example.com.certificate"}, Secret: secret,
	}, b
}

const month = 30 * 24 * time.Hour

func TestGet_OrdersOnceForAllJobsAndNamesBelowTheDomain(t *testing.T) {
	t.Parallel()
	z := newZone(t)
	a := newAuthority(t, z, month)
	o, b := newOptions(t, z, gateway.ACME{Authority: a.Authority})
	made, failed := make([]Certificate, 3), make([]error, 3)
	var jobs sync.WaitGroup
	for i := range made {
		jobs.Go(func() { made[i], failed[i] = Get(t.Context(), o) })
	}
	jobs.Wait()
	if err := errors.Join(failed...); err != nil {
		t.Fatal(err)
	}
	if made[0] != made[1] || made[1] != made[2] || a.orders.Load() != 1 {
		t.Errorf("%d orders", a.orders.Load())
	}
	block, _ := pem.Decode([]byte(made[0].Chain))
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil || leaf.VerifyHostname("api--shop-pr-12.previews.example.com") != nil || made[0].Check() != nil {
		t.Errorf("it is for %q, %v", leaf.DNSNames, err)
	}
	if got := b.keys(); !slices.Equal(got, []string{o.At.Key}) || z.left() != 0 {
		t.Errorf("%q and %d records stay", got, z.left())
	}
	if found, err := Look(t.Context(), o); err != nil || found != made[0] {
		t.Errorf("%v", err)
	}
	// Two thirds later it is renewed, with the account that there is.
	o.Now = func() time.Time { return time.Now().Add(month * 3 / 4) }
	renewed, err := Get(t.Context(), o)
	if err != nil || renewed == made[0] || a.orders.Load() != 2 || a.signups.Load() != 1 {
		t.Errorf("%d orders by %d accounts, %v", a.orders.Load(), a.signups.Load(), err)
	}
}

func TestGet_TheNextAuthorityIsAskedWhereALimitIsReached(t *testing.T) {
	t.Parallel()
	z := newZone(t)
	first, second := newAuthority(t, z, month), newAuthority(t, z, month)
	first.limited.Store(true)
	o, _ := newOptions(t, z, gateway.ACME{Authority: first.Authority, Second: second.Authority})
	if _, err := Get(t.Context(), o); err != nil || second.orders.Load() != 1 {
		t.Errorf("%d orders at the second, %v", second.orders.Load(), err)
	}
}

func TestGet_WhatIsGoodStillIsUsedWhenItCannotBeRenewed(t *testing.T) {
	t.Parallel()
	z := newZone(t)
	a := newAuthority(t, z, month)
	o, b := newOptions(t, z, gateway.ACME{Authority: a.Authority})
	a.limited.Store(true)
	if _, err := Get(t.Context(), o); err == nil ||
		!strings.Contains(err.Error(), "rate limited until 2031-05-07 08:07 UTC") {
		t.Errorf("of none: %v", err)
	}
	if _, err := Look(t.Context(), o); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
	a.limited.Store(false)
	o.Now = func() time.Time { return time.Now().Add(rest + time.Second) }
	made, err := Get(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	a.limited.Store(true)
	var warned []string
	o.Warn = func(text string) { warned = append(warned, text) }
	o.Now = func() time.Time { return time.Now().Add(month * 3 / 4) }
	if got, err := Get(t.Context(), o); err != nil || got != made || len(warned) != 1 ||
		!strings.Contains(warned[0], "rate limited") {
		t.Errorf("%q, %v", warned, err)
	}
	// Another run renews it: nobody waits for that.
	held, _ := json.Marshal(claim{By: "another", Until: o.now().Add(lockTime / 2)})
	b.objects[o.At.Key+".lock"] = held
	if got, err := Get(t.Context(), o); err != nil || got != made || len(warned) != 1 {
		t.Errorf("%q, %v", warned, err)
	}
	// One that was killed keeps nobody for long.
	held, _ = json.Marshal(claim{By: "killed", Until: o.now().Add(-time.Minute)})
	b.objects[o.At.Key+".lock"] = held
	a.limited.Store(false)
	if got, err := Get(t.Context(), o); err != nil || got == made || len(b.keys()) != 1 {
		t.Errorf("%q, %v", b.keys(), err)
	}
}

func TestGet_SaysThatTheZoneCannotBeChanged(t *testing.T) {
	t.Parallel()
	z := newZone(t)
	z.deaf.Store(true)
	o, b := newOptions(t, z, gateway.ACME{Authority: newAuthority(t, z, month).Authority})
	_, err := Get(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "REFUSED") || z.left() != 0 {
		t.Errorf("%q, %v", b.keys(), err)
	}
}

// Whoever may read the bucket, which has the archives as well, or write to it.
func TestHostile_AReaderOfTheBucketWantsTheKeyOfTheWildcard(t *testing.T) {
	made := contents{Key: "THE-KEY", Chain: "THE-CHAIN", Accounts: map[string][]byte{"a": []byte("AN-ACCOUNT")}}
	sealed, err := seal(made, secret, "a.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, plain := range []string{"THE-KEY", "THE-CHAIN", "QU4tQUNDT1VOVA", "AN-ACCOUNT"} {
		if bytes.Contains(sealed, []byte(plain)) {
			t.Errorf("%s can be read", plain)
		}
	}
	if got, err := open(sealed, secret, "a.example"); err != nil || got.Key != made.Key {
		t.Fatalf("%+v, %v", got, err)
	}
	broken := bytes.Clone(sealed)
	broken[len(broken)-1] ^= 1
	for name, c := range map[string]struct {
		sealed         []byte
		secret, domain string
	}{
		"another key": {sealed, secret + "x", "a.example"}, "another domain's": {sealed, secret, "b.example"},
		"changed": {broken, secret, "a.example"},
		"cut":     {sealed[:len(header)+saltSize+3], secret, "a.example"}, "nothing": {nil, secret, "a.example"},
	} {
		if _, err := open(c.sealed, c.secret, c.domain); !errors.Is(err, errSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := seal(made, "short", "a.example"); err == nil {
		t.Error("a short secret is taken")
	}
	again, _ := seal(made, secret, "a.example")
	if bytes.Equal(again[len(header):len(header)+saltSize], sealed[len(header):len(header)+saltSize]) {
		t.Error("two are sealed alike")
	}
}

func TestProvider_IsOneThatIsKnown(t *testing.T) {
	if _, err := Provider("route53", UpdateServer{}); err != nil {
		t.Error(err)
	}
	for name, at := range map[string]UpdateServer{"nope": {}, Update: {Server: "a"}} {
		if _, err := Provider(name, at); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
