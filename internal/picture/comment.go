package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// How large the picture of a comment is: an image does not grow with its text.
const commentWidth, commentHeight = 860, 800

// shownParts is how much of the rehearsal: up to what was measured.
const shownParts = 3

// comment draws a comment as a forge shows it.
func comment(markdown []byte) (string, error) {
	var body bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.Table),
		goldmark.WithRendererOptions(html.WithUnsafe(), html.WithXHTML())) // the program's own words, escaped by it
	if err := md.Convert(markdown, &body); err != nil {
		return "", err
	}
	drawn := opened(body.String())
	return fmt.Sprintf(commentFrame, commentWidth, commentHeight, commentStyle, commentWidth-1, commentHeight-1,
		commentWidth, commentHeight, drawn), nil
}

var details = regexp.MustCompile(`<details><summary>(What the migrations would do[^<]*)`)

// opened opens the part that is about the rehearsal, and shows its first tables: a picture cannot be clicked.
func opened(body string) string {
	at := details.FindStringIndex(body)
	if at == nil {
		return body
	}
	begin, rest := body[:at[0]], details.ReplaceAllString(body[at[0]:], `<details open="open"><summary>$1`)
	text, after, found := strings.Cut(rest, "</pre>")
	if parts := strings.Split(text, "\n\n"); found && len(parts) > shownParts {
		text = strings.Join(parts[:shownParts], "\n\n") + "\n…\n</code>"
	}
	return begin + text + "</pre>" + after
}

const commentFrame = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="a comment on a pull request">
<title>The comment on a pull request</title>
<style>%s</style>
<rect class="w" x=".5" y=".5" width="%d" height="%d" rx="8"/>
<foreignObject width="%d" height="%d"><div xmlns="http://www.w3.org/1999/xhtml">
<p class="who"><b>github-actions</b> bot commented</p>
<div class="body">
%s</div></div></foreignObject>
</svg>
`

const commentStyle = `
.w{fill:#fff;stroke:#d1d9e0}
div{font:14px/1.5 -apple-system,"Segoe UI","Noto Sans",Helvetica,Arial,sans-serif;color:#1f2328}
.who{margin:1px;padding:9px 16px;background:#f6f8fa;border-bottom:1px solid #d1d9e0;border-radius:8px 8px 0 0;color:#59636e}
.who b{color:#1f2328}.body{padding:12px 16px}
h3{font-size:18px;margin:0 0 12px}p{margin:0 0 12px}a{color:#0969da}
table{border-collapse:collapse;margin:0 0 14px}th,td{border:1px solid #d1d9e0;padding:5px 12px;text-align:left}
code,pre{font:12px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{background:#f6f8fa;padding:10px;border-radius:6px;margin:8px 0;overflow:hidden}
details{margin:0 0 8px}sub{font-size:12px;color:#59636e}
@media(prefers-color-scheme:dark){.w{fill:#0d1117;stroke:#3d444d}div,.who b{color:#f0f6fc}
.who,pre{background:#151b23}.who{border-color:#3d444d;color:#9198a1}th,td{border-color:#3d444d}a{color:#4493f8}sub{color:#9198a1}}
`
