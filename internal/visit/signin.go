package visit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// SignIn sends a form, whose answer's cookies the client keeps. What the page of the form has hidden in it, such as a
// token against forged requests, is sent too.
func SignIn(ctx context.Context, o Options, path string, fields map[string]string) error {
	at, err := o.Base.Parse(path)
	if err != nil || at.Host != o.Base.Host {
		return errors.New("it is a page of another host")
	}
	form, err := hidden(ctx, o, at, fields)
	if err != nil {
		return err
	}
	for name, value := range fields {
		form.Set(name, value)
	}
	answer, err := o.send(ctx, http.MethodPost, at, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(answer.Body, longest)); err != nil {
		return errors.New(reason(err))
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("the form is answered with %d", answer.StatusCode)
	}
	return nil
}

// hidden reads the page of a form. That there is none to read is no mistake.
func hidden(ctx context.Context, o Options, at *url.URL, fields map[string]string) (url.Values, error) {
	answer, err := o.send(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= http.StatusBadRequest {
		return url.Values{}, nil
	}
	return hiddenFields(io.LimitReader(answer.Body, longest), slices.Collect(maps.Keys(fields))), nil
}

// Enter follows a link that signs in, for its cookies.
func Enter(ctx context.Context, client *http.Client, link *url.URL) error {
	answer, err := Options{Client: client, Base: link}.send(ctx, http.MethodGet, link, http.NoBody)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// mostHidden bounds what a page has sent with a form.
const mostHidden = 50

// hiddenFields are those of the first form that has one of the named fields.
func hiddenFields(r io.Reader, named []string) url.Values {
	values, ours := url.Values{}, false
	for z := html.NewTokenizer(r); ; {
		kind := z.Next()
		tag, _ := z.TagName()
		switch {
		case kind == html.ErrorToken:
			if !ours {
				return url.Values{}
			}
			return values
		case string(tag) == "form" && ours:
			return values
		case string(tag) == "form":
			values = url.Values{}
		case string(tag) == "input" && kind != html.EndTagToken:
			of := attributes(z)
			ours = ours || slices.Contains(named, of["name"])
			if strings.EqualFold(of["type"], "hidden") && of["name"] != "" && len(values) < mostHidden {
				values.Set(of["name"], of["value"])
			}
		}
	}
}

func attributes(z *html.Tokenizer) map[string]string {
	all := map[string]string{}
	for more := true; more; {
		var key, value []byte
		key, value, more = z.TagAttr()
		all[string(key)] = string(value)
	}
	return all
}

// send sends a request with what each has. Its error does not name the address.
func (o Options) send(ctx context.Context, method string, at *url.URL, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, at.String(), body)
	if err != nil {
		return nil, err
	}
	for name, values := range o.Header {
		request.Header[name] = values
	}
	request.Header.Set("Accept", "text/html, */*;q=0.8")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", o.Base.Scheme+"://"+o.Base.Host)
		request.Header.Set("Referer", at.String())
	}
	answer, err := o.Client.Do(request)
	if err != nil {
		return nil, errors.New(reason(err))
	}
	return answer, nil
}
