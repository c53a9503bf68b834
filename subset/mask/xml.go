package mask

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// xmlAt masks the texts of elements and attributes by their paths: a/b, and
// a/@c for an attribute. Comments and instructions in a masked document go.
func xmlAt(k Key, _ field, r Rule) apply {
	in := newInside(k, r.At)
	return func(row *row, value string) (string, bool) {
		x := &xmlWalk{in: in, row: row, decoder: xml.NewDecoder(strings.NewReader(value))}
		x.decoder.Strict = false
		x.decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
		if err := x.all(); err != nil {
			return "<masked/>", true
		}
		return x.out.String(), true
	}
}

type xmlWalk struct {
	in      inside
	row     *row
	decoder *xml.Decoder
	path    []string
	out     strings.Builder
}

func (x *xmlWalk) all() error {
	for {
		token, err := x.decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		x.token(token)
	}
}

func (x *xmlWalk) token(token xml.Token) {
	switch t := token.(type) {
	case xml.StartElement:
		x.path = append(x.path, full(t.Name))
		x.out.WriteString("<" + full(t.Name))
		for _, a := range t.Attr {
			name := full(a.Name)
			x.out.WriteString(" " + name + `="`)
			x.text(append(x.path[:len(x.path):len(x.path)], "@"+name), a.Value)
			x.out.WriteString(`"`)
		}
		x.out.WriteString(">")
	case xml.EndElement:
		x.path = x.path[:max(len(x.path)-1, 0)]
		x.out.WriteString("</" + full(t.Name) + ">")
	case xml.CharData:
		x.text(x.path, string(t))
	case xml.Directive:
		x.out.WriteString("<!" + string(t) + ">")
	}
}

// text writes a value masked, unless it is but blanks between elements.
func (x *xmlWalk) text(path []string, value string) {
	if mask := x.in.at(path, false); mask != nil && strings.TrimSpace(value) != "" {
		value, _ = mask(x.row, value)
	}
	// A builder takes everything.
	_ = xml.EscapeText(&x.out, []byte(value))
}

func full(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}
