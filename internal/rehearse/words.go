package rehearse

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// What a record tells. The words are those of PostgreSQL's sources, with lc_messages C.
var (
	statementWord = regexp.MustCompile(`(?s)^(?:statement|execute [^:]*): (.*)$`)
	durationWord  = regexp.MustCompile(`^duration: ([0-9.]+) ms$`)
	planWord      = regexp.MustCompile(`(?s)^duration: ([0-9.]+) ms  plan:\n(.*)$`)
	markWord      = regexp.MustCompile(`^offshoot (ddl_command_start|ddl_command_end) (own|within) (\S+) ([0-9A-F]+/[0-9A-F]+) (.*)$`)
	temporaryWord = regexp.MustCompile(`^temporary file: path .*, size (\d+)$`)
	rewriteWord   = regexp.MustCompile(`^rewriting table "(.*)"$`)
	verifyWord    = regexp.MustCompile(`^verifying table "(.*)"$`)
	keyWord       = regexp.MustCompile(`^validating foreign key constraint "(.*)"$`)
	buildWord     = regexp.MustCompile(`^building index "(.*)" on table "(.*)" (?:serially|with request for (\d+) parallel workers?)$`)
)

// A mark is what an event trigger tells: when a command began or ended, and which locks its transaction then has.
type mark struct {
	end   bool
	own   bool // not of a block, function or trigger
	tag   string
	lsn   uint64
	locks []held
}

// held is one lock that a transaction has.
type held struct {
	relation uint32
	mode     string
}

func parseMark(text string) (mark, bool) {
	m := markWord.FindStringSubmatch(text)
	if m == nil {
		return mark{}, false
	}
	k := mark{
		end: m[1] == "ddl_command_end", own: m[2] == "own",
		tag: strings.ReplaceAll(m[3], "_", " "), lsn: parseLSN(m[4]),
	}
	var pairs [][2]any
	if json.Unmarshal([]byte(m[5]), &pairs) == nil { // <NULL> where there are none
		for _, p := range pairs {
			oid, _ := p[0].(float64)
			mode, _ := p[1].(string)
			k.locks = append(k.locks, held{uint32(oid), mode})
		}
	}
	return k, true
}

// parseLSN reads a position in the WAL; 0 where it is none.
func parseLSN(text string) uint64 {
	high, low, _ := strings.Cut(text, "/")
	h, err := strconv.ParseUint(high, 16, 32)
	if err != nil {
		return 0
	}
	l, err := strconv.ParseUint(low, 16, 32)
	if err != nil {
		return 0
	}
	return h<<32 | l
}

// A node is one of a plan that was executed.
type node struct {
	Type      string  `json:"Node Type"`
	Operation string  `json:"Operation"`
	Relation  string  `json:"Relation Name"`
	Schema    string  `json:"Schema"`
	Rows      float64 `json:"Actual Rows"`
	Loops     float64 `json:"Actual Loops"`
	WAL       float64 `json:"WAL Bytes"`
	Parent    string  `json:"Parent Relationship"`
	Plans     []node  `json:"Plans"`
}

// change is what a query did to one table.
type change struct {
	schema, table, operation string
	rows                     int64
	wal                      int64
}

// An executed is a query that was executed.
type executed struct {
	text         string // of the whole message, or of the query in a function
	changes      []change
	milliseconds float64
}

func parsePlan(text string) (executed, bool) {
	m := planWord.FindStringSubmatch(text)
	if m == nil {
		return executed{}, false
	}
	var plan struct {
		Text string `json:"Query Text"`
		Plan node
	}
	if json.Unmarshal([]byte(m[2]), &plan) != nil {
		return executed{}, false
	}
	e := executed{text: plan.Text}
	e.milliseconds, _ = strconv.ParseFloat(m[1], 64)
	plan.Plan.collect(&e.changes)
	return e, true
}

func (n node) collect(changes *[]change) {
	if n.Type == "ModifyTable" {
		c := change{schema: n.Schema, table: n.Relation, operation: n.Operation, wal: int64(n.WAL)}
		for _, below := range n.Plans {
			if below.Parent == "Outer" || below.Parent == "Member" {
				c.rows += int64(below.Rows*below.Loops + 0.5)
			}
		}
		*changes = append(*changes, c)
	}
	for _, below := range n.Plans {
		below.collect(changes)
	}
}
