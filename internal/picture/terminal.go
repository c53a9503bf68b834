package main

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// How the terminal of the README looks.
const (
	columns   = 104
	rows      = 36
	letter    = 8.4 // of a monospaced font of 14 pixels
	lineUp    = 19
	marginX   = 18
	titleBar  = 34
	faster    = 3                // it is played that much faster than it went
	step      = time.Second / 2  // of the recording: what is shown for less is left out
	atTheEnd  = 12 * time.Second // how long the last frame stays, of the recording's time
	typedWith = 60 * time.Millisecond * faster
)

// A span is a line that stands in a row for some time.
type span struct {
	row      int
	text     string
	from, to time.Duration
	stays    bool
}

// terminal draws the frames of a command, one after the other and then again. Where motion is not wanted the last frame
// stands.
func terminal(command string, frames []frame) string {
	prompt := "$ " + command
	typing := time.Duration(len(command)) * typedWith
	spans := append(typed(command), spansOf(thin(frames), typing)...)
	all := frames[len(frames)-1].at + typing + atTheEnd
	width, height := marginX*2+columns*letter, titleBar+rows*lineUp+12
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" role="img" aria-label="%s">`+"\n",
		width, height, html.EscapeString("a recording of "+command))
	b.WriteString("<title>" + html.EscapeString(prompt) + "</title>\n<style>\n" + terminalStyle)
	fmt.Fprintf(&b, ".s{opacity:0;animation:%.1fs step-end infinite}\n", (all / faster).Seconds())
	for i, s := range spans {
		if s.from > 0 || !s.stays {
			fmt.Fprintf(&b, "@keyframes k%d{%s}\n", i, keyframes(s, all))
		}
	}
	b.WriteString("@media(prefers-reduced-motion:reduce){.s{animation:none!important}.e{opacity:1}}\n</style>\n")
	fmt.Fprintf(&b, `<rect class="w" x=".5" y=".5" width="%.0f" height="%d" rx="9"/>`+"\n", width-1, height-1)
	for i := range 3 {
		fmt.Fprintf(&b, `<circle class="c" cx="%d" cy="17" r="5.5"/>`+"\n", 20+i*19)
	}
	for i, s := range spans {
		class := "s"
		if s.stays {
			class = "s e"
		}
		fmt.Fprintf(&b, `<text class="%s" style="animation-name:k%d" x="%d" y="%d">%s</text>`+"\n",
			class, i, marginX, titleBar+14+s.row*lineUp, coloured(s.text))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

const terminalStyle = `text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:#1f2328}
.w{fill:#f6f8fa;stroke:#d1d9e0}.c{fill:#d1d9e0}.g{fill:#1a7f37}.y{fill:#9a6700}.r{fill:#cf222e}.p{fill:#59636e}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.w{fill:#0d1117;stroke:#3d444d}.c{fill:#3d444d}.g{fill:#3fb950}.y{fill:#d29922}.r{fill:#f85149}.p{fill:#9198a1}}
`

// typed has the command appear letter by letter, some at a time.
func typed(command string) []span {
	const some = 4
	var spans []span
	for n := 0; n < len(command); n += some {
		spans = append(spans, span{
			text: "$ " + command[:n], from: time.Duration(n) * typedWith, to: time.Duration(n+some) * typedWith,
		})
	}
	return append(spans, span{text: "$ " + command, from: time.Duration(len(command)) * typedWith, stays: true})
}

// thin leaves out frames that stand for less than a step, other than the last, and what a terminal has no room for.
func thin(frames []frame) []frame {
	var kept []frame
	for i, f := range frames {
		if i < len(frames)-1 && frames[i+1].at < nextStep(kept) {
			continue
		}
		f.lines = slices.Clone(f.lines[:min(len(f.lines), rows-1)])
		kept = append(kept, f)
	}
	return kept
}

func nextStep(kept []frame) time.Duration {
	if len(kept) == 0 {
		return 0
	}
	return kept[len(kept)-1].at + step
}

// spansOf joins what stands in the same row in frames that follow each other.
func spansOf(frames []frame, after time.Duration) []span {
	var done []span
	open := map[int]span{}
	for _, f := range frames {
		at := f.at + after
		for row := range rows {
			text := ""
			if row < len(f.lines) {
				text = cut(f.lines[row])
			}
			was, shown := open[row]
			if shown && was.text == text {
				continue
			}
			if shown {
				was.to = at
				done = append(done, was)
				delete(open, row)
			}
			if plain(text) != "" {
				open[row] = span{row: row + 1, text: text, from: at}
			}
		}
	}
	for _, s := range open {
		s.stays = true
		done = append(done, s)
	}
	slices.SortFunc(done, func(a, b span) int {
		if a.from != b.from {
			return int(a.from - b.from)
		}
		return a.row - b.row
	})
	return done
}

func keyframes(s span, all time.Duration) string {
	share := func(at time.Duration) float64 { return float64(at) / float64(all) * 100 }
	shown := fmt.Sprintf("0%%{opacity:0}%.2f%%{opacity:1}", share(s.from))
	if s.from == 0 {
		shown = "0%{opacity:1}"
	}
	if !s.stays {
		shown += fmt.Sprintf("%.2f%%{opacity:0}", share(s.to))
	}
	return shown
}

var colours = regexp.MustCompile("\x1b\\[([0-9]*)m")

// plain is a line without its colours.
func plain(line string) string { return colours.ReplaceAllString(line, "") }

// cut shortens a line to the width of the terminal.
func cut(line string) string {
	line = strings.ReplaceAll(line, "\t", "    ")
	if utf8.RuneCountInString(plain(line)) <= columns {
		return line
	}
	return string([]rune(plain(line))[:columns-1]) + "…"
}

// coloured is a line as the text of an SVG.
func coloured(line string) string {
	classes := map[string]string{"32": "g", "33": "y", "31": "r"}
	var b strings.Builder
	open := false
	for line != "" {
		at := colours.FindStringSubmatchIndex(line)
		if at == nil {
			break
		}
		b.WriteString(html.EscapeString(line[:at[0]]))
		if open {
			b.WriteString("</tspan>")
		}
		class := classes[line[at[2]:at[3]]]
		if open = class != ""; open {
			fmt.Fprintf(&b, `<tspan class="%s">`, class)
		}
		line = line[at[1]:]
	}
	b.WriteString(html.EscapeString(line))
	if open {
		b.WriteString("</tspan>")
	}
	if rest, ok := strings.CutPrefix(b.String(), "$ "); ok {
		return `<tspan class="p">$ </tspan>` + rest
	}
	return b.String()
}
