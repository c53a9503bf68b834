package seed

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

func (g *generator) countryRows(yield func([]any) bool) {
	for _, row := range countries() {
		if !yield(row) {
			return
		}
	}
}

func (g *generator) categoryRows(yield func([]any) bool) {
	id := 0
	var visit func(branches []branch, parent *int) bool
	visit = func(branches []branch, parent *int) bool {
		for position, b := range branches {
			id++
			self := id
			if !yield([]any{self, parent, b.slug, b.name, b.blurb, position}) {
				return false
			}
			if len(b.kinds) > 0 {
				g.leaves = append(g.leaves, leaf{id: self, branch: b})
			}
			if !visit(b.children, &self) {
				return false
			}
		}
		return true
	}
	visit(tree(), nil)
}

func (g *generator) supplierRows(yield func([]any) bool) {
	r := g.stream("suppliers")
	names, lands := supplierNames(), countries()
	for id := 1; id <= g.size.suppliers; id++ {
		name := names[(id-1)%len(names)]
		if id > len(names) {
			name = fmt.Sprintf("%s %d", name, 1+(id-1)/len(names))
		}
		mail := fmt.Sprintf("sales@%s.example", strings.Trim(fold(strings.ReplaceAll(name, "&", "")), "."))
		if !yield([]any{id, name, pick(r, lands)[0], mail}) {
			return
		}
	}
}

func (g *generator) productRows(yield func([]any) bool) {
	r := g.stream("products")
	first, last := cultivarFirst(), cultivarLast()
	lights := []string{"shade", "half_shade", "bright", "full_sun"}
	for id := 1; id <= g.size.products; id++ {
		at := leafFor(r.Float64(), len(g.leaves))
		b := g.leaves[at]
		k := pick(r, b.kinds)
		light := b.light
		if chance(r, 0.2) {
			light = pick(r, lights)
		}
		p := product{
			sku:     fmt.Sprintf("%s-%05d", strings.ToUpper(fold(k.latin)[:3]), 10000+id),
			price:   (b.price*(60+r.Int64N(140))/100)/50*50 + 45,
			created: moment(r, until.AddDate(-3, 0, 0)),
			quality: 3.2 + 1.6*r.Float64(),
		}
		for _, pot := range []int16{6, 9, 12, 17, 24} {
			if chance(r, 0.5) || pot == 12 {
				p.pots = append(p.pots, pot)
			}
		}
		g.products = append(g.products, p)
		tags := []string{b.form}
		for _, tag := range []string{"gift", "new parents", "desk", "statement", "fragrant", "heirloom"} {
			if chance(r, 0.15) {
				tags = append(tags, tag)
			}
		}
		attributes, _ := json.Marshal(map[string]any{
			"humidity": 30 + 5*r.IntN(10),
			"origin": pick(r,
				[]string{"Mexico", "Brazil", "Madagascar", "Java", "Crete", "Kenya", "Peru", "Queensland"}),
		})
		name := fmt.Sprintf("%s ‘%s %s’", k.common, pick(r, first), pick(r, last))
		if !yield([]any{
			id, p.sku, b.id, name, k.latin, describe(r, k, b.branch), p.price, light, b.petSafe,
			8 + r.IntN(30)*(1+int(b.price/1500)),
			b.form, r.IntN(1_000_000), tags, attributes, chance(r, 0.06), p.created, p.created,
		}) {
			return
		}
	}
}

// leafFor makes the first categories fuller than the last.
func leafFor(x float64, n int) int { return min(n-1, int(x*(0.45+0.55*x)*float64(n))) }

func (g *generator) variantRows(yield func([]any) bool) {
	r := g.stream("variants")
	for i, p := range g.products {
		for _, pot := range p.pots {
			stock := r.IntN(60)
			if chance(r, 0.12) {
				stock = 0
			}
			if !yield([]any{i + 1, pot, potPrice(p.price, pot), stock}) {
				return
			}
		}
	}
}

// potPrice is what a plant costs in a pot other than the usual 12 cm.
func potPrice(price int64, pot int16) int64 { return price * (40 + 5*int64(pot)) / 100 }

func (g *generator) sourcingRows(yield func([]any) bool) {
	r := g.stream("sourcing")
	for i := range g.products {
		from := r.IntN(g.size.suppliers)
		for n := range 1 + r.IntN(3)*r.IntN(2) {
			if !yield([]any{i + 1, 1 + (from+n*7)%g.size.suppliers, 2 + r.IntN(40)}) {
				return
			}
			if g.size.suppliers%7 == 0 {
				break
			}
		}
	}
}

func (g *generator) searchRows(yield func([]any) bool) {
	r := g.stream("searches")
	terms := searchTerms()
	for range g.size.searches {
		term := terms[int(r.Float64()*r.Float64()*float64(len(terms)))]
		var who *int
		if chance(r, 0.4) {
			who = new(1 + r.IntN(len(g.customers)))
		}
		if !yield([]any{moment(r, until.AddDate(-1, 0, 0)), term, r.IntN(60), who}) {
			return
		}
	}
}

func (g *generator) eventRows(yield func([]any) bool) {
	r := g.stream("events")
	kinds := []string{"view", "view", "view", "view", "view", "view", "view", "search", "wish", "basket"}
	from := time.Date(2025, time.July, 1, 0, 0, 0, 0, time.UTC)
	for id := 1; id <= g.size.events; id++ {
		kind := pick(r, kinds)
		var what, who *int
		if kind != "search" {
			what = new(1 + g.anyProduct(r))
		}
		if kind == "wish" || chance(r, 0.5) {
			who = new(1 + int(float64(len(g.customers))*r.Float64()*r.Float64()))
		}
		var visit [16]byte
		for i := range visit {
			visit[i] = byte(r.Uint32())
		}
		visit[6], visit[8] = visit[6]&0x0f|0x40, visit[8]&0x3f|0x80
		if !yield([]any{id, moment(r, from), kind, what, who, visit}) {
			return
		}
	}
}
