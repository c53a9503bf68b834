package web

import (
	"errors"
	"html"
	"html/template"
	"io/fs"
	"regexp"
	"strings"
)

// announcement is the text on the home page, empty when there is none.
func (s *site) announcement() (template.HTML, error) {
	text, err := fs.ReadFile(s.o.Content, "announcement.md")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return markdown(string(text)), err
}

var (
	strong   = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	emphasis = regexp.MustCompile(`\*([^*]+)\*`)
)

// markdown knows headings, lists, paragraphs, bold and italics. The text is
// escaped before anything is made of it, so no tag of its own survives.
func markdown(text string) template.HTML {
	var out strings.Builder
	for block := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if block = strings.TrimSpace(block); block != "" {
			out.WriteString(markBlock(block))
		}
	}
	return template.HTML(out.String())
}

func markBlock(block string) string {
	if title, ok := strings.CutPrefix(block, "# "); ok {
		return "<h2>" + markLine(title) + "</h2>"
	}
	if !strings.HasPrefix(block, "- ") {
		return "<p>" + markLine(block) + "</p>"
	}
	var items strings.Builder
	for line := range strings.SplitSeq(block, "\n") {
		items.WriteString("<li>" + markLine(strings.TrimPrefix(line, "- ")) + "</li>")
	}
	return "<ul>" + items.String() + "</ul>"
}

func markLine(line string) string {
	line = strong.ReplaceAllString(html.EscapeString(line), "<strong>$1</strong>")
	return emphasis.ReplaceAllString(line, "<em>$1</em>")
}
