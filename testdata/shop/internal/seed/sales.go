package seed

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// place decides all orders, oldest first. Four in ten customers never order;
// the rest order with a long tail.
func (g *generator) place() {
	r := g.stream("orders")
	for i, c := range g.customers {
		if chance(r, 0.4) {
			continue
		}
		n := min(80, int(math.Pow(1-r.Float64(), -0.72)))
		for range n {
			g.orders = append(g.orders, order{customer: i + 1, at: moment(r, c.created), lines: g.basket(r)})
		}
	}
	slices.SortStableFunc(g.orders, func(a, b order) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.customer, b.customer))
	})
}

func (g *generator) basket(r *rand.Rand) []line {
	n := min(14, 1+int(r.ExpFloat64()*1.5))
	lines := make([]line, 0, n)
	for range n {
		index := g.anyProduct(r)
		p := g.products[index]
		l := line{product: index, pot: pick(r, p.pots), quantity: int16(min(24, 1+int(r.ExpFloat64()*0.7)))}
		l.price = potPrice(p.price, l.pot)
		if chance(r, 0.04) {
			l.pot, l.price = 0, p.price*6/10 // sent bare-rooted
		}
		lines = append(lines, l)
	}
	return lines
}

func (g *generator) orderRows(yield func([]any) bool) {
	g.place()
	r := g.stream("order details")
	notes := list(`Please leave it with the neighbour, Ring twice, It is a present: no invoice please, The gate sticks, Mind the dog, After six if you can`)
	for i, o := range g.orders {
		var note *string
		if chance(r, 0.12) {
			note = new(pick(r, notes))
		}
		var packer *int
		status := status(r, until.Sub(o.at))
		if status != "placed" && status != "paid" {
			packer = new(1 + r.IntN(g.employees))
		}
		var to, address *int
		if n := g.customers[o.customer-1].addresses; n > 0 && !chance(r, 0.08) {
			to, address = new(o.customer), new(1+r.IntN(n))
		}
		if !yield([]any{i + 1, 100001 + i, o.customer, to, address, packer, status, total(o.lines), note, o.at, o.at}) {
			return
		}
	}
}

// status is how far an order of that age has come.
func status(r *rand.Rand, age time.Duration) string {
	days := age.Hours() / 24 * (0.5 + r.Float64())
	switch {
	case days < 0.5:
		return "placed"
	case days < 1.5:
		return "paid"
	case days < 3:
		return "packed"
	case days < 7:
		return "sent"
	case chance(r, 0.04):
		return "returned"
	default:
		return "delivered"
	}
}

func total(lines []line) int64 {
	var sum int64
	for _, l := range lines {
		sum += l.price * int64(l.quantity)
	}
	return sum
}

func (g *generator) lineRows(yield func([]any) bool) {
	for i, o := range g.orders {
		for n, l := range o.lines {
			var pot *int16
			if l.pot != 0 {
				pot = new(l.pot)
			}
			if !yield([]any{i + 1, n + 1, g.products[l.product].sku, l.product + 1, pot, l.quantity, l.price}) {
				return
			}
		}
	}
}

// reviewRows: one line in six is reviewed; some reviewers gave no name.
func (g *generator) reviewRows(yield func([]any) bool) {
	r := g.stream("reviews")
	for _, o := range g.orders {
		for _, l := range o.lines {
			if !chance(r, 0.16) {
				continue
			}
			at := o.at.Add(time.Duration(24+r.IntN(700)) * time.Hour)
			if at.After(until) {
				continue
			}
			if !yield(g.review(r, o.customer, l.product, at)) {
				return
			}
		}
	}
}

func (g *generator) review(r *rand.Rand, who, what int, at time.Time) []any {
	rating := int(math.Round(g.products[what].quality + r.NormFloat64()))
	rating = min(5, max(1, rating))
	title, body := reviewText(r, rating)
	var customer, moderator *int
	if !chance(r, 0.15) {
		customer = new(who)
	}
	if chance(r, 0.3) {
		moderator = new(1 + r.IntN(g.employees))
	}
	g.reviews = append(g.reviews, review{product: what, customer: who, at: at})
	if len(g.reviews) == 1 {
		moderator = new(goneModerator)
	}
	return []any{len(g.reviews), what + 1, customer, moderator, rating, title, body, at}
}

// goneModerator is an employee number that no longer exists.
const goneModerator = 9001

func (g *generator) attachmentRows(yield func([]any) bool) {
	r := g.stream("attachments")
	id := 0
	add := func(kind string, record int, name, mime string, size int, at time.Time) bool {
		id++
		return yield([]any{id, kind, record, name, mime, size, nil, at})
	}
	for i, p := range g.products {
		if chance(r, 0.5) &&
			!add("Product", i+1, fmt.Sprintf("care-sheet-%s.pdf", p.sku), "application/pdf", 40_000+r.IntN(90_000),
				p.created) {
			return
		}
	}
	for i, v := range g.reviews {
		if chance(r, 0.2) &&
			!add("Review", i+1, fmt.Sprintf("IMG_%04d.svg", r.IntN(10000)), "image/svg+xml", 300_000+r.IntN(4_000_000),
				v.at) {
			return
		}
	}
	for i, o := range g.orders {
		if chance(r, 0.15) &&
			!add("Order", i+1, fmt.Sprintf("invoice-%d.pdf", 100001+i), "application/pdf", 20_000+r.IntN(9000), o.at) {
			return
		}
	}
}
