package plant

import "math"

// fan calls each for n angles spread over ±spread degrees, outermost first so
// that the middle is in front.
func (c *canvas) fan(n int, spread float64, each func(angle float64)) {
	for i := range n {
		step := float64(i/2) / math.Max(1, float64((n-1)/2))
		angle := spread * (1 - step)
		if i%2 == 1 {
			angle = -angle
		}
		each(angle + c.between(-7, 7))
	}
}

func (c *canvas) monstera() {
	c.fan(6+c.r.IntN(3), 42, func(angle float64) {
		x, y := c.stem(angle, c.between(95, 165)*c.size, 4, c.green(30))
		length := c.between(62, 84) * c.size
		tilt := angle*1.3 + c.between(-12, 12)
		c.heart(x, y, tilt, length, c.green(c.between(30, 40)))
		for side := -1.0; side <= 1; side += 2 {
			for _, at := range []float64{0.2, 0.42, 0.62} {
				c.add(`<ellipse transform="translate(%.1f %.1f) rotate(%.1f) translate(%.1f %.1f) rotate(%.1f)" rx="%.1f" ry="2.6" fill="#fff" opacity=".5"/>`,
					x, y, tilt, side*length*(0.3-at*0.14), length*(0.3-at), side*-28, length*0.1)
			}
		}
	})
}

// heart draws a heart-shaped leaf whose stalk ends in its notch.
func (c *canvas) heart(x, y, angle, length float64, fill string) {
	w := length * 0.62
	c.add(`<path transform="translate(%.1f %.1f) rotate(%.1f)" d="M0 0C%.1f %.1f %.1f %.1f %.1f %.1f C%.1f %.1f %.1f %.1f 0 %.1f C%.1f %.1f %.1f %.1f %.1f %.1f C%.1f %.1f %.1f %.1f 0 0Z" fill="%s"/>`,
		x, y, angle, w*0.35, length*0.34, w*1.05, length*0.26, w, -length*0.1, w*0.95, -length*0.45, w*0.3,
		-length*0.6, -length*0.78,
		-w*0.3, -length*0.6, -w*0.95, -length*0.45, -w, -length*0.1, -w*1.05, length*0.26, -w*0.35, length*0.34, fill)
	c.vein(x, y, angle, length*0.8)
}

func (c *canvas) leafy() {
	accent := c.petal()
	c.fan(9+c.r.IntN(4), 58, func(angle float64) {
		x, y := polar(rootX, rootY, angle, c.between(20, 50))
		c.stem(angle, 40, 3, c.green(30))
		length := c.between(110, 150) * c.size
		c.leaf(x, y, angle, length, length*0.26, c.green(c.between(28, 40)))
		c.leaf(x, y, angle, length*0.84, length*0.09, accent)
		c.vein(x, y, angle, length)
	})
}

func (c *canvas) tree() {
	c.trunk()
	for i := range 26 {
		angle := float64(i) * 137.5
		x, y := polar(rootX, 128, angle, math.Sqrt(float64(i))*15*c.size)
		c.leaf(x, y, angle, c.between(38, 52), c.between(12, 17), c.green(c.between(27, 42)))
	}
}

func (c *canvas) trunk() {
	c.add(`<path d="M160 272C%.0f 220 %.0f 180 160 130" stroke="#7b5b3e" stroke-width="9"/>`, c.between(146, 174),
		c.between(146, 174))
}

func (c *canvas) citrus() {
	c.tree()
	fruit := []string{"#f2c230", "#f0932b", "#5f6b2d"}[c.r.IntN(3)]
	for range 5 + c.r.IntN(5) {
		x, y := polar(rootX, 132, c.between(0, 360), c.between(15, 82)*c.size)
		c.add(`<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s"/><circle cx="%.1f" cy="%.1f" r="2.5" fill="#fff" opacity=".6"/>`, x, y, c.between(8, 11), fruit, x-3, y-3)
	}
}

func (c *canvas) fern() {
	c.fan(13+c.r.IntN(5), 84, func(angle float64) {
		colour := c.green(c.between(30, 44))
		length := c.between(130, 190) * c.size
		for i := 1; i <= 15; i++ {
			t := float64(i) / 15
			x, y := polar(rootX, rootY, angle*(0.35+0.65*t), length*t)
			size := (6 + 20*math.Sin(math.Pi*math.Min(1, t*0.9+0.1))) * c.size
			c.leaf(x, y, angle+62, size, size*0.3, colour)
			c.leaf(x, y, angle-62, size, size*0.3, colour)
		}
	})
}

func (c *canvas) palm() {
	c.fan(7+c.r.IntN(3), 54, func(angle float64) {
		colour := c.green(c.between(30, 42))
		tipX, tipY := c.stem(angle, c.between(120, 175)*c.size, 3, colour)
		for i := -5.0; i <= 5; i++ {
			c.leaf(tipX-math.Abs(i)*angle*0.02, tipY+math.Abs(i)*7, angle*1.2+i*17, c.between(46, 62)*c.size, 4.5,
				colour)
		}
	})
}

func (c *canvas) vine() {
	for i := range 7 {
		side := float64(i) - 3
		colour := c.green(c.between(32, 44))
		endX, endY := rootX+side*c.between(30, 38), rootY+c.between(10, 62)
		topY := rootY - c.between(60, 150)*c.size
		c.add(`<path d="M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f" stroke="%s" stroke-width="2.5"/>`, rootX, rootY,
			rootX+side*12, topY, endX, topY, endX, endY, colour)
		for n := range 11 {
			t := (float64(n) + 1) / 11
			x, y := bezier(t, [8]float64{rootX, rootY, rootX + side*12, topY, endX, topY, endX, endY})
			c.heart(x, y, c.between(95, 265), c.between(17, 26)*c.size, c.green(c.between(32, 48)))
		}
	}
}

// bezier is the point at t of a cubic curve.
func bezier(t float64, p [8]float64) (x, y float64) {
	u := 1 - t
	a, b, d, e := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
	return a*p[0] + b*p[2] + d*p[4] + e*p[6], a*p[1] + b*p[3] + d*p[5] + e*p[7]
}

func (c *canvas) snake() {
	c.fan(7+c.r.IntN(4), 24, func(angle float64) {
		length := c.between(130, 215) * c.size
		x := rootX + angle*1.5
		c.leaf(x, rootY+12, angle, length, 17, "hsl(58 55% 62%)")
		c.leaf(x, rootY+12, angle, length*0.97, 13, c.green(c.between(26, 36)))
		for n := 1; n < 6; n++ {
			bx, by := polar(x, rootY+12, angle, length*float64(n)/7)
			c.add(`<path transform="translate(%.1f %.1f) rotate(%.1f)" d="M-7 0q4-5 7 0t7 0" stroke="#fff" stroke-width="1.6" opacity=".35"/>`, bx, by, angle)
		}
	})
}

func (c *canvas) cactus() {
	arms := c.r.IntN(3)
	height := c.between(110, 180) * c.size
	c.column(rootX, rootY+10, height, c.between(52, 74))
	if arms > 0 {
		c.arm(1, height*c.between(0.35, 0.5))
	}
	if arms > 1 {
		c.arm(-1, height*c.between(0.45, 0.62))
	}
	c.bloom(rootX, rootY+12-height, 17, 7, c.petal(), "#f6d365")
}

func (c *canvas) column(x, base, height, width float64) {
	c.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%.1f" fill="%s"/>`, x-width/2, base-height, width,
		height, width/2, c.green(36))
	for i := -1.0; i <= 1; i++ {
		c.add(`<path d="M%.1f %.1fV%.1f" stroke="#fff" stroke-width="2.4" stroke-dasharray="1 11" opacity=".75"/>`,
			x+i*width*0.27, base-height+width*0.35, base-6)
	}
}

func (c *canvas) arm(side, at float64) {
	x, y := rootX+side*c.between(48, 58), rootY-at
	colour := c.green(33)
	c.add(`<path d="M%.1f %.1fH%.1fQ%.1f %.1f %.1f %.1fV%.1f" stroke="%s" stroke-width="25"/>`, rootX, y, x-side*14, x,
		y, x, y-14, y-c.between(34, 62), colour)
}

func (c *canvas) succulent() {
	tip := c.petal()
	for ring := 5; ring >= 1; ring-- {
		n := 5 + ring*2
		for i := range n {
			angle := float64(i)*360/float64(n) + float64(ring)*21
			length := float64(ring) * 20 * c.size
			c.leaf(rootX, rootY-46, angle, length, length*0.26, tip)
			c.leaf(rootX, rootY-46, angle, length*0.9, length*0.25, c.green(62-float64(ring)*5))
		}
	}
}

func (c *canvas) orchid() {
	petal := c.petal()
	for side := -1.0; side <= 1; side += 2 {
		c.leaf(rootX, rootY, side*62, 105*c.size, 21, c.green(34))
		c.leaf(rootX, rootY, side*34, 70*c.size, 18, c.green(40))
	}
	for side := -1.0; side <= 1; side += 2 {
		topX, topY := rootX+side*c.between(58, 86), rootY-c.between(130, 170)
		curve := [8]float64{rootX, rootY, rootX - side*12, rootY - 130, rootX + side*12, rootY - 215, topX, topY}
		c.add(`<path d="M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f" stroke="%s" stroke-width="3"/>`, curve[0], curve[1],
			curve[2], curve[3], curve[4], curve[5], curve[6], curve[7], c.green(34))
		for n := range 5 {
			x, y := bezier(0.52+0.12*float64(n), curve)
			c.bloom(x, y, (25-float64(n)*2)*c.size, 5, petal, "#b23a6b")
		}
	}
}

func (c *canvas) flower() {
	petal, petals := c.petal(), 6+c.r.IntN(7)
	c.fan(8, 84, func(angle float64) { c.leaf(rootX, rootY, angle, c.between(64, 92), 22, c.green(c.between(30, 40))) })
	c.fan(5+c.r.IntN(3), 46, func(angle float64) {
		x, y := c.stem(angle, c.between(105, 178)*c.size, 3, c.green(36))
		c.bloom(x, y, c.between(24, 34), petals, petal, "#f3c94b")
	})
}

func (c *canvas) lily() {
	spathe := []string{"#faf6ea", "#f7d9d9", "#e2574c"}[c.r.IntN(3)]
	c.fan(12, 78, func(angle float64) {
		length := c.between(105, 150) * c.size
		c.leaf(rootX, rootY, angle, length, length*0.2, c.green(c.between(27, 38)))
		c.vein(rootX, rootY, angle, length)
	})
	c.fan(4, 30, func(angle float64) {
		x, y := c.stem(angle, c.between(140, 185)*c.size, 3, c.green(38))
		c.leaf(x, y, angle-14, 50, 23, spathe)
		c.leaf(x, y, angle-4, 30, 5, "#e3bf4d")
	})
}

func (c *canvas) herb() {
	c.fan(11+c.r.IntN(4), 52, func(angle float64) {
		length := c.between(95, 165) * c.size
		colour := c.green(c.between(32, 48))
		c.stem(angle, length, 2.4, colour)
		for i := 2; i <= 7; i++ {
			t := float64(i) / 7
			x, y := polar(rootX, rootY, angle*(0.4+0.6*t), length*t)
			c.leaf(x, y, angle+58, 26*(1.2-t*0.6), 9, colour)
			c.leaf(x, y, angle-58, 26*(1.2-t*0.6), 9, colour)
		}
	})
}

func (c *canvas) grass() {
	plume := c.petal()
	c.fan(38, 52, func(angle float64) {
		x, y := c.stem(angle, c.between(95, 205)*c.size, 2.6, c.green(c.between(36, 54)))
		if c.r.IntN(4) == 0 {
			c.leaf(x, y+10, angle*1.2, 42, 5, plume)
		}
	})
}
