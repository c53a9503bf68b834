package mask

import "testing"

func TestIsE164_WantsACodeAndItsLength(t *testing.T) {
	for digits, want := range map[string]bool{
		"79161234567": true, "7916123456": false, "791612345678": false,
		"12025550143": true, "1202555014": false, "120255501431": false, "11025550143": false, "12021550143": false,
		"491511234567": true, "4915112345679": true, "49151123456": false,
		"4915112345672": false, // an article's number
		"4512345678":    true, "451234567": false,
		"8801712345679": true, "88017123456789": false,
		"0015112345678": false, "49151123456x": false, "": false,
	} {
		if got := isE164(digits); got != want {
			t.Errorf("%s: %v", digits, got)
		}
	}
}

func TestIsEAN_ChecksTheLastOfThirteenDigits(t *testing.T) {
	for digits, want := range map[string]bool{
		"4006381333931": true, "4006381333932": false, "9783161484100": true, "0000000000000": true,
		"000000000000": false, "00000000000000": false,
	} {
		if got := isEAN(digits); got != want {
			t.Errorf("%s: %v", digits, got)
		}
	}
}
