package mask

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// The parts of a date that columns of their own hold, in the order in which a
// rule names them.
const (
	yearPart = iota
	monthPart
	dayPart
)

// partWords are what columns with a part of a date are called.
var partWords = [...][]string{
	yearPart:  {"year", "yr", "jahr", "annee", "ano", "anno", "jaar"},
	monthPart: {"month", "monat", "mois", "mes", "mese", "maand"},
	dayPart:   {"day", "tag", "jour", "dia", "giorno", "dag"},
}

// births are words for a birth that stand together with a part of its date.
var births = []string{"birth", "geburt", "naissance", "nascimento", "nacimiento", "nascita", "geboorte"}

// datePart says which part of a date a column is called after, and what else
// is in its name; -1 when none.
func datePart(column string) (part int, rest string) {
	const compound = 3 // letters: shorter ones are within other words
	words := nameParts(column)
	for part, names := range partWords {
		for _, name := range names {
			if i := slices.Index(words, name); i >= 0 {
				return part, strings.Join(slices.Concat(words[:i], words[i+1:]), "")
			}
			joined := strings.Join(words, "")
			ofBirth := func(b string) bool { return strings.Contains(joined, b) }
			if len(name) >= compound && strings.Contains(joined, name) && slices.ContainsFunc(births, ofBirth) {
				return part, strings.Replace(joined, name, "", 1)
			}
		}
	}
	return -1, ""
}

// dateOf lists the columns of a table that hold a date together with this one:
// year, month, day, with an empty name for what is not stored; nil when the
// column is called after no part of a date.
func (s Source) dateOf(t *catalog.Table, column string) []string {
	part, rest := datePart(column)
	if part < 0 {
		return nil
	}
	date := make([]string, len(partWords))
	for _, c := range t.Columns {
		p, r := datePart(c.Name)
		d := s.Details.Columns[t][c.Name]
		if p >= 0 && r == rest && date[p] == "" && types[typeName(d)].class == integer && !d.Array && !c.Generated {
			date[p] = c.Name
		}
	}
	date[part] = column
	for len(date) > 1 && date[len(date)-1] == "" {
		date = date[:len(date)-1]
	}
	return date
}

// shiftPart moves the date whose parts lie in several columns, as shift moves
// dates, and gives one of the parts. A date without a day moves by months, one
// of a year alone by years.
func shiftPart(p *purpose, f field, r Rule, days int) apply {
	return func(row *row, value string) (string, bool) {
		d := dateParts(row, r.Date)
		if !d.known(f.part) {
			return value, true // 0 for a month that nobody knows
		}
		decides := fmt.Sprint(d)
		if r.By != "" {
			decides = row.other(r.By)
		}
		draw := p.draw(decides)
		return strconv.Itoa(d.moved(&draw, days)[f.part]), true
	}
}

// partialDate is a year, a month and a day, of which 0 is not known.
type partialDate [len(partWords)]int

func dateParts(row *row, columns []string) partialDate {
	var d partialDate
	for i, column := range columns {
		n, err := strconv.Atoi(row.other(column))
		if most := [...]int{yearPart: 9999, monthPart: 12, dayPart: 31}[i]; err == nil && n > 0 && n <= most {
			d[i] = n
		}
	}
	if d[monthPart] == 0 {
		d[dayPart] = 0
	}
	return d
}

func (d partialDate) known(part int) bool { return part >= 0 && d[part] > 0 }

// moved never leaves the date as it is. Without a year it is one of a leap
// year.
func (d partialDate) moved(draw *draw, days int) partialDate {
	const leap = 2000
	year := d[yearPart]
	if year == 0 {
		year = leap
	}
	by := func(most int) int {
		n := 1 + draw.below(max(most, 1))
		if draw.below(2) == 0 {
			return -n
		}
		return n
	}
	date := time.Date(year, time.Month(max(d[monthPart], 1)), max(d[dayPart], 1), 0, 0, 0, 0, time.UTC)
	switch {
	case d[dayPart] > 0:
		date = date.AddDate(0, 0, by(days))
	case d[monthPart] > 0:
		date = date.AddDate(0, by(min(days/31, 11)), 0)
	default:
		date = date.AddDate(by(days/365), 0, 0)
	}
	year = min(max(date.Year(), 1), 9999)
	return partialDate{yearPart: year, monthPart: int(date.Month()), dayPart: date.Day()}
}
