package mask

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestDatePart_IsWhatAColumnIsCalledAfter(t *testing.T) {
	for column, want := range map[string]string{
		"birth_year": "0 birth", "BirthYear": "0 birth", "year": "0 ", "year_of_birth": "0 ofbirth",
		"geburtsjahr": "0 geburts", "dob_month": "1 dob", "mois_naissance": "1 naissance", "birthmonth": "1 birth",
		"birth_day": "2 birth", "geburtstag": "2 geburts",
		"holiday": "-1 ", "birthyr": "-1 ", "monthly": "-1 ", "birthplace": "-1 ", "email": "-1 ",
	} {
		part, rest := datePart(column)
		if got := fmt.Sprint(part, " ", rest); got != want {
			t.Errorf("%s: %q, want %q", column, got, want)
		}
	}
}

func TestDateOf_ListsTheColumnsOfOneDate(t *testing.T) {
	for name, c := range map[string]struct {
		columns string // with the types that are no numbers
		of      string
		want    []string
	}{
		"a whole date":        {"birth_day birth_month birth_year", "birth_month", []string{"birth_year", "birth_month", "birth_day"}},
		"a year":              {"birth_year name", "birth_year", []string{"birth_year"}},
		"without a month":     {"birth_year birth_day", "birth_day", []string{"birth_year", "", "birth_day"}},
		"without a year":      {"birth_month", "birth_month", []string{"", "birth_month"}},
		"of something else":   {"hire_year birth_month", "birth_month", []string{"", "birth_month"}},
		"the first of two":    {"birth_year birthYear birth_month", "birth_month", []string{"birth_year", "birth_month"}},
		"none":                {"birth_year name", "name", nil},
		"with a text":         {"birth_year:text birth_month", "birth_month", []string{"", "birth_month"}},
		"with a list":         {"birth_year:array birth_month", "birth_month", []string{"", "birth_month"}},
		"with a computed one": {"birth_year:generated birth_month", "birth_month", []string{"", "birth_month"}},
	} {
		table := &catalog.Table{}
		details := &catalog.Details{Columns: map[*catalog.Table]map[string]catalog.ColumnDetail{table: {}}}
		for _, column := range fields(c.columns) {
			detail := catalog.ColumnDetail{Base: "int4", Array: column.kind == "array"}
			if column.kind == "text" {
				detail.Base = "text"
			}
			details.Columns[table][column.name] = detail
			table.Columns = append(table.Columns,
				catalog.Column{Name: column.name, Generated: column.kind == "generated"})
		}
		if diff := cmp.Diff(c.want, Source{Details: details}.dateOf(table, c.of)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What nobody knows, such as a month of 0, is left as it is.
func TestDateParts_AreThoseThatAreKnown(t *testing.T) {
	for text, want := range map[string]partialDate{
		"1980 12 31": {1980, 12, 31}, "9999 1 1": {9999, 1, 1}, "10000 1 1": {0, 1, 1}, "1980 13 1": {1980, 0, 0},
		"1980 0 7": {1980, 0, 0}, "0 5 32": {0, 5, 0}, "x 5 17": {0, 5, 17}, "-3 5 17": {0, 5, 17}, "1980 5 x": {1980, 5, 0},
	} {
		var y, m, d string
		if _, err := fmt.Sscan(text, &y, &m, &d); err != nil {
			t.Fatal(err)
		}
		r := &row{index: map[string]int{"y": 0, "m": 1, "d": 2}, fields: [][]byte{[]byte(y), []byte(m), []byte(d)}}
		if got := dateParts(r, []string{"y", "m", "d"}); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestPartialDate_MovesByWhatIsKnownOfIt(t *testing.T) {
	at := func(d partialDate) time.Time {
		return time.Date(d[yearPart], time.Month(d[monthPart]), d[dayPart], 0, 0, 0, 0, time.UTC)
	}
	p := NewKey("k").purpose("test")
	for from, least := range map[partialDate]time.Time{
		{1980, 5, 17}:  at(partialDate{1980, 5, 17}),
		{1980, 5, 0}:   at(partialDate{1980, 5, 1}),
		{1980, 0, 0}:   at(partialDate{1980, 1, 1}),
		{0, 2, 29}:     at(partialDate{2000, 2, 29}),
		{9999, 12, 31}: at(partialDate{9999, 12, 31}),
		{1, 1, 1}:      at(partialDate{1, 1, 1}),
	} {
		earlier, later := 0, 0
		for i := range 200 {
			draw := p.draw(fmt.Sprint(i))
			to := from.moved(&draw, 800)
			off := at(to).Sub(least).Hours() / 24
			known := from[yearPart] > 1 && from[yearPart] < 9999 || from[yearPart] == 0
			if off == 0 && known || off > 830 || off < -830 && known || to[yearPart] < 1 || to[yearPart] > 9999 {
				t.Fatalf("%v becomes %v", from, to)
			}
			switch {
			case from[dayPart] > 0:
			case from[monthPart] > 0 && (to[dayPart] != 1 || off > 340 || off < -340):
				t.Fatalf("%v becomes %v: more than the month", from, to)
			case from[monthPart] == 0 && (to[dayPart] != 1 || to[monthPart] != 1):
				t.Fatalf("%v becomes %v: more than the year", from, to)
			}
			if off < 0 {
				earlier++
			} else {
				later++
			}
		}
		if from[yearPart] > 1 && (earlier < 50 || later < 50) && from[yearPart] < 9999 {
			t.Errorf("%v: %d times earlier, %d times later", from, earlier, later)
		}
	}
}

func TestShiftPart_MovesTheDateOfOnePersonAlike(t *testing.T) {
	rule := Rule{As: "shift", Days: 365, By: "id", Date: []string{"y", "m", "d"}}
	shifted := func(id, y, m, d, of string) string {
		r := &row{index: map[string]int{"id": 0, "y": 1, "m": 2, "d": 3}, fields: [][]byte{
			[]byte(id), []byte(y), []byte(m), []byte(d),
		}}
		part := map[string]int{"y": yearPart, "m": monthPart, "d": dayPart, "none": -1}[of]
		got, _ := shift(NewKey("k"), field{class: integer, part: part}, rule)(r, r.other(of))
		return got
	}
	date := func(id string) string {
		return shifted(id, "1980", "5", "17", "y") + "-" + shifted(id, "1980", "5", "17", "m") + "-" +
			shifted(id, "1980", "5", "17", "d")
	}
	if again := date("7"); date("7") != again || again == date("8") || date("7") == "1980-5-17" {
		t.Errorf("of one: %s, of another: %s", date("7"), date("8"))
	}
	if got := shifted("7", "1980", "0", "17", "m"); got != "0" {
		t.Errorf("a month that nobody knows becomes %q", got)
	}
	if got := shifted("7", "1980", "0", "17", "d"); got != "17" {
		t.Errorf("a day of no month becomes %q", got)
	}
	if got := shifted("7", "1980", "5", "17", "none"); got != "" {
		t.Errorf("a column of no date becomes %q", got)
	}
}

// named is a column in the list of one line.
type named struct{ name, kind string }

func fields(line string) (list []named) {
	for text := range strings.FieldsSeq(line) {
		name, kind, _ := strings.Cut(text, ":")
		list = append(list, named{name, kind})
	}
	return list
}
