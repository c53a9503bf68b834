package seed

import (
	"fmt"
	"math"
	"time"
)

func (g *generator) teamRows(yield func([]any) bool) {
	for i, name := range teamNames() {
		var lead *int
		if i < g.size.employees {
			lead = new(i + 1)
		}
		if name == "Van Drivers" {
			lead = nil // they share a van, not a boss
		}
		if !yield([]any{i + 1, name, lead}) {
			return
		}
	}
}

// employeeRows: 1 runs the place, the next ones lead the teams, the rest work
// in them. Some have a mentor, always someone else.
func (g *generator) employeeRows(yield func([]any) bool) {
	r := g.stream("employees")
	teams := len(teamNames())
	first, last := firstNames(), lastNames()
	g.employees = g.size.employees
	for id := 1; id <= g.employees; id++ {
		team, manager, title := id, new(1), "Head of "
		switch {
		case id == 1:
			manager, title = nil, "Managing Director"
		case id <= teams:
			title += teamNames()[id-1]
		default:
			team, title = 2+r.IntN(teams-1), pick(r, titles())
			manager = new(team)
			if chance(r, 0.35) && id > teams+6 {
				manager = new(teams + 1 + r.IntN(5))
			}
		}
		var mentor *int
		if chance(r, 0.5) && id > 1 {
			mentor = new(1 + r.IntN(id-1))
		}
		f, l := pick(r, first), pick(r, last)
		hired := until.AddDate(-1-r.IntN(12), -r.IntN(12), -r.IntN(28))
		if !yield([]any{
			id, team, manager, mentor, f + " " + l, title,
			fmt.Sprintf("%s.%s%d@cuttings.example", fold(f), fold(l), id), hired,
		}) {
			return
		}
	}
}

func (g *generator) customerRows(yield func([]any) bool) {
	r := g.stream("customers")
	first, last, lands := firstNames(), lastNames(), countries()
	for id := 1; id <= g.size.customers; id++ {
		// Earlier customers have lower numbers, as in life.
		share := (float64(id) - r.Float64()) / float64(g.size.customers)
		created := until.Add(-time.Duration((1 - math.Pow(share,
			0.8)) * 3 * 365 * 24 * float64(time.Hour))).Truncate(time.Second)
		g.customers = append(g.customers, customer{created: created})
		f, l := pick(r, first), pick(r, last)
		var referrer, advisor *int
		var number *string
		var birthday *time.Time
		if id > 10 && chance(r, 0.22) {
			referrer = new(1 + int(float64(id-1)*r.Float64()*r.Float64()))
		}
		if chance(r, 0.1) {
			advisor = new(1 + r.IntN(g.employees))
		}
		if chance(r, 0.7) {
			number = new(phone(r, pick(r, lands)[2]))
		}
		if chance(r, 0.6) {
			birthday = new(until.AddDate(-18-r.IntN(60), 0, -r.IntN(365)))
		}
		if !yield([]any{id, referrer, advisor, email(r, f, l, id), f, l, number, birthday, created}) {
			return
		}
	}
}

func (g *generator) addressRows(yield func([]any) bool) {
	r := g.stream("addresses")
	kinds := []string{"home", "work", "gift"}
	towns, roads, lands := cities(), streets(), countries()
	for i := range g.customers {
		n := 1
		for n < 6 && chance(r, 0.16) {
			n++
		}
		if chance(r, 0.06) {
			n = 0
		}
		g.customers[i].addresses = n
		for no := 1; no <= n; no++ {
			land := lands[int(r.Float64()*r.Float64()*float64(len(lands)))][0].(string)
			street := fmt.Sprintf("%d %s", 1+r.IntN(160), pick(r, roads))
			if !yield([]any{i + 1, no, kinds[min(no-1, 2)], street, pick(r, towns), postcode(r, land), land}) {
				return
			}
		}
	}
}

func (g *generator) newsletterRows(yield func([]any) bool) {
	r := g.stream("newsletter")
	first, last := firstNames(), lastNames()
	for id := 1; id <= g.size.newsletter; id++ {
		var who *int
		if chance(r, 0.6) {
			who = new(1 + r.IntN(len(g.customers)))
		}
		if !yield([]any{
			id, email(r, pick(r, first), pick(r, last), 90000+id), who,
			moment(r, until.AddDate(-2, 0, 0)),
		}) {
			return
		}
	}
}
