package seed

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// chance is true p times out of one.
func chance(r *rand.Rand, p float64) bool { return r.Float64() < p }

func describe(r *rand.Rand, k kind, b branch) string {
	opening := []string{
		"%s raised from a cutting taken in our own glasshouse.", "%s, grown slowly and sent sturdy.",
		"%s with a good root ball and an even temper.",
		"%s from an old mother plant we have kept since the first year.",
	}
	habit := []string{
		"New leaves open a shade lighter and darken over a month.",
		"It leans towards the window, so turn the pot on Sundays.",
		"It likes to be a little tight in its pot.", "It rests in winter; let it.",
		"It gets better with age, as some of us do.",
		"Expect a new shoot in spring and another in late summer.", "Dust the leaves now and then and it will shine.",
	}
	water := []string{
		"Water when the top of the soil is dry.", "Water from below and pour away what is left.",
		"Rainwater if you have it.", "Less water than you think.", "Mist it on warm days.",
	}
	return strings.Join([]string{fmt.Sprintf(pick(r, opening), k.common), b.blurb, pick(r, habit), pick(r, water)}, " ")
}

// reviewText is a title and a body that suit the rating.
func reviewText(r *rand.Rand, rating int) (title, body string) {
	good := list(`Healthier than I dared hope, My windowsill is complete, Arrived perfect, Already two new leaves, A lovely thing,
		Would buy again, Exactly as drawn, The cat approves, Best of the lot, Packed like porcelain`)
	fair := list(`Fine so far, Smaller than expected, Took a while to settle, Decent for the price, Good plant & slow post, Nice but thirsty`)
	poor := list(`Not a happy plant, Leaves fell off in a week, Arrived with company, Root bound, Frost got to it`)
	openings := map[bool][]string{
		true: {
			"It came well wrapped and not a leaf was bent.", "Three weeks in and it has doubled.",
			"A present for my sister, who has since bought two more.",
			"I put it in the hall, where nothing grows, and it grows.", "Strong roots, clean soil, tidy pot.",
		},
		false: {
			"It looked tired from the journey.", "The pot had cracked and soil was everywhere.",
			"Half of it was brown by the weekend.",
			"I had pictured something taller.", "There were small flies in the soil.",
		},
	}
	closings := []string{
		"Customer care answered within the hour.", "We shall see how it does in winter.",
		"I followed the care sheet to the letter.",
		"My neighbour asked where it came from.", "It stands next to the radio and seems to like it.",
		"Thank you, Cuttings!",
		"I'd give half a star more for the handwriting on the label.", "Would I order again? Let's see in spring.",
	}
	switch {
	case rating >= 4:
		title = pick(r, good)
	case rating == 3:
		title = pick(r, fair)
	default:
		title = pick(r, poor)
	}
	parts := []string{pick(r, openings[rating >= 4])}
	for len(parts) < 4 && chance(r, 0.55) {
		parts = append(parts, pick(r, closings))
	}
	return title, strings.Join(parts, " ")
}

func phone(r *rand.Rand, dial any) string {
	return fmt.Sprintf("%s %d %03d %04d", dial, 10+r.IntN(90), r.IntN(1000), r.IntN(10000))
}

func email(r *rand.Rand, first, last string, id int) string {
	domains := []string{"example.com", "example.com", "example.org", "example.net", "post.example", "mail.example"}
	return fmt.Sprintf("%s.%s%d@%s", fold(first), fold(last), id, pick(r, domains))
}

func postcode(r *rand.Rand, country string) string {
	if country == "GB" || country == "IE" || country == "NL" {
		return fmt.Sprintf("%04d %c%c", 1000+r.IntN(9000), 'A'+rune(r.IntN(26)), 'A'+rune(r.IntN(26)))
	}
	return fmt.Sprintf("%05d", 10000+r.IntN(90000))
}
