package config

import "testing"

func TestParseSize_WantsAUnit(t *testing.T) {
	for value, want := range map[string]int64{"0": 0, "20GB": 20e9, "1.5 gb": 1.5e9, "500M": 5e8, "2TB": 2e12} {
		if got, err := ParseSize(value); got != want || err != nil {
			t.Errorf("%q: %d, %v", value, got, err)
		}
	}
	for _, value := range []string{
		"", "20", "1e9", "-1GB", "GB", "1.5.1GB", "9999999GB", "20GB 1", "NaNGB", "20GiB",
		"20kB",
	} {
		if got, err := ParseSize(value); err == nil {
			t.Errorf("%q: %d", value, got)
		}
	}
}
