package main

import (
	"bytes"
	"fmt"
	"html"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	renderer "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
)

// html is a page of the site.
func (s *site) html(page string) ([]byte, error) {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(renderer.WithUnsafe())) // the pages are our own
	body := s.pages[page]
	tree := md.Parser().Parse(text.NewReader(body), parser.WithContext(parser.NewContext(parser.WithIDs(anchors{}))))
	title := "offshoot"
	err := ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			if n.Level == 1 {
				title = words(n, body)
			}
		case *ast.Link:
			n.Destination = []byte(s.lead(page, string(n.Destination)))
		case *ast.Image:
			n.Destination = []byte(s.lead(page, string(n.Destination)))
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return nil, err
	}
	var written bytes.Buffer
	if err := md.Renderer().Render(&written, body, tree); err != nil {
		return nil, err
	}
	if title != "offshoot" {
		title += " · offshoot"
	}
	content := strings.NewReplacer("<table>", `<div class="wide"><table>`, "</table>", "</table></div>").
		Replace(written.String())
	return fmt.Appendf(nil, frame, html.EscapeString(title), relative(address(page), "style.css"),
		relative(address(page), "index.html"), content, source+page, s.links(page)), nil
}

// words is the text of a node without its markup.
func words(n ast.Node, body []byte) string {
	var b strings.Builder
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		switch child := child.(type) {
		case *ast.Text:
			b.Write(child.Segment.Value(body))
		default:
			b.WriteString(words(child, body))
		}
	}
	return b.String()
}

// links is the menu, seen from a page.
func (s *site) links(page string) string {
	var b strings.Builder
	for _, e := range s.menu {
		switch {
		case e.page == "":
			fmt.Fprintf(&b, "<b>%s</b>\n", html.EscapeString(e.title))
		case e.page == page:
			fmt.Fprintf(&b, `<a href="%s" aria-current="page">%s</a>`+"\n", s.lead(page, "#"), html.EscapeString(e.title))
		default:
			fmt.Fprintf(&b, `<a href="%s">%s</a>`+"\n", relative(address(page), address(e.page)),
				html.EscapeString(e.title))
		}
	}
	return b.String()
}

// anchors names headings as the forges do, so that links work on both.
type anchors map[string]bool

func (a anchors) Generate(value []byte, _ ast.NodeKind) []byte {
	var b strings.Builder
	for _, r := range strings.ToLower(string(value)) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	name := b.String()
	for n := 1; a[name]; n++ {
		name = fmt.Sprintf("%s-%d", b.String(), n)
	}
	a[name] = true
	return []byte(name)
}

func (a anchors) Put(value []byte) { a[string(value)] = true }
