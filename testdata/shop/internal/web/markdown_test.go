package web

import (
	"encoding/xml"
	"errors"
	"html"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// tags reads rendered text as XML, strictly, and returns the elements and the
// text in it.
func tags(t *testing.T, rendered string) (names []string, text string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader("<x>" + rendered + "</x>"))
	var out strings.Builder
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return names[1:], out.String()
		}
		if err != nil {
			t.Fatalf("%q is not well formed: %v", rendered, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(token.Attr) > 0 {
				t.Fatalf("%q has attributes", rendered)
			}
			names = append(names, token.Name.Local)
		case xml.CharData:
			out.Write(token)
		}
	}
}

func TestMarkdown_Blocks(t *testing.T) {
	for text, want := range map[string]string{
		"\n\n\n":                    "",
		"# One\n\n# Two":            "<h2>One</h2><h2>Two</h2>",
		"#No heading":               "<p>#No heading</p>",
		"a\n\n\n\nb":                "<p>a</p><p>b</p>",
		"a\nb":                      "<p>a\nb</p>",
		"  indented  ":              "<p>indented</p>",
		"- only":                    "<ul><li>only</li></ul>",
		"-none":                     "<p>-none</p>",
		"- *a* and **b**\n- c":      "<ul><li><em>a</em> and <strong>b</strong></li><li>c</li></ul>",
		"# T\r\n\r\n- a\r\n- b\r\n": "<h2>T</h2><ul><li>a</li><li>b</li></ul>",
	} {
		if got := string(markdown(text)); got != want {
			t.Errorf("markdown(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestMarkdown_Marks(t *testing.T) {
	for text, want := range map[string]string{
		"**a** *b* **c**": "<p><strong>a</strong> <em>b</em> <strong>c</strong></p>",
		"*a **b** c*":     "<p><em>a <strong>b</strong> c</em></p>",
		"2 * 3":           "<p>2 * 3</p>",
		"**":              "<p>**</p>",
		"****":            "<p>****</p>",
		"*":               "<p>*</p>",
		"**open":          "<p>**open</p>",
		"a*b*c":           "<p>a<em>b</em>c</p>",
	} {
		if got := string(markdown(text)); got != want {
			t.Errorf("markdown(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestMarkdown_EscapesWhatPeopleTry(t *testing.T) {
	for _, text := range []string{
		`<script>alert(1)</script>`, `# <script>alert(1)</script>`, `- <script>alert(1)</script>`,
		`**<script>alert(1)</script>**`, `*<iframe src="//x">*`,
		`<a href="javascript:alert(1)">x</a>`, `[x](javascript:alert(1))`, `<!-- -->`, `<![CDATA[x]]>`, `<?php ?>`,
		`&lt;script&gt;`, `&#60;script&#62;`, `"><img src=x onerror=alert(1)>`,
		`<st*rong onclick=x>*`, `</p><p onmouseover=x>`, `<b>**</b>`, `** <b> *</b>* **`, `<<<<>>>>`, `&`, `'"`,
		"<scr\nipt>", "<scr\n\nipt>",
	} {
		names, plain := tags(t, string(markdown(text)))
		for _, name := range names {
			if !slices.Contains([]string{"h2", "p", "ul", "li", "strong", "em"}, name) {
				t.Errorf("%q makes a <%s>", text, name)
			}
		}
		if strings.Contains(text, "<script") && !strings.Contains(plain, "<script>alert(1)</script>") {
			t.Errorf("%q loses its words: %q", text, plain)
		}
	}
}

// Whatever the text, the result is well-formed HTML of six elements, and every
// letter of the text but the marks is in it.
func TestMarkdown_RandomTextsStayWellFormed(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	pieces := []string{
		"*", "**", "***", "<", ">", "&", "\"", "'", "a", "b ", "<b>", "</em>", "\n", "\n\n", "\r\n",
		"# ", "- ", "ü", "🌱", "&lt;", "</p>", "<script>",
	}
	for range 20_000 {
		var text strings.Builder
		for range r.IntN(14) {
			text.WriteString(pieces[r.IntN(len(pieces))])
		}
		names, plain := tags(t, string(markdown(text.String())))
		for _, name := range names {
			if !slices.Contains([]string{"h2", "p", "ul", "li", "strong", "em"}, name) {
				t.Fatalf("%q makes a <%s>", text.String(), name)
			}
		}
		for _, letter := range []string{"a", "b", "ü", "🌱", "&", "<"} {
			if got, want := strings.Count(plain, letter), strings.Count(text.String(), letter); got != want {
				t.Fatalf("%q has %d %q, want %d", text.String(), got, letter, want)
			}
		}
	}
}

func TestAnnouncement_IsEmptyWithoutAFileAndFailsOnABrokenOne(t *testing.T) {
	s := &site{o: Options{Content: fstest.MapFS{}}}
	if got, err := s.announcement(); got != "" || err != nil {
		t.Errorf("without a file: %q, %v", got, err)
	}
	s.o.Content = fstest.MapFS{"announcement.md": {Data: []byte("hi & bye")}}
	if got, err := s.announcement(); string(got) != "<p>hi &amp; bye</p>" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	s.o.Content = fstest.MapFS{"announcement.md": {Mode: fs.ModeDir}}
	if _, err := s.announcement(); err == nil {
		t.Error("a folder was read as a text")
	}
}

func TestAnnouncement_OfTheProjectIsRendered(t *testing.T) {
	text, err := os.ReadFile("../../content/announcement.md")
	if err != nil {
		t.Fatal(err)
	}
	names, plain := tags(t, string(markdown(string(text))))
	if !slices.Equal(names, []string{"h2", "p", "strong", "em", "ul", "li", "li"}) {
		t.Errorf("its elements are %v", names)
	}
	if strings.ContainsAny(plain, "*#") || plain != html.UnescapeString(plain) {
		t.Errorf("marks are left in %q", plain)
	}
}
