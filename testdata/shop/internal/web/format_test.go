package web

import (
	"strings"
	"testing"
)

func TestMoney(t *testing.T) {
	for cents, want := range map[int64]string{0: "€0.00", 5: "€0.05", 12345: "€123.45", 123456789: "€1,234,567.89"} {
		if got := money(cents); got != want {
			t.Errorf("money(%d) = %s, want %s", cents, got, want)
		}
	}
}

func TestCount_GroupsByThrees(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -123: "-123",
		-1234: "-1,234",
	} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestStars_RoundsAndStaysInRange(t *testing.T) {
	for rating, want := range map[float64]string{0: "☆☆☆☆☆", 3.4: "★★★☆☆", 3.5: "★★★★☆", 9: "★★★★★"} {
		if got := stars(&rating); got != want {
			t.Errorf("stars(%v) = %s, want %s", rating, got, want)
		}
	}
	if got := stars((*float64)(nil)); got != "" {
		t.Errorf("no rating gives %q", got)
	}
	if got := stars(int16(2)); got != "★★☆☆☆" {
		t.Errorf("two stars give %q", got)
	}
}

func TestSteps_EndAtTheStatus(t *testing.T) {
	done := func(status string) (names []string) {
		for _, s := range steps(status) {
			if s.Done {
				names = append(names, s.Name)
			}
		}
		return names
	}
	for status, want := range map[string]string{
		"placed": "placed", "packed": "placed paid packed",
		"returned": "placed paid packed sent delivered returned",
	} {
		if got := strings.Join(done(status), " "); got != want {
			t.Errorf("%s: %s done, want %s", status, got, want)
		}
	}
}

func TestListing_LinkKeepsChoices(t *testing.T) {
	l := listing{Base: "/plants/ferns", Page: 2, Sort: "price", Care: "a&b"}
	if got, want := l.Link(1), "/plants/ferns?care=a%26b&page=3&sort=price"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMarkdown(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"# A *b*":                       "<h2>A <em>b</em></h2>",
		"one\n\ntwo":                    "<p>one</p><p>two</p>",
		"- a\r\n- **b**":                "<ul><li>a</li><li><strong>b</strong></li></ul>",
		`<img src=x onerror="alert()">`: "<p>&lt;img src=x onerror=&#34;alert()&#34;&gt;</p>",
		"**<b>**":                       "<p><strong>&lt;b&gt;</strong></p>",
	} {
		if got := string(markdown(text)); got != want {
			t.Errorf("markdown(%q) = %s, want %s", text, got, want)
		}
	}
}
