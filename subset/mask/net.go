package mask

import (
	"net/netip"
	"strconv"
	"strings"
)

// How long addresses get, with the length of their network.
const (
	widestIPv4 = len("255.255.255.255/32")
	widestIP   = 39 + len("/128")
)

// ip keeps the family and the length of the network, and on request its
// first 24 (IPv4) or 64 bits.
func ip(k Key, f field, r Rule) apply {
	p := k.purpose("ip")
	wide := f.room() >= widestIP
	masked := func(value string) (string, bool) {
		if !wide && strings.Contains(value, ":") {
			return "", false // the masked one might not fit
		}
		return p.network(value, r.Keep == "prefix", f.class == cidr)
	}
	return always(func(value string) string {
		if out, ok := masked(value); ok {
			return out
		}
		return p.among(value, 0, func(s string) bool { _, ok := masked(s); return !ok })
	})
}

// network permutes the bits of an address that is written the usual way.
func (p *purpose) network(value string, prefix, blank bool) (string, bool) {
	host, length, slashed := strings.Cut(value, "/")
	a, err := netip.ParseAddr(host)
	if err != nil || a.Zone() != "" || a.String() != host {
		return "", false
	}
	bits, kept := a.BitLen(), 0
	if slashed {
		if bits, err = strconv.Atoi(length); err != nil || bits < 0 || bits > a.BitLen() ||
			strconv.Itoa(bits) != length {
			return "", false
		}
	}
	if prefix {
		kept = a.BitLen() / 2
		if a.Is4() {
			kept = 24
		}
	}
	end := a.BitLen()
	if blank {
		end = bits // the bits beyond the network's must be zero
	}
	if a.Is4In6() {
		return "", false // written in another way than other addresses
	}
	for a = p.flip(a, min(kept, end), end); a.Is4In6(); {
		a = p.flip(a, min(kept, end), end)
	}
	if slashed {
		return a.String() + "/" + length, true
	}
	return a.String(), true
}

func (p *purpose) flip(a netip.Addr, from, to int) netip.Addr {
	raw := a.AsSlice()
	symbols := p.pad.a[:0]
	for i := from; i < to; i++ {
		symbols = append(symbols, symbol{uint32(raw[i/8]>>(7-i%8)) & 1, 2})
	}
	p.pad.a = symbols
	p.permute(symbols)
	for i, s := range symbols {
		at := from + i
		raw[at/8] = raw[at/8]&^(1<<(7-at%8)) | byte(s.value)<<(7-at%8)
	}
	out, _ := netip.AddrFromSlice(raw)
	return out
}

// hexadecimal permutes the lower-case digits of the text but the first skip
// and the one at fixed.
func (p *purpose) hexadecimal(value string, skip int, fixed func(i int) bool) string {
	const digits = "0123456789abcdef"
	symbols := p.pad.a[:0]
	out := []byte(value)
	for i, c := range out {
		if d := strings.IndexByte(digits, c); d >= 0 && i >= skip && !fixed(i) {
			symbols = append(symbols, symbol{uint32(d), 16})
		}
	}
	p.pad.a = symbols
	p.permute(symbols)
	next := 0
	for i, c := range out {
		if strings.IndexByte(digits, c) >= 0 && i >= skip && !fixed(i) {
			out[i] = digits[symbols[next].value]
			next++
		}
	}
	return string(out)
}

// macAddress keeps the vendor's half on request.
func macAddress(k Key, _ field, r Rule) apply {
	p := k.purpose("mac")
	skip := 0
	if r.Keep == "vendor" {
		skip = len("00:00:00")
	}
	return always(func(value string) string {
		if !isMAC(value) {
			return p.among(value, 0, func(s string) bool { return !isMAC(s) })
		}
		return p.hexadecimal(value, skip, func(int) bool { return false })
	})
}

// isMAC reports whether a text is six or eight bytes as the server writes
// them, or with dashes.
func isMAC(s string) bool {
	if len(s) != 17 && len(s) != 23 {
		return false
	}
	for i := range len(s) {
		if i%3 == 2 {
			if s[i] != s[2] || s[i] != ':' && s[i] != '-' {
				return false
			}
		} else if !isHex(s[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' }

// uuidText keeps version and variant, which some programs check.
func uuidText(k Key, _ field, _ Rule) apply {
	p := k.purpose("uuid")
	return always(p.uuid)
}

func (p *purpose) uuid(value string) string {
	if !isUUID(value) {
		return p.among(value, 0, func(s string) bool { return !isUUID(s) })
	}
	return p.hexadecimal(value, 0, func(i int) bool { return i == 14 || i == 19 })
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !isHex(s[i]) {
				return false
			}
		}
	}
	return true
}
