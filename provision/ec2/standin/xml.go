package standin

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// element and leaf write XML as EC2 does; list is one of its sets of items.
func element(name string, inner ...string) string {
	return "<" + name + ">" + strings.Join(inner, "") + "</" + name + ">"
}

func leaf(name, text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return element(name, b.String())
}

func list(name string, items []string) string {
	var inner strings.Builder
	for _, item := range items {
		inner.WriteString(element("item", item))
	}
	return element(name, inner.String())
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// An apiError is one of EC2's.
type apiError struct{ code, text string }

func problem(code, text string) *apiError { return &apiError{code, text} }

// status follows EC2's documentation of its errors: faults of the server are
// those of the 500s, and worth another try.
func (e *apiError) status() int {
	switch e.code {
	case "DryRunOperation":
		return http.StatusPreconditionFailed
	case "UnauthorizedOperation", "AccessDenied":
		return http.StatusForbidden
	case "AuthFailure":
		return http.StatusUnauthorized
	case "InsufficientInstanceCapacity", "InternalError":
		return http.StatusInternalServerError
	case "RequestLimitExceeded", "Unavailable":
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

func (e *apiError) xml(request string) string {
	return element("Response", element("Errors", element("Error", leaf("Code", e.code), leaf("Message", e.text))),
		leaf("RequestID", request))
}

// values reads a list of the Query protocol: name.1, name.2, …
func values(form url.Values, name string) []string {
	var found []string
	for n := 1; form.Has(name + "." + strconv.Itoa(n)); n++ {
		found = append(found, form.Get(name+"."+strconv.Itoa(n)))
	}
	return found
}

// count is how many structures a list has: name.1.x, name.2.x, …
func count(form url.Values, name string) int {
	n := 0
	for key := range form {
		rest, ok := strings.CutPrefix(key, name+".")
		number, _, inner := strings.Cut(rest, ".")
		if found, err := strconv.Atoi(number); ok && inner && err == nil {
			n = max(n, found)
		}
	}
	return n
}

type tags map[string]string

// tagsFor reads the tags of a call for one kind of resource.
func tagsFor(form url.Values, resource string) tags {
	found := tags{}
	for n := 1; n <= count(form, "TagSpecification"); n++ {
		at := fmt.Sprintf("TagSpecification.%d", n)
		if form.Get(at+".ResourceType") == resource {
			found.read(form, at+".Tag")
		}
	}
	return found
}

func (t tags) read(form url.Values, name string) {
	for n := 1; n <= count(form, name); n++ {
		at := fmt.Sprintf("%s.%d", name, n)
		t[form.Get(at+".Key")] = form.Get(at + ".Value")
	}
}

func (t tags) xml() string {
	var items []string
	for key, value := range t {
		items = append(items, leaf("key", key)+leaf("value", value))
	}
	slices.Sort(items)
	return list("tagSet", items)
}

// matches tells whether a thing with these attributes passes every filter of a
// call. An unknown filter is an error, as it is at EC2.
func matches(form url.Values, t tags, attributes map[string]string) (bool, *apiError) {
	for n := 1; n <= count(form, "Filter"); n++ {
		at := fmt.Sprintf("Filter.%d", n)
		name, wanted := form.Get(at+".Name"), values(form, at+".Value")
		has, known := attributes[name]
		candidates := []string{has}
		switch key, isTag := strings.CutPrefix(name, "tag:"); {
		case isTag:
			value, exists := t[key]
			candidates = nil
			if exists {
				candidates = []string{value}
			}
		case name == "tag-key":
			candidates = nil
			for key := range t {
				candidates = append(candidates, key)
			}
		case !known:
			return false, problem("InvalidParameterValue", "The filter '"+name+"' is invalid")
		}
		if !slices.ContainsFunc(candidates, func(value string) bool {
			return slices.ContainsFunc(wanted, func(pattern string) bool { return like(pattern, value) })
		}) {
			return false, nil
		}
	}
	return true, nil
}

// like knows EC2's wildcards, and the backslash that takes their meaning.
func like(pattern, value string) bool {
	switch {
	case pattern == "":
		return value == ""
	case pattern[0] == '*':
		for i := range len(value) + 1 {
			if like(pattern[1:], value[i:]) {
				return true
			}
		}
		return false
	case value == "":
		return false
	case pattern[0] == '?':
		return like(pattern[1:], value[1:])
	case pattern[0] == '\\' && len(pattern) > 1:
		pattern = pattern[1:]
	}
	return pattern[0] == value[0] && like(pattern[1:], value[1:])
}

// page cuts a list as MaxResults and NextToken say.
func (c *Cloud) page(form url.Values, items []string, set string) ([]string, *apiError) {
	size := len(items)
	if asked, err := strconv.Atoi(form.Get("MaxResults")); err == nil {
		if asked < 5 || asked > 1000 {
			return nil, problem("InvalidParameterValue", "MaxResults is out of range")
		}
		size = asked
		if c.options.PageSize > 0 {
			size = min(size, c.options.PageSize)
		}
	}
	from := 0
	if token := form.Get("NextToken"); token != "" {
		var err error
		if from, err = strconv.Atoi(strings.TrimPrefix(token, "page-")); err != nil || from > len(items) {
			return nil, problem("InvalidParameterValue", "Invalid value for NextToken")
		}
	}
	until := min(len(items), from+size)
	result := []string{list(set, items[from:until])}
	if until < len(items) {
		result = append(result, leaf("nextToken", fmt.Sprintf("page-%d", until)))
	}
	return result, nil
}
