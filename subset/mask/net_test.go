package mask

import "testing"

func TestNetwork_KnowsAddressesOnlyAsTheServerWritesThem(t *testing.T) {
	p := NewKey("key of a test").purpose("ip")
	for _, value := range []string{
		"", "nobody", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/+8", "10.0.0.1/08", "2001:db8::1/129",
		"2001:DB8::1", "010.0.0.1", "fe80::1%eth0", "::ffff:10.0.0.1", "10.0.0.1 ",
	} {
		if out, ok := p.network(value, false, false); ok || out != "" {
			t.Errorf("%q is taken for an address: %q", value, out)
		}
	}
	for _, value := range []string{"10.0.0.1", "10.0.0.1/0", "10.0.0.1/32", "2001:db8::1", "2001:db8::1/128"} {
		if out, ok := p.network(value, false, false); !ok || out == value {
			t.Errorf("%q stays, or is taken for no address: %q", value, out)
		}
	}
}
