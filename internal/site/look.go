package main

// frame is a page: title, style, the way home, content, where to mend it, menu.
const frame = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s</title>
<link rel="stylesheet" href="%s">
</head>
<body>
<header><a href="%s">offshoot</a> <a class="to" href="#menu">Menu</a></header>
<main>
%s<footer><a href="%s">This page in the repository</a></footer>
</main>
<nav id="menu">
%s</nav>
</body>
</html>
`

// style is how pages look: the menu beside the text where there is room, below it where not.
const style = `:root{--text:#1f2328;--soft:#59636e;--back:#fff;--shade:#f6f8fa;--line:#d1d9e0;--link:#0969da;--leaf:#1a7f37}
@media(prefers-color-scheme:dark){:root{--text:#f0f6fc;--soft:#9198a1;--back:#0d1117;--shade:#151b23;--line:#3d444d;--link:#4493f8;--leaf:#3fb950}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;font:16px/1.6 -apple-system,"Segoe UI","Noto Sans",Helvetica,Arial,sans-serif;color:var(--text);background:var(--back)}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
main{max-width:56rem;padding:1.5rem 1.25rem 3rem;margin:0 auto;overflow-wrap:break-word}
h1,h2,h3{line-height:1.25;margin:2rem 0 1rem}h1{margin-top:0}h2{padding-bottom:.3rem;border-bottom:1px solid var(--line)}
img{max-width:100%;height:auto;display:block;margin:1rem 0}
code,pre{font:.86em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
code{background:var(--shade);padding:.15em .35em;border-radius:5px}
pre{background:var(--shade);padding:1rem;border-radius:8px;overflow-x:auto}pre code{background:none;padding:0;font-size:1em}
.wide{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;width:100%}
th,td{border:1px solid var(--line);padding:.4rem .75rem;text-align:left;vertical-align:top}th:empty{padding:.1rem}
header{display:flex;justify-content:space-between;padding:.75rem 1.25rem;border-bottom:1px solid var(--line)}
header a:first-child{font-weight:700;color:var(--leaf)}
nav{padding:.5rem 1.25rem 2rem;border-top:1px solid var(--line)}nav a,nav b{display:block;padding:.2rem .6rem;border-radius:6px}
nav b{margin-top:.9rem;color:var(--soft);font-size:.85rem}nav a[aria-current]{background:var(--shade);color:var(--text);font-weight:600}
footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--line);font-size:.9rem}
@media(min-width:60rem){body{display:grid;grid-template:auto 1fr/15rem minmax(0,1fr)}header{grid-column:1/3}.to{display:none}
nav{grid-row:2;grid-column:1;position:sticky;top:0;max-height:100vh;overflow-y:auto;border:0;align-self:start}
main{grid-row:2;grid-column:2;width:100%}}
@media(max-width:30rem){th,td{padding:.3rem .5rem}main{padding:1rem 1rem 2rem}table{font-size:.92rem}}
`
