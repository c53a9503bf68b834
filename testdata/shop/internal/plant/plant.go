// Package plant draws plants as SVG from a form and a seed: the same two give
// the same picture, and no two seeds the same plant.
package plant

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Width and Height are the picture's own units.
const (
	Width  = 320
	Height = 360
)

// canvas collects shapes. The origin of a plant is where it leaves its pot.
type canvas struct {
	r    *rand.Rand
	out  strings.Builder
	hue  float64 // of the leaves, in degrees
	size float64 // 0.85 to 1.15
}

const (
	rootX = 160.0
	rootY = 268.0
)

// forms are the plants that can be drawn.
func forms() map[string]func(*canvas) {
	return map[string]func(*canvas){
		"monstera": (*canvas).monstera, "leafy": (*canvas).leafy, "tree": (*canvas).tree, "citrus": (*canvas).citrus,
		"fern": (*canvas).fern, "palm": (*canvas).palm, "vine": (*canvas).vine, "snake": (*canvas).snake,
		"cactus": (*canvas).cactus, "succulent": (*canvas).succulent, "orchid": (*canvas).orchid,
		"flower": (*canvas).flower, "lily": (*canvas).lily, "herb": (*canvas).herb, "grass": (*canvas).grass,
	}
}

// Forms lists what can be drawn, sorted.
func Forms() []string {
	var names []string
	for name := range forms() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Draw returns a whole SVG document; an unknown form is drawn as a leafy plant.
// Nothing of the input appears in it but numbers.
func Draw(form string, seed int) string {
	grow, ok := forms()[form]
	if !ok {
		grow = (*canvas).leafy
	}
	r := rand.New(rand.NewPCG(uint64(seed), uint64(len(form))))
	c := &canvas{r: r, hue: 95 + 70*r.Float64(), size: 0.85 + 0.3*r.Float64()}
	c.out.WriteString(fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" fill="none" stroke-linecap="round" stroke-linejoin="round">`, Width, Height))
	c.backdrop()
	grow(c)
	c.pot()
	c.out.WriteString(`</svg>`)
	return c.out.String()
}

// between is a random number of the plant.
func (c *canvas) between(low, high float64) float64 { return low + (high-low)*c.r.Float64() }

func (c *canvas) add(format string, values ...any) { fmt.Fprintf(&c.out, format, values...) }

// green is the leaf colour, shifted and at that lightness in percent.
func (c *canvas) green(light float64) string {
	return fmt.Sprintf("hsl(%.0f %.0f%% %.0f%%)", c.hue+c.between(-8, 8), c.between(34, 46), light)
}

// petal is a flower colour, never green.
func (c *canvas) petal() string {
	hues := []float64{345, 12, 38, 48, 275, 300, 325, 220}
	return fmt.Sprintf("hsl(%.0f 72%% 70%%)", hues[c.r.IntN(len(hues))])
}

// backdrop is a soft sun and the table.
func (c *canvas) backdrop() {
	hue := []float64{38, 18, 165, 205, 60, 340}[c.r.IntN(6)]
	c.add(`<circle cx="%.0f" cy="%.0f" r="%.0f" fill="hsl(%.0f 60%% 72%%)" opacity=".38"/>`,
		c.between(120, 200), c.between(120, 160), c.between(88, 118), hue)
	c.add(`<ellipse cx="160" cy="343" rx="92" ry="9" fill="#000" opacity=".12"/>`)
}

// pot is one of four pots, in one of six glazes.
func (c *canvas) pot() {
	glaze := [][2]string{
		{"#c4694a", "#a9543a"},
		{"#e9ded0", "#d2c3ae"},
		{"#4f6d7a", "#3e5762"},
		{"#d9a441", "#bf8a2c"},
		{"#7a5c74", "#644a5f"},
		{"#38423b", "#29312c"},
	}[c.r.IntN(6)]
	bodies := []string{
		"M108 268H212L198 336Q197 343 188 343H132Q123 343 122 336Z",
		"M106 268H214V318Q214 343 189 343H131Q106 343 106 318Z",
		"M112 268H208Q224 312 190 343H130Q96 312 112 268Z", "M104 268H216L192 343H128Z",
	}
	c.add(`<path d="%s" fill="%s"/>`, bodies[c.r.IntN(len(bodies))], glaze[0])
	switch c.r.IntN(3) {
	case 0:
		c.add(`<rect x="100" y="258" width="120" height="20" rx="5" fill="%s"/>`, glaze[1])
	case 1:
		c.add(`<rect x="102" y="261" width="116" height="12" rx="6" fill="%s"/><path d="M120 302q10-9 20 0t20 0 20 0 20 0" stroke="%s" stroke-width="4"/>`, glaze[1], glaze[1])
	default:
		c.add(`<rect x="102" y="261" width="116" height="12" rx="6" fill="%s"/><path d="M118 296H202M121 308H199" stroke="%s" stroke-width="4"/>`, glaze[1], glaze[1])
	}
}

// stem draws a curve from the root by angle (0 is up, in degrees) and length
// and returns its tip.
func (c *canvas) stem(angle, length, width float64, colour string) (x, y float64) {
	x, y = polar(rootX, rootY, angle, length)
	bendX, bendY := polar(rootX, rootY, angle*0.25, length*0.62)
	c.add(`<path d="M%.1f %.1fQ%.1f %.1f %.1f %.1f" stroke="%s" stroke-width="%.1f"/>`, rootX, rootY, bendX, bendY, x,
		y, colour, width)
	return x, y
}

func polar(x, y, angle, length float64) (float64, float64) {
	rad := angle * math.Pi / 180
	return x + length*math.Sin(rad), y - length*math.Cos(rad)
}

// leaf draws a pointed leaf from (x, y) in the direction of angle.
func (c *canvas) leaf(x, y, angle, length, width float64, fill string) {
	c.add(`<path transform="translate(%.1f %.1f) rotate(%.1f)" d="M0 0C%.1f %.1f %.1f %.1f 0 %.1f C%.1f %.1f %.1f %.1f 0 0Z" fill="%s"/>`,
		x, y, angle, width, -length*0.25, width*0.8, -length*0.8, -length, -width*0.8, -length*0.8, -width,
		-length*0.25, fill)
}

// vein draws the line along a leaf's middle.
func (c *canvas) vein(x, y, angle, length float64) {
	tipX, tipY := polar(x, y, angle, length*0.85)
	c.add(`<path d="M%.1f %.1fL%.1f %.1f" stroke="#fff" stroke-width="1.6" opacity=".35"/>`, x, y, tipX, tipY)
}

// bloom draws a flower of n petals.
func (c *canvas) bloom(x, y, radius float64, n int, petal, eye string) {
	turn := c.between(0, 60)
	for i := range n {
		c.leaf(x, y, turn+float64(i)*360/float64(n), radius, radius*0.42, petal)
	}
	c.add(`<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s"/>`, x, y, radius*0.26, eye)
}
