package queryplan

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/offshoot-dev/offshoot/internal/document"
)

// Grid shows the plan as a tree, with the cost and the rows of each node in front of it, and its conditions below. What
// is wider than the terminal is cut.
func (p *Plan) Grid(title string, width int) document.Grid {
	g := document.Grid{}
	g.Add("cost", "rows", title)
	p.Root.lines(&g, "", "")
	room := width
	for i := range 2 {
		widest := 0
		for _, line := range g.Lines {
			widest = max(widest, utf8.RuneCountInString(line[i]))
		}
		room -= widest + 2
	}
	const narrowest = 20
	for _, line := range g.Lines {
		line[2] = cut(line[2], max(room-1, narrowest))
	}
	return g
}

func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// lines adds those of a node. The first begins with head, what is below it with rest.
func (n *Node) lines(g *document.Grid, head, rest string) {
	name := plain(n.Name())
	if n.Subplan != "" {
		name = plain(n.Subplan) + ": " + name
	}
	if n.Workers > 0 {
		name += fmt.Sprintf(", %d workers", n.Workers)
	}
	g.Add(Cost(n.Cost), document.Number(int64(n.Rows)), head+name)
	bar := "   "
	if len(n.Children) > 0 {
		bar = "│  "
	}
	for _, d := range n.Details {
		g.Add("", "", rest+bar+strings.ToLower(d.Name)+": "+plain(bare(d.Text)))
	}
	for i := range n.Children {
		if i == len(n.Children)-1 {
			n.Children[i].lines(g, rest+"└─ ", rest+"   ")
			continue
		}
		n.Children[i].lines(g, rest+"├─ ", rest+"│  ")
	}
}

// bare is a condition without the parentheses around all of it.
func bare(text string) string {
	if !strings.HasPrefix(text, "(") || !strings.HasSuffix(text, ")") {
		return text
	}
	depth := 0
	for i, c := range text[:len(text)-1] {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case '\'', '"':
			return text // what is quoted might hold parentheses
		}
		if depth == 0 && i > 0 {
			return text
		}
	}
	return text[1 : len(text)-1]
}

// plain keeps names and texts that somebody else has chosen on one line, and without control codes.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
}

// Cost writes a cost with as many digits as matter.
func Cost(cost float64) string {
	if math.Abs(cost) < 1000 {
		return fmt.Sprintf("%.2f", cost)
	}
	return document.Number(int64(math.Round(cost)))
}
