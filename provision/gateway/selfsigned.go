package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"
)

// selfSigned makes certificates that no browser trusts, but that encrypt all
// the same, for hosts that have no other. The zero value has made none.
type selfSigned struct {
	mutex sync.Mutex
	made  map[string]*tls.Certificate
}

// ownTime is how long a certificate of our own is good, and half of it how
// long it is used.
const ownTime = 30 * 24 * time.Hour

func (s *selfSigned) certificate(name string) (*tls.Certificate, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if found := s.made[name]; found != nil && time.Until(found.Leaf.NotAfter) > ownTime/2 {
		return found, nil
	}
	made, err := signOwn(name)
	if err != nil {
		return nil, fmt.Errorf("certificate of our own: %w", err)
	}
	if s.made == nil {
		s.made = map[string]*tls.Certificate{}
	}
	s.made[name] = made
	return made, nil
}

func signOwn(name string) (*tls.Certificate, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{Organization: []string{"offshoot, until there is another"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(ownTime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	if address := net.ParseIP(name); address != nil {
		template.IPAddresses = []net.IP{address}
	} else {
		template.DNSNames = []string{name}
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(signed)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: private, Leaf: leaf}, nil
}
