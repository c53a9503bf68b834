package mask

import (
	"strings"
	"time"
)

const defaultDays = 30

// calendar is the part of a timestamp that masking changes: its day.
const calendar = "2006-01-02"

// day splits a date, or the date of a timestamp, from what follows. Dates
// before the year 1 and after 9999 are not split.
func day(value string) (time.Time, string, bool) {
	if len(value) < len(calendar) || strings.HasSuffix(value, "BC") {
		return time.Time{}, "", false
	}
	if len(value) > len(calendar) && isDigit(value[len(calendar)]) {
		return time.Time{}, "", false
	}
	t, err := time.Parse(calendar, value[:len(calendar)])
	return t, value[len(calendar):], err == nil && t.Year() > 0
}

// shift moves dates by whole days, never by none. Dates that are decided by
// the same value of another column move alike.
func shift(k Key, f field, r Rule) apply {
	p := k.purpose("shift")
	days := r.Days
	if days == 0 {
		days = defaultDays
	}
	if len(r.Date) > 0 {
		return shiftPart(p, f, r, days)
	}
	return func(row *row, value string) (string, bool) {
		decides := value
		if r.By != "" {
			decides = row.other(r.By)
		}
		d := p.draw(decides)
		by := 1 + d.below(days)
		if d.below(2) == 0 {
			by = -by
		}
		return moved(value, by), true
	}
}

// moved leaves infinity as it is; a date that no calendar of ours holds
// becomes one that says nothing.
func moved(value string, days int) string {
	if strings.HasSuffix(value, "infinity") {
		return value
	}
	t, rest, ok := day(value)
	if !ok {
		return "2000-01-01"
	}
	t = t.AddDate(0, 0, days)
	if t.Year() < 1 || t.Year() > 9999 {
		t = t.AddDate(0, 0, -2*days)
	}
	return t.Format(calendar) + rest
}

// rounded is the first day of a date's month or year, or its midnight.
func rounded(value, to string) string {
	if strings.HasSuffix(value, "infinity") {
		return value
	}
	t, _, ok := day(value)
	switch {
	case !ok:
		return "2000-01-01"
	case to == "year":
		return t.Format("2006-") + "01-01"
	case to == "month":
		return t.Format("2006-01-") + "01"
	}
	return t.Format(calendar)
}
