package mask

import "strings"

// callingCodes are codes of countries with the digits that mobile numbers and
// most others there have, the code counted. A number of digits alone is taken
// for a phone number only where both fit: timestamps, barcodes and numbers of
// rows are as long. https://www.itu.int/rec/T-REC-E.164
const callingCodes = `7:11 20:12 27:11 30:12 31:11 32:11 33:11 34:11 36:11 39:12 40:11 41:11 43:12-13 44:12 45:10 46:11
	47:10 48:11 49:12-13 51:11 52:12 54:13 55:12-13 56:11 57:12 58:12 60:11-12 61:11 62:12-13 63:12 64:10-12 65:10 66:11
	81:12 82:12 84:11 86:13 90:12 91:12 92:12 98:12 212:12 213:12 216:11 234:13 254:12 255:12 256:12 351:12 353:12
	358:12 359:12 370:11 371:11 372:11 380:12 385:11-12 386:11 420:12 421:12 852:11 880:13 886:12 966:12 971:12 972:12`

// isE164 reports whether the digits are a phone number with its country's
// code, and no number of an article.
func isE164(v string) bool {
	if len(v) < 10 || len(v) > 13 || strings.Trim(v, "0123456789") != "" || isEAN(v) {
		return false
	}
	if v[0] == '1' { // North America: neither area nor exchange begins with 0 or 1
		return len(v) == 11 && v[1] > '1' && v[4] > '1'
	}
	for entry := range strings.FieldsSeq(callingCodes) {
		code, digits, _ := strings.Cut(entry, ":")
		least, most, more := strings.Cut(digits, "-")
		if !more {
			most = least
		}
		if strings.HasPrefix(v, code) && len(v) >= number(least) && len(v) <= number(most) {
			return true
		}
	}
	return false
}

// isEAN reports whether the last of 13 digits is the check digit of an
// article's number. https://www.gs1.org/services/how-calculate-check-digit-manually
func isEAN(v string) bool {
	if len(v) != 13 {
		return false
	}
	sum := 0
	for i, c := range v {
		sum += int(c-'0') * (1 + 2*(i%2))
	}
	return sum%10 == 0
}

func number(digits string) int {
	n := 0
	for _, c := range digits {
		n = 10*n + int(c-'0')
	}
	return n
}
