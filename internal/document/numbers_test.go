package document_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/document"
)

func TestNumber_GroupsDigits(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 100_000: "100,000", 1_234_567: "1,234,567", -999: "-999", -1000: "-1,000",
		math.MaxInt64: "9,223,372,036,854,775,807", math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		if got := document.Number(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	if got := document.About(12_345, true) + " " + document.About(12_345, false); got != "~12,345 12,345" {
		t.Error(got)
	}
}

func TestSize_CountsInThousands(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 1024: "1.0 kB", 1500: "1.5 kB", 999_949: "999.9 kB", 999_950: "1.0 MB",
		12_345_678:  "12.3 MB",
		999_949_999: "999.9 MB", 1_000_000_000: "1.0 GB", 7_000_000_000_000: "7.0 TB", math.MaxInt64: "9.2 EB",
	} {
		if got := document.Size(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestDuration_IsAsExactAsAForecast(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "0.0 s", 0.04: "0.0 s", 3.21: "3.2 s", 45.4: "45 s", 150: "2 min",
		9000: "2 h",
	} {
		if got := document.Duration(seconds); got != want {
			t.Errorf("%v: %s, want %s", seconds, got, want)
		}
	}
}

func TestAge_IsInItsLargestUnit(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Minute: "0 min", 119 * time.Minute: "119 min", 2 * time.Hour: "2 hours", 47 * time.Hour: "47 hours",
		71 * time.Hour: "2 days", 24_000 * time.Hour: "1,000 days",
	} {
		if got := document.Age(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestEscapeMarkdown_LeavesNoMarkup(t *testing.T) {
	want := "a&#124;b&#60;script&#62; &#64;all &#35;1"
	if diff := cmp.Diff(want, document.EscapeMarkdown("a|b<script>\n@all #1")); diff != "" {
		t.Error(diff)
	}
}
