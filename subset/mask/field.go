package mask

import "math"

// class is what kind of value a column holds, as far as masking minds.
type class int

const (
	other class = iota
	text
	integer
	decimal
	boolean
	date
	timestamp
	uuid
	inet
	cidr
	mac
	jsonText
	bytea
	xmlText
	hstore
	enum
)

// field is what a transformer must respect in the values it gives.
type field struct {
	class   class
	limit   int   // characters; 0 means any number
	max     int64 // of an integer
	fixed   bool  // a decimal with a fixed number of digits after the point
	scale   int   // of these
	digits  int   // before the point that fit
	folded  bool  // case does not count
	padded  bool  // blanks at the end do not count
	notNull bool
	array   bool
	labels  []string // of an enum
	part    int      // that the column holds of a rule's Date; -1 for none
}

// types names PostgreSQL's types of pg_catalog, by pg_type.typname.
var types = map[string]field{
	"text": {class: text}, "varchar": {class: text}, "bpchar": {class: text, padded: true},
	"name": {class: text, limit: 63}, "citext": {class: text, folded: true},
	"int2": {class: integer, max: math.MaxInt16}, "int4": {class: integer, max: math.MaxInt32},
	"int8":    {class: integer, max: math.MaxInt64},
	"numeric": {class: decimal}, "float4": {class: decimal}, "float8": {class: decimal}, "money": {class: other},
	"bool": {class: boolean}, "date": {class: date}, "timestamp": {class: timestamp}, "timestamptz": {class: timestamp},
	"uuid": {class: uuid}, "inet": {class: inet}, "cidr": {class: cidr}, "macaddr": {class: mac},
	"macaddr8": {class: mac},
	"json":     {class: jsonText}, "jsonb": {class: jsonText}, "bytea": {class: bytea}, "xml": {class: xmlText},
	"hstore": {class: hstore}, "enum": {class: enum},
}

// room is the number of characters that fit, which is many where nothing
// limits them.
func (f field) room() int {
	if f.limit > 0 {
		return f.limit
	}
	return math.MaxInt32
}
