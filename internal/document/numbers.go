package document

import (
	"fmt"
	"strconv"
	"time"
)

// Number groups digits by three: 1,234,567.
func Number(n int64) string {
	digits, sign := strconv.FormatInt(n, 10), ""
	if n < 0 {
		digits, sign = digits[1:], "-"
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// About marks a number that is an estimate.
func About(n int64, estimated bool) string {
	if estimated {
		return "~" + Number(n)
	}
	return Number(n)
}

// Size prints bytes in powers of 1000, such as 12.3 MB. All sizes that people
// read come from here. The printer of go-units says 1000.0 kB where a megabyte
// is missing less than it shows.
func Size(bytes int64) string {
	if bytes < 1000 {
		return fmt.Sprintf("%d B", bytes)
	}
	value, units := float64(bytes)/1000, []string{"kB", "MB", "GB", "TB", "PB", "EB"}
	for value >= 999.95 && len(units) > 1 {
		value, units = value/1000, units[1:]
	}
	return fmt.Sprintf("%.1f %s", value, units[0])
}

// Duration is as exact as a forecast can be.
func Duration(seconds float64) string {
	const minute, hour = 60, 3600
	switch {
	case seconds < 10:
		return fmt.Sprintf("%.1f s", seconds)
	case seconds < 2*minute:
		return fmt.Sprintf("%.0f s", seconds)
	case seconds < 2*hour:
		return fmt.Sprintf("%.0f min", seconds/minute)
	}
	return fmt.Sprintf("%.0f h", seconds/hour)
}

// Minute is how a point in time is written for people, in UTC.
const Minute = "Mon 2 Jan 2006, 15:04 MST"

// Age is how old something is, in its largest unit: 3 days.
func Age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", max(0, d/time.Minute))
	case d < 2*day:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return Number(int64(d/day)) + " days"
}
