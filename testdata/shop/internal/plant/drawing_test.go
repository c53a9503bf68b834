package plant_test

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/shop/internal/plant"
)

// shape is one element of a drawing.
type shape struct {
	name       string
	depth      int
	attributes map[string]string
}

// shapes reads a drawing strictly: one root, known names, no text.
func shapes(t *testing.T, drawing string) []shape {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(drawing))
	var all []shape
	depth := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			s := shape{name: token.Name.Local, depth: depth, attributes: map[string]string{}}
			for _, a := range token.Attr {
				s.attributes[a.Name.Local] = a.Value
			}
			all = append(all, s)
			depth++
		case xml.EndElement:
			depth--
		default:
			t.Fatalf("a drawing holds %T %q", token, token)
		}
	}
}

// every calls check for many drawings of every form.
func every(t *testing.T, seeds []int, check func(t *testing.T, form string, seed int, all []shape)) {
	t.Helper()
	for _, form := range plant.Forms() {
		t.Run(form, func(t *testing.T) {
			for _, seed := range seeds {
				check(t, form, seed, shapes(t, plant.Draw(form, seed)))
			}
		})
	}
}

// numbers are seeds as a shop has them, and the ends of what an int holds.
func numbers(n int) []int {
	seeds := []int{0, -1, 999_999, math.MaxInt, math.MinInt}
	for i := range n {
		seeds = append(seeds, 1+i*7919)
	}
	return seeds
}

func TestDraw_RootSaysItsSize(t *testing.T) {
	every(t, numbers(3), func(t *testing.T, _ string, seed int, all []shape) {
		root := all[0]
		box := "0 0 " + strconv.Itoa(plant.Width) + " " + strconv.Itoa(plant.Height)
		if root.name != "svg" || root.attributes["viewBox"] != box ||
			root.attributes["xmlns"] != "http://www.w3.org/2000/svg" {
			t.Errorf("seed %d: root is %v", seed, root)
		}
		for _, s := range all[1:] {
			if s.depth != 1 {
				t.Fatalf("seed %d: %s is nested at depth %d", seed, s.name, s.depth)
			}
		}
	})
}

// The pictures are sent as documents of the shop's own origin.
func TestDraw_HasOnlyHarmlessElementsAndAttributes(t *testing.T) {
	allowed := map[string][]string{
		"path":    {"d", "fill", "opacity", "stroke", "stroke-dasharray", "stroke-width", "transform"},
		"circle":  {"cx", "cy", "fill", "opacity", "r"},
		"ellipse": {"cx", "cy", "fill", "opacity", "rx", "ry", "transform"},
		"rect":    {"fill", "height", "rx", "width", "x", "y"},
	}
	every(t, numbers(4), func(t *testing.T, _ string, seed int, all []shape) {
		for _, s := range all[1:] {
			names, ok := allowed[s.name]
			if !ok {
				t.Fatalf("seed %d draws a <%s>", seed, s.name)
			}
			for name := range s.attributes {
				if !slices.Contains(names, name) {
					t.Errorf("seed %d: <%s %s>", seed, s.name, name)
				}
			}
		}
	})
}

var colour = regexp.MustCompile(`^(#[0-9a-f]{3}([0-9a-f]{3})?|hsl\((\d+) (\d+)% (\d+)%\))$`)

func TestDraw_EveryShapeHasAColourThatBrowsersKnow(t *testing.T) {
	every(t, numbers(4), func(t *testing.T, _ string, seed int, all []shape) {
		for _, s := range all[1:] {
			fill, stroke := s.attributes["fill"], s.attributes["stroke"]
			if fill == "" && stroke == "" {
				t.Errorf("seed %d: %s cannot be seen", seed, s.name)
			}
			for _, c := range []string{fill, stroke} {
				match := colour.FindStringSubmatch(c)
				if c != "" && match == nil {
					t.Errorf("seed %d: colour %q", seed, c)
				}
				if match != nil && match[3] != "" {
					hue, _ := strconv.Atoi(match[3])
					full, _ := strconv.Atoi(match[4])
					light, _ := strconv.Atoi(match[5])
					if hue > 360 || full > 100 || light > 100 {
						t.Errorf("seed %d: colour %q is out of range", seed, c)
					}
				}
			}
		}
	})
}

var (
	number   = regexp.MustCompile(`-?\d+(?:\.\d+)?`)
	stroke   = regexp.MustCompile(`([MLHVCQqtZ])([^MLHVCQqtZ]*)`)
	turn     = regexp.MustCompile(`rotate\([^)]*\)`)
	movement = regexp.MustCompile(`^(translate\(-?[\d.]+ -?[\d.]+\)|rotate\(-?[\d.]+\))( (translate\(-?[\d.]+ -?[\d.]+\)|rotate\(-?[\d.]+\)))*$`)
)

// wants is the number of numbers of a path's commands; more of them repeat it.
var wants = map[string]int{"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Q": 4, "q": 4, "t": 2, "Z": 0}

func TestDraw_PathsAreWhatSVGAllows(t *testing.T) {
	every(t, numbers(4), func(t *testing.T, _ string, seed int, all []shape) {
		for _, s := range all[1:] {
			d, ok := s.attributes["d"]
			if !ok {
				continue
			}
			if !strings.HasPrefix(d, "M") {
				t.Errorf("seed %d: path %q does not start with a move", seed, d)
			}
			rest := d
			for _, match := range stroke.FindAllStringSubmatch(d, -1) {
				rest = strings.Replace(rest, match[0], "", 1)
				n, want := len(number.FindAllString(match[2], -1)), wants[match[1]]
				if want == 0 && n != 0 || want > 0 && (n == 0 || n%want != 0) {
					t.Errorf("seed %d: %q has %d numbers", seed, match[0], n)
				}
			}
			if strings.TrimSpace(rest) != "" {
				t.Errorf("seed %d: path %q has %q left over", seed, d, rest)
			}
		}
	})
}

func TestDraw_StaysNearItsPaper(t *testing.T) {
	every(t, numbers(8), func(t *testing.T, _ string, seed int, all []shape) {
		for _, s := range all[1:] {
			if m, ok := s.attributes["transform"]; ok && !movement.MatchString(m) {
				t.Errorf("seed %d: transform %q", seed, m)
			}
			for name, value := range s.attributes {
				if name == "fill" || name == "stroke" {
					continue
				}
				for _, n := range number.FindAllString(turn.ReplaceAllString(value, ""), -1) {
					x, err := strconv.ParseFloat(n, 64)
					if err != nil || math.Abs(x) > 2*plant.Height {
						t.Errorf("seed %d: %s %s = %q", seed, s.name, name, value)
					}
				}
			}
			if x, ok := s.attributes["r"]; ok && strings.HasPrefix(x, "-") {
				t.Errorf("seed %d: radius %s", seed, x)
			}
		}
	})
}

func TestDraw_StandsInItsPotInFrontOfTheSun(t *testing.T) {
	every(t, numbers(4), func(t *testing.T, form string, seed int, all []shape) {
		if first := all[1]; first.name != "circle" || first.attributes["opacity"] != ".38" {
			t.Errorf("seed %d begins with %v, not with the sun", seed, first)
		}
		rim := slices.IndexFunc(all, func(s shape) bool {
			return s.name == "rect" && (s.attributes["y"] == "258" || s.attributes["y"] == "261")
		})
		if rim < 0 || rim < len(all)-2 {
			t.Errorf("seed %d: the pot's rim is shape %d of %d, want the end", seed, rim, len(all))
		}
		if len(all) < 8 {
			t.Errorf("%s %d has only %d shapes", form, seed, len(all))
		}
	})
}

func TestDraw_NoTwoSeedsMakeTheSamePlant(t *testing.T) {
	for _, form := range plant.Forms() {
		seen := map[string]int{}
		for seed := range 100 {
			drawing := plant.Draw(form, seed)
			if other, ok := seen[drawing]; ok {
				t.Errorf("%s %d looks like %d", form, seed, other)
			}
			seen[drawing] = seed
		}
	}
}

// A shelf of one kind of plant must not look like a shelf of one plant.
func TestDraw_SeedsVaryPotsGlazesAndSize(t *testing.T) {
	pots, glazes, sizes := map[string]bool{}, map[string]bool{}, map[int]bool{}
	for seed := range 80 {
		all := shapes(t, plant.Draw("fern", seed))
		for i, s := range all {
			if s.name == "rect" {
				pots[all[i-1].attributes["d"]] = true
				glazes[all[i-1].attributes["fill"]] = true
			}
		}
		sizes[len(all)] = true
	}
	if len(pots) != 4 || len(glazes) != 6 || len(sizes) < 4 {
		t.Errorf("%d pots, %d glazes, %d sizes; want 4, 6 and at least 4", len(pots), len(glazes), len(sizes))
	}
}

func TestDraw_UnknownFormsAreLeafyAndLeakNothing(t *testing.T) {
	for _, form := range []string{
		"", "bonsai", "../etc/passwd", `"><script>alert(1)</script>`, "%s%d",
		strings.Repeat("x", 10_000), "\x00\xff",
	} {
		drawing := plant.Draw(form, 3)
		all := shapes(t, drawing)
		if len(all) < 20 {
			t.Errorf("%.20q draws %d shapes", form, len(all))
		}
		if form != "" && strings.Contains(drawing, form) {
			t.Errorf("%.20q appears in its drawing", form)
		}
	}
	if plant.Draw("bonsai", 9) == plant.Draw("fern", 9) {
		t.Error("an unknown plant is a fern")
	}
}

func TestDraw_IsSmallEnoughForAPageOfThirty(t *testing.T) {
	for _, form := range plant.Forms() {
		for seed := range 30 {
			if n := len(plant.Draw(form, seed)); n < 1000 || n > 80_000 {
				t.Errorf("%s %d takes %d bytes", form, seed, n)
			}
		}
	}
}

func TestForms_AreSortedAndWhatTheShopSells(t *testing.T) {
	forms := plant.Forms()
	if !slices.IsSorted(forms) {
		t.Errorf("%v is not sorted", forms)
	}
	for _, sold := range []string{
		"monstera", "leafy", "tree", "fern", "palm", "vine", "snake", "cactus", "succulent",
		"orchid", "flower", "lily", "herb", "citrus", "grass",
	} {
		if !slices.Contains(forms, sold) {
			t.Errorf("%s cannot be drawn", sold)
		}
	}
}
