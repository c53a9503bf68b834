package mask

import (
	"encoding/json"
	"strconv"
	"strings"
)

// jsonAt masks texts, numbers and truth values by their paths; everything
// else stays byte for byte.
func jsonAt(k Key, _ field, r Rule) apply {
	in := newInside(k, r.At)
	return func(row *row, value string) (string, bool) {
		j := &jsonWalk{in: in, row: row, text: value}
		if !json.Valid([]byte(value)) {
			return "null", true
		}
		j.value()
		j.out.WriteString(value[j.copied:])
		return j.out.String(), true
	}
}

// jsonWalk goes over a valid document.
type jsonWalk struct {
	in     inside
	row    *row
	text   string
	at     int
	copied int // of text, so far
	path   []string
	out    strings.Builder
}

func (j *jsonWalk) blank() {
	for j.at < len(j.text) && strings.IndexByte(" \t\r\n", j.text[j.at]) >= 0 {
		j.at++
	}
}

func (j *jsonWalk) value() {
	j.blank()
	switch j.text[j.at] {
	case '{':
		j.members('}', j.key)
	case '[':
		j.members(']', strconv.Itoa)
	default:
		j.scalar()
	}
	j.blank()
}

// members visits what an object or a list holds.
func (j *jsonWalk) members(end byte, name func(i int) string) {
	j.at++
	for i := 0; ; i++ {
		j.blank()
		if j.text[j.at] == end {
			j.at++
			return
		}
		if j.text[j.at] == ',' {
			j.at++
			j.blank()
		}
		j.path = append(j.path, "")
		j.path[len(j.path)-1] = name(i)
		j.value()
		j.path = j.path[:len(j.path)-1]
	}
}

// key reads the name of a member, and writes another one where it is somebody's.
func (j *jsonWalk) key(int) string {
	begin := j.at
	name := j.quoted()
	j.path[len(j.path)-1] = name
	if masked := j.in.key(j.row, j.path); masked != name {
		j.out.WriteString(j.text[j.copied:begin])
		j.out.Write(quoteJSON(masked))
		j.copied = j.at
	}
	j.blank()
	j.at++ // the colon
	return name
}

// quoted reads a string and returns what it means.
func (j *jsonWalk) quoted() string {
	begin := j.at
	for j.at++; j.text[j.at] != '"'; j.at++ {
		if j.text[j.at] == '\\' {
			j.at++
		}
	}
	j.at++
	var s string
	// The document is valid, and so is each string in it.
	_ = json.Unmarshal([]byte(j.text[begin:j.at]), &s)
	return s
}

func (j *jsonWalk) scalar() {
	begin := j.at
	if j.text[j.at] == '"' {
		value := j.quoted()
		j.replace(begin, value, false)
		return
	}
	for j.at < len(j.text) && strings.IndexByte(",]} \t\r\n", j.text[j.at]) < 0 {
		j.at++
	}
	if j.text[begin:j.at] != "null" {
		j.replace(begin, j.text[begin:j.at], isDigit(j.text[begin]) || j.text[begin] == '-')
	}
}

// replace writes the masked value in place of the text since begin. What was
// a number and still is one stays a number.
func (j *jsonWalk) replace(begin int, value string, number bool) {
	mask := j.in.at(j.path, number)
	if mask == nil {
		return
	}
	masked, ok := mask(j.row, value)
	j.out.WriteString(j.text[j.copied:begin])
	j.copied = j.at
	switch {
	case !ok:
		j.out.WriteString("null")
	case number && json.Valid([]byte(masked)) && json.Unmarshal([]byte(masked), new(float64)) == nil:
		j.out.WriteString(masked)
	default:
		j.out.Write(quoteJSON(masked))
	}
}

func quoteJSON(s string) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	// A string always encodes; bytes that are not UTF-8 become U+FFFD.
	_ = e.Encode(s)
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}
