// Package visit looks at the pages of a site as a reader would who follows its links, one after the other.
//
//	first pages ─► request ─► links of the same host ─► those not seen, at most so many of one pattern ─► request …
//
// It only ever sends GET, and leaves out what would sign it out.
package visit

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// Options bound a visit.
type Options struct {
	Client *http.Client
	Base   *url.URL
	Pages  []string    // paths to begin with; none: /
	Header http.Header // sent with each request, such as of a session
	Most   int         // pages at most
	Alike  int         // pages at most whose paths differ in numbers alone
	Rounds int         // how often each page is asked for
	Pause  time.Duration
}

// A Visit is one request and its answer.
type Visit struct {
	Path   string // with its query
	Status int    // 0: there was no answer
	Bytes  int64
	Began  time.Time
	Ended  time.Time
	Failed string // why there was none
}

// longest bounds what is read of a page, in bytes.
const longest = 16 << 20

// Site visits pages, and the same pages again in each further round. It ends early with the context, with what it has
// seen until then.
func Site(ctx context.Context, o Options) (rounds [][]Visit) {
	queue := o.Pages
	if len(queue) == 0 {
		queue = []string{"/"}
	}
	s := &site{Options: o, known: map[string]bool{}, alike: map[string]int{}}
	var pages []string
	for _, page := range queue {
		s.known[page] = true
	}
	var first []Visit
	for len(queue) > 0 && len(pages) < o.Most && ctx.Err() == nil {
		page := queue[0]
		queue = queue[1:]
		v, links := s.visit(ctx, page)
		pages, first = append(pages, page), append(first, v)
		for _, link := range links {
			if s.wanted(link) {
				queue = append(queue, link)
			}
		}
	}
	rounds = append(rounds, first)
	for range o.Rounds - 1 {
		var again []Visit
		for _, page := range pages {
			if ctx.Err() != nil {
				return rounds
			}
			v, _ := s.visit(ctx, page)
			again = append(again, v)
		}
		rounds = append(rounds, again)
	}
	return rounds
}

type site struct {
	Options
	known map[string]bool
	alike map[string]int // by pattern
}

var (
	numbers = regexp.MustCompile(`[0-9]+`)
	leaving = regexp.MustCompile(`(?i)log-?out|sign-?out|log_off|sign_out|destroy|delete|remove|unsubscribe`)
)

// wanted notes a link, and tells whether it is to be visited.
func (s *site) wanted(link string) bool {
	pattern := numbers.ReplaceAllString(link, "#")
	if s.known[link] || leaving.MatchString(link) || s.alike[pattern] >= s.Alike {
		return false
	}
	s.known[link] = true
	s.alike[pattern]++
	return true
}

// visit asks for a page.
func (s *site) visit(ctx context.Context, page string) (v Visit, links []string) {
	select {
	case <-time.After(s.Pause):
	case <-ctx.Done():
	}
	v = Visit{Path: page, Began: time.Now()}
	defer func() { v.Ended = time.Now() }()
	at, err := s.Base.Parse(page)
	if err == nil && at.Host != s.Base.Host {
		err = errors.New("it is a page of another host")
	}
	if err != nil {
		v.Failed = err.Error()
		return v, nil
	}
	answer, err := s.send(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		v.Failed = err.Error()
		return v, nil
	}
	defer answer.Body.Close()
	v.Status = answer.StatusCode
	counted := &counter{r: io.LimitReader(answer.Body, longest)}
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") && answer.Request.URL.Host == s.Base.Host {
		links = linksOf(counted, answer.Request.URL)
	}
	if _, err := io.Copy(io.Discard, counted); err != nil {
		v.Failed = reason(err)
	}
	v.Bytes = counted.n
	return v, links
}

// reason leaves out the address, which says nothing.
func reason(err error) string {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err.Error()
	}
	return err.Error()
}

// linksOf reads the paths that a page leads to on its host.
func linksOf(r io.Reader, at *url.URL) []string {
	var links []string
	for z := html.NewTokenizer(r); ; {
		switch z.Next() {
		case html.ErrorToken:
			return links
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			if string(name) != "a" {
				continue
			}
			for more {
				var key, value []byte
				key, value, more = z.TagAttr()
				if string(key) == "href" {
					if to, err := at.Parse(string(value)); err == nil && to.Host == at.Host && to.Scheme == at.Scheme {
						links = append(links, to.RequestURI())
					}
				}
			}
		}
	}
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// SameHost follows redirects within one host, ten at most.
func SameHost(host string) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, before []*http.Request) error {
		if next.URL.Host != host || len(before) >= 10 {
			return http.ErrUseLastResponse
		}
		return nil
	}
}

// ParseHeader reads headers as curl takes them, such as Cookie: session=1.
func ParseHeader(lines []string) (http.Header, error) {
	h := http.Header{}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !ok || name == "" || strings.ContainsAny(name, " \t") {
			return nil, errors.New("a header has no colon behind its name")
		}
		h.Add(name, strings.TrimSpace(value))
	}
	return h, nil
}
