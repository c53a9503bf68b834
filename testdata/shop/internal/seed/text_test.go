package seed

import (
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/shop/internal/plant"
)

func chanceSource() *rand.Rand { return rand.New(rand.NewPCG(3, 4)) }

func TestList_SplitsAndTrims(t *testing.T) {
	got := list("a, b c,\n\t\td  e ,f")
	if want := []string{"a", "b c", "d e", "f"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFold_LeavesLettersAndDigitsOnly(t *testing.T) {
	for name, want := range map[string]string{
		"Łukasz": "lukasz", "Søren": "soren", "Yılmaz": "yilmaz", "D'Angelo": "dangelo", "Van den Berg": "vandenberg",
		"Müller": "mueller",
		"João":   "joao", "Kateřina": "katerina", "Šimić": "simic", "Kovač": "kovac", "Çelik": "celik", "Oğuz": "oguz",
		"Zoë": "zoe", "Anna": "anna",
	} {
		if got := fold(name); got != want {
			t.Errorf("fold(%s) = %s, want %s", name, got, want)
		}
	}
	for _, name := range slices.Concat(firstNames(), lastNames()) {
		if got := fold(name); !regexp.MustCompile(`^[a-z]+$`).MatchString(got) {
			t.Errorf("fold(%s) = %s", name, got)
		}
	}
}

func TestWords_AreManyDifferentAndPrintable(t *testing.T) {
	for name, words := range map[string][]string{
		"first names": firstNames(), "last names": lastNames(), "cities": cities(), "streets": streets(),
		"colours": cultivarFirst(), "things": cultivarLast(),
		"suppliers": supplierNames(), "terms": searchTerms(), "teams": teamNames(), "titles": titles(),
	} {
		seen := map[string]bool{}
		for _, w := range words {
			if w == "" || strings.TrimSpace(w) != w || !utf8.ValidString(w) || seen[w] {
				t.Errorf("%s: %q is empty, untidy or twice", name, w)
			}
			seen[w] = true
		}
		if len(words) < 10 {
			t.Errorf("only %d %s", len(words), name)
		}
	}
}

func TestCountries_HaveCodeNameAndDialCode(t *testing.T) {
	code, dial := regexp.MustCompile(`^[A-Z]{2}$`), regexp.MustCompile(`^\+\d{2,3}$`)
	seen := map[any]bool{}
	for _, c := range countries() {
		if !code.MatchString(c[0].(string)) || !dial.MatchString(c[2].(string)) || len(c[1].(string)) < 4 ||
			seen[c[0]] {
			t.Errorf("country %v", c)
		}
		seen[c[0]] = true
	}
	if !seen["GB"] || len(seen) < 25 {
		t.Errorf("%d countries", len(seen))
	}
}

// every branch of the tree, depth first.
func everyBranch(branches []branch, visit func(b branch, depth int), depth int) {
	for _, b := range branches {
		visit(b, depth)
		everyBranch(b.children, visit, depth+1)
	}
}

func TestTree_EveryShelfCanBeDrawnNamedAndSold(t *testing.T) {
	slug := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	seen := map[string]bool{}
	deepest, empty := 0, 0
	everyBranch(tree(), func(b branch, depth int) {
		deepest = max(deepest, depth)
		if !slug.MatchString(b.slug) || seen[b.slug] || b.name == "" || b.blurb == "" {
			t.Errorf("category %q %q", b.slug, b.name)
		}
		seen[b.slug] = true
		if len(b.kinds) == 0 {
			if len(b.children) == 0 {
				empty++
			}
			return
		}
		if !slices.Contains(plant.Forms(), b.form) || b.price < 100 ||
			!slices.Contains([]string{"shade", "half_shade", "bright", "full_sun"}, b.light) {
			t.Errorf("%s sells %q for %d in %q", b.slug, b.form, b.price, b.light)
		}
		for _, k := range b.kinds {
			if !regexp.MustCompile(`^[A-Z]{3}$`).MatchString(strings.ToUpper(fold(k.latin)[:3])) || k.common == "" {
				t.Errorf("%s: %v makes no SKU", b.slug, k)
			}
		}
	}, 0)
	if deepest != 2 || empty != 2 {
		t.Errorf("the tree is %d deep with %d empty leaves, want 2 and 2", deepest, empty)
	}
}

func TestLeafFor_IsInRangeAndFavoursTheFirst(t *testing.T) {
	r := chanceSource()
	var first, last int
	for range 10_000 {
		at := leafFor(r.Float64(), 20)
		if at < 0 || at > 19 {
			t.Fatalf("leaf %d of 20", at)
		}
		if at < 5 {
			first++
		}
		if at >= 15 {
			last++
		}
	}
	if first < 3*last/2 || last == 0 {
		t.Errorf("the first quarter gets %d, the last %d", first, last)
	}
	if leafFor(0.9999999, 3) != 2 || leafFor(0, 3) != 0 {
		t.Error("the ends are wrong")
	}
}

func TestPotPrice_GrowsWithThePot(t *testing.T) {
	if got := potPrice(2000, 12); got != 2000 {
		t.Errorf("the usual pot costs %d, want the price", got)
	}
	before := int64(0)
	for _, pot := range []int16{6, 9, 12, 17, 24} {
		if got := potPrice(1995, pot); got <= before {
			t.Errorf("%d cm costs %d, the smaller one %d", pot, got, before)
		} else {
			before = got
		}
	}
}

func TestTotal_AddsUp(t *testing.T) {
	if got := total([]line{{price: 100, quantity: 3}, {price: 45, quantity: 1}}); got != 345 {
		t.Errorf("got %d, want 345", got)
	}
	if got := total(nil); got != 0 {
		t.Errorf("nothing costs %d", got)
	}
}

func TestStatus_FollowsTheAge(t *testing.T) {
	r := chanceSource()
	seen := map[string]bool{}
	for range 2000 {
		for age, want := range map[time.Duration][]string{
			time.Hour: {"placed"}, 50 * time.Hour: {"paid", "packed", "sent"},
			5 * 24 * time.Hour:   {"packed", "sent", "delivered", "returned"},
			365 * 24 * time.Hour: {"delivered", "returned"},
		} {
			got := status(r, age)
			seen[got] = true
			if !slices.Contains(want, got) {
				t.Fatalf("after %v an order is %s", age, got)
			}
		}
	}
	if len(seen) != 6 {
		t.Errorf("orders are %v, want all six", seen)
	}
}

func TestMoment_IsWithinItsTimeAndMostlyByDayInSpring(t *testing.T) {
	r := chanceSource()
	from := until.AddDate(-2, 0, 0)
	var night, spring, winter int
	const n = 6000
	for range n {
		at := moment(r, from)
		if at.Before(from) || !at.Before(until) || at.Nanosecond() != 0 {
			t.Fatalf("%v is not a second between %v and %v", at, from, until)
		}
		if at.Hour() < 7 {
			night++
		}
		switch at.Month() {
		case time.April, time.May:
			spring++
		case time.January, time.February:
			winter++
		}
	}
	if night > n/10 || spring < 2*winter {
		t.Errorf("%d of %d at night, %d in spring, %d in winter", night, n, spring, winter)
	}
}

func TestReviewText_SuitsTheRating(t *testing.T) {
	r := chanceSource()
	titles := map[int]map[string]bool{}
	for range 300 {
		for rating := 1; rating <= 5; rating++ {
			title, body := reviewText(r, rating)
			if title == "" || !strings.HasSuffix(body, ".") && !strings.HasSuffix(body, "!") || len(body) > 4000 ||
				len(title) > 120 {
				t.Fatalf("%d stars: %q %q", rating, title, body)
			}
			if titles[rating] == nil {
				titles[rating] = map[string]bool{}
			}
			titles[rating][title] = true
		}
	}
	for title := range titles[5] {
		if titles[1][title] || titles[3][title] {
			t.Errorf("%q is said of good and of bad plants", title)
		}
	}
}

func TestPostcodeAndPhone_LookLikeOnes(t *testing.T) {
	r := chanceSource()
	for country, want := range map[string]string{
		"NL": `^\d{4} [A-Z]{2}$`, "GB": `^\d{4} [A-Z]{2}$`, "DE": `^\d{5}$`,
		"FR": `^\d{5}$`,
	} {
		for range 50 {
			if got := postcode(r, country); !regexp.MustCompile(want).MatchString(got) {
				t.Errorf("%s: %s", country, got)
			}
		}
	}
	if got := phone(r, "+49"); !regexp.MustCompile(`^\+49 \d{2} \d{3} \d{4}$`).MatchString(got) {
		t.Errorf("phone %s", got)
	}
}

func TestChance_IsAsLikelyAsSaid(t *testing.T) {
	r := chanceSource()
	hits := 0
	for range 10_000 {
		if chance(r, 0.3) {
			hits++
		}
	}
	if math.Abs(float64(hits)-3000) > 200 || chance(r, 0) {
		t.Errorf("%d of 10,000, want about 3,000", hits)
	}
}

func TestStream_IsTheTablesOwn(t *testing.T) {
	g := &generator{seed: 5}
	if g.stream("orders").Uint64() != g.stream("orders").Uint64() {
		t.Error("a stream does not repeat")
	}
	other := &generator{seed: 6}
	if g.stream("orders").Uint64() == g.stream("reviews").Uint64() ||
		g.stream("orders").Uint64() == other.stream("orders").Uint64() {
		t.Error("two streams are one")
	}
}
