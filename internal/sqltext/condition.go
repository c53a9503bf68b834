package sqltext

import (
	"slices"
	"strings"
)

// A Condition is one that is made of the columns of one table and of words of SQL alone: there is no literal, function,
// cast, operator or query in it that its author could choose.
type Condition struct {
	// Word is AND, OR, NOT, or what is asked of a column: IS NULL, IS NOT TRUE, = FALSE; empty: the column itself.
	Word   string      `json:"word,omitempty"`
	Column string      `json:"column,omitempty"`
	Of     []Condition `json:"of,omitempty"` // of AND and OR two or more, of NOT one
}

const (
	mostWords = 200 // of a condition
	deepest   = 20  // levels of parentheses and NOT
)

// Changed is the table of an UPDATE or DELETE, and the condition of its rows; nil: all of them. It is not told of one
// whose condition is made of more than a Condition can be, that names another table, or that only is of a part.
func Changed(text string) (table Name, where *Condition, ok bool) {
	tokens := slices.DeleteFunc(scan(strings.TrimRight(text, "; \n\t\r")), func(t token) bool {
		return t.kind == space || t.kind == comment
	})
	p := &conditionParser{tokens: tokens}
	update := p.take("UPDATE")
	if !update && !(p.take("DELETE") && p.take("FROM")) || p.is("ONLY") {
		return Name{}, nil, false
	}
	table, p.tokens = qualified(p.tokens)
	p.called = table.Name
	if table.Name == "" || !p.alias() {
		return Name{}, nil, false
	}
	if update && !p.passSettings() {
		return Name{}, nil, false
	}
	if len(p.tokens) == 0 {
		return table, nil, true
	}
	if !p.take("WHERE") || len(p.tokens) > mostWords {
		return Name{}, nil, false
	}
	found, ok := p.any(0)
	return table, &found, ok && len(p.tokens) == 0
}

// conditionParser reads the tokens from the left.
type conditionParser struct {
	tokens []token
	called string // what the table is called
}

func (p *conditionParser) is(word string) bool {
	return len(p.tokens) > 0 && isWord(p.tokens[0], word)
}

func isWord(t token, is string) bool { return t.kind == word && strings.EqualFold(t.text, is) }

func (p *conditionParser) take(word string) bool {
	if !p.is(word) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *conditionParser) sign(s string) bool {
	if len(p.tokens) == 0 || p.tokens[0].kind != sign || p.tokens[0].text != s {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

// alias takes another name of the table.
func (p *conditionParser) alias() bool {
	as := p.take("AS")
	if len(p.tokens) == 0 || !as && (p.is("SET") || p.is("WHERE")) {
		return !as
	}
	if k := p.tokens[0].kind; k != word && k != quoted {
		return false
	}
	p.called, p.tokens = p.tokens[0].spelled(), p.tokens[1:]
	return true
}

// passSettings passes over what an UPDATE sets. Behind FROM another table would decide.
func (p *conditionParser) passSettings() bool {
	if !p.take("SET") {
		return false
	}
	for depth := 0; len(p.tokens) > 0; p.tokens = p.tokens[1:] {
		switch t := p.tokens[0]; {
		case t.text == "(":
			depth++
		case t.text == ")":
			depth--
		case depth == 0 && p.is("WHERE"):
			return true
		case depth == 0 && (p.is("FROM") || p.is("RETURNING")):
			return false
		}
	}
	return true
}

// any is conditions with OR between them.
func (p *conditionParser) any(level int) (Condition, bool) { return p.list("OR", level, p.all) }

// all is conditions with AND between them.
func (p *conditionParser) all(level int) (Condition, bool) { return p.list("AND", level, p.one) }

func (p *conditionParser) list(
	between string, level int, part func(int) (Condition, bool),
) (Condition, bool) {
	all := Condition{Word: between}
	for {
		one, ok := part(level)
		if !ok {
			return Condition{}, false
		}
		all.Of = append(all.Of, one)
		if p.take(between) {
			continue
		}
		if len(all.Of) == 1 {
			return one, true
		}
		return all, true
	}
}

// one is a condition without AND and OR.
func (p *conditionParser) one(level int) (Condition, bool) {
	if level == deepest {
		return Condition{}, false
	}
	if p.take("NOT") {
		of, ok := p.one(level + 1)
		return Condition{Word: "NOT", Of: []Condition{of}}, ok
	}
	if p.sign("(") {
		of, ok := p.any(level + 1)
		return of, ok && p.sign(")") && !p.is("IS")
	}
	column, ok := p.column()
	if !ok {
		return Condition{}, false
	}
	how, ok := p.test()
	return Condition{Word: how, Column: column}, ok
}

// column is the name of one, that of the table in front of it or not.
func (p *conditionParser) column() (string, bool) {
	var parts []string
	for len(p.tokens) > 0 && (p.tokens[0].kind == word || p.tokens[0].kind == quoted) {
		parts = append(parts, p.tokens[0].spelled())
		p.tokens = p.tokens[1:]
		if !p.sign(".") {
			break
		}
	}
	switch {
	case len(parts) == 1:
		return parts[0], true
	case len(parts) == 2 && parts[0] == p.called:
		return parts[1], true
	}
	return "", false
}

// test is what is asked of a column.
func (p *conditionParser) test() (string, bool) {
	if p.sign("=") {
		for _, value := range []string{"TRUE", "FALSE"} {
			if p.take(value) {
				return "= " + value, true
			}
		}
		return "", false
	}
	if !p.take("IS") {
		return "", true
	}
	not := ""
	if p.take("NOT") {
		not = "NOT "
	}
	for _, value := range []string{"NULL", "TRUE", "FALSE", "UNKNOWN"} {
		if p.take(value) {
			return "IS " + not + value, true
		}
	}
	return "", false
}

// Boolean tells whether it is asked of the column whether it is true.
func (c Condition) Boolean() bool {
	return len(c.Of) == 0 && c.Word != "IS NULL" && c.Word != "IS NOT NULL"
}

// Columns are those that it names.
func (c Condition) Columns() []string {
	var all []string
	if len(c.Of) == 0 {
		all = append(all, c.Column)
	}
	for _, of := range c.Of {
		for _, name := range of.Columns() {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}
