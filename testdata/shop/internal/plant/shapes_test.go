package plant

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func blank() *canvas {
	return &canvas{r: rand.New(rand.NewPCG(1, 2)), hue: 120, size: 1}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestPolar_CountsFromUpClockwise(t *testing.T) {
	for angle, want := range map[float64][2]float64{
		0: {10, 10}, 90: {20, 20}, 180: {10, 30}, -90: {0, 20},
		360: {10, 10},
	} {
		x, y := polar(10, 20, angle, 10)
		if !near(x, want[0]) || !near(y, want[1]) {
			t.Errorf("%v degrees lead to %v %v, want %v", angle, x, y, want)
		}
	}
}

func TestBezier_StartsEndsAndIsSymmetric(t *testing.T) {
	curve := [8]float64{0, 0, 0, 10, 20, 10, 20, 0}
	for at, want := range map[float64][2]float64{0: {0, 0}, 1: {20, 0}, 0.5: {10, 7.5}} {
		if x, y := bezier(at, curve); !near(x, want[0]) || !near(y, want[1]) {
			t.Errorf("at %v: %v %v, want %v", at, x, y, want)
		}
	}
	for _, at := range []float64{0.1, 0.3, 0.45} {
		lx, ly := bezier(at, curve)
		rx, ry := bezier(1-at, curve)
		if !near(lx, 20-rx) || !near(ly, ry) {
			t.Errorf("at %v: %v %v and %v %v do not mirror", at, lx, ly, rx, ry)
		}
	}
}

func TestFan_SpreadsFromOutsideInOnBothSides(t *testing.T) {
	for _, n := range []int{1, 2, 3, 8, 13} {
		var angles []float64
		blank().fan(n, 60, func(angle float64) { angles = append(angles, angle) })
		if len(angles) != n {
			t.Fatalf("a fan of %d calls %d times", n, len(angles))
		}
		left, right := 0, 0
		for _, a := range angles {
			if math.Abs(a) > 67 {
				t.Errorf("fan of %d reaches %v degrees", n, a)
			}
			if a < 0 {
				left++
			} else {
				right++
			}
		}
		if n >= 8 {
			if math.Abs(angles[0]) < math.Abs(angles[n-1]) {
				t.Errorf("fan of %d goes inside out: %v", n, angles)
			}
			if left < n/3 || right < n/3 {
				t.Errorf("fan of %d has %d leaves on the left and %d on the right", n, left, right)
			}
		}
	}
}

func TestBetween_StaysInsideAndReachesBothEnds(t *testing.T) {
	c := blank()
	low, high := math.Inf(1), math.Inf(-1)
	for range 2000 {
		x := c.between(-3, 5)
		low, high = min(low, x), max(high, x)
	}
	if low < -3 || high > 5 || low > -2.9 || high < 4.9 {
		t.Errorf("from %v to %v, want about -3 to 5", low, high)
	}
}

func TestGreen_IsGreenAndPetalsAreNot(t *testing.T) {
	c := blank()
	seen := map[string]bool{}
	for range 500 {
		var hue, full, light int
		if _, err := fmt.Sscanf(c.green(35), "hsl(%d %d%% %d%%)", &hue, &full, &light); err != nil {
			t.Fatal(err)
		}
		if hue < 112 || hue > 128 || light != 35 {
			t.Errorf("a leaf of hue %d, lightness %d", hue, light)
		}
		petal := c.petal()
		seen[petal] = true
		if _, err := fmt.Sscanf(petal, "hsl(%d", &hue); err != nil || hue > 60 && hue < 200 {
			t.Errorf("a petal in %s, %v", petal, err)
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d colours of petals, want 8", len(seen))
	}
}

func TestStem_EndsWhereItSays(t *testing.T) {
	c := blank()
	x, y := c.stem(90, 50, 3, "#123")
	if !near(x, rootX+50) || !near(y, rootY) {
		t.Errorf("the tip is at %v %v", x, y)
	}
	want := fmt.Sprintf("M%.1f %.1fQ", rootX, rootY)
	if got := c.out.String(); !strings.Contains(got, want) || !strings.Contains(got, fmt.Sprintf("%.1f %.1f\"", x, y)) {
		t.Errorf("drawn as %s", got)
	}
}

func TestBloom_HasItsPetalsAndAnEye(t *testing.T) {
	for _, n := range []int{5, 6, 12} {
		c := blank()
		c.bloom(100, 100, 20, n, "#abc", "#fed")
		out := c.out.String()
		if petals := strings.Count(out, `fill="#abc"`); petals != n {
			t.Errorf("%d petals, want %d", petals, n)
		}
		if !strings.HasSuffix(out, `fill="#fed"/>`) || strings.Count(out, "<circle") != 1 {
			t.Errorf("no eye in front: %s", out)
		}
	}
}

func TestLeaf_IsAClosedShapeAtItsPlace(t *testing.T) {
	c := blank()
	c.leaf(12, 34, 56, 78, 9, "#0f0")
	got := c.out.String()
	for _, want := range []string{"translate(12.0 34.0) rotate(56.0)", "0 -78.0", `0 0Z"`, `fill="#0f0"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}

// The plants on the pages differ because their drawing does, not only the pot.
func TestForms_DrawDifferentNumbersOfShapes(t *testing.T) {
	counts := map[string]int{}
	for name, grow := range forms() {
		c := blank()
		grow(c)
		counts[name] = strings.Count(c.out.String(), "<")
		if counts[name] < 4 {
			t.Errorf("%s is %d shapes", name, counts[name])
		}
	}
	if counts["fern"] < 5*counts["cactus"] {
		t.Errorf("a fern of %d shapes beside a cactus of %d", counts["fern"], counts["cactus"])
	}
}

func TestCactus_GrowsUpToTwoArms(t *testing.T) {
	var seen []int
	for seed := range 60 {
		c := blank()
		c.r = rand.New(rand.NewPCG(uint64(seed), 6))
		c.cactus()
		arms := strings.Count(c.out.String(), `stroke-width="25"`)
		if !slices.Contains(seen, arms) {
			seen = append(seen, arms)
		}
	}
	slices.Sort(seen)
	if !slices.Equal(seen, []int{0, 1, 2}) {
		t.Errorf("cacti have %v arms, want 0, 1 and 2", seen)
	}
}
