package web

import (
	"fmt"
	"html/template"
	"strings"
	"time"
)

func functions() template.FuncMap {
	return template.FuncMap{
		"money": money, "day": day, "words": humanise, "stars": stars, "bytes": size, "count": count,
	}
}

func money(cents int64) string { return fmt.Sprintf("€%s.%02d", count(cents/100), cents%100) }

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// humanise turns an enum's label into words.
func humanise(label string) string { return strings.ReplaceAll(label, "_", " ") }

// stars takes a rating as a number of either kind, or none.
func stars(rating any) string {
	var n int
	switch r := rating.(type) {
	case *float64:
		if r == nil {
			return ""
		}
		n = int(*r + 0.5)
	case int16:
		n = int(r)
	}
	n = min(5, max(0, n))
	return strings.Repeat("★", n) + strings.Repeat("☆", 5-n)
}

func size(n int32) string {
	if n < 1_000_000 {
		return fmt.Sprintf("%d kB", (n+999)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// count groups digits by threes.
func count(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
