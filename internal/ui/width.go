package ui

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// wide are the blocks whose characters take two columns (Unicode Standard
// Annex #11, East Asian Width W and F, in whole blocks).
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1},
		{Lo: 0x2e80, Hi: 0x303e, Stride: 1},
		{Lo: 0x3041, Hi: 0xa4cf, Stride: 1},
		{Lo: 0xac00, Hi: 0xd7a3, Stride: 1},
		{Lo: 0xf900, Hi: 0xfaff, Stride: 1},
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1},
		{Lo: 0xff00, Hi: 0xff60, Stride: 1},
		{Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1},
		{Lo: 0x1f680, Hi: 0x1f6ff, Stride: 1},
		{Lo: 0x1f900, Hi: 0x1f9ff, Stride: 1},
		{Lo: 0x20000, Hi: 0x3fffd, Stride: 1},
	},
}

// Width is the number of columns that text takes on a terminal, colour
// sequences not counted.
func Width(text string) int {
	n := 0
	for _, r := range escapes.ReplaceAllString(text, "") {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// Truncate shortens text to width columns, an ellipsis included. Colour
// sequences are kept whole, so that colour ends where it should.
func Truncate(text string, width int) string {
	if Width(text) <= width {
		return text
	}
	var b strings.Builder
	used := 0
	for text != "" {
		if loc := escapes.FindStringIndex(text); loc != nil && loc[0] == 0 {
			b.WriteString(text[:loc[1]])
			text = text[loc[1]:]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		if used+runeWidth(r) <= width-1 {
			b.WriteString(text[:size])
			used += runeWidth(r)
			text = text[size:]
			continue
		}
		b.WriteString("…")
		break
	}
	if strings.Contains(b.String(), "\x1b[") {
		b.WriteString(reset)
	}
	return b.String()
}
