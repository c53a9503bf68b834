package mask

import (
	"fmt"
	"slices"
)

// draws is how many values are tried of those that nobody can list.
const draws = 500

// space is values that masking gives whatever it is given: all of them, or
// some, or none where they depend on the values masked. An empty text is not
// among them: it stays as it is, and so does what the source says of it.
func (c *Column) space(key Key) (values []*string, all bool) {
	list, all, free := c.outcomes()
	switch {
	case c.field.array:
		return nil, false
	case c.rule.As == "null":
		return []*string{nil}, true
	case !free:
		return nil, false
	case !all:
		list = c.drawn(key)
	}
	for i := range list {
		values = append(values, &list[i])
	}
	return values, all
}

// outcomes lists all values that a transformer gives, or says that they are
// many, but free: they have nothing in common with those it is given.
func (c *Column) outcomes() (list []string, all, free bool) {
	switch c.rule.As {
	case "constant":
		return []string{c.rule.Value}, true, true
	case "first_name":
		return slices.Clone(fitting(firstNames(), c.field.room())), true, true
	case "last_name":
		return slices.Clone(fitting(lastNames(), c.field.room())), true, true
	case "name", "company", "username", "hash", "template":
		return nil, false, true
	case "email", "url":
		return nil, false, c.rule.Keep == ""
	case "street", "city", "address":
		return nil, false, c.rule.Country == ""
	case "token":
		return nil, false, c.field.class == text
	}
	return nil, false, false
}

func (c *Column) drawn(key Key) []string {
	list := make([]string, draws)
	one := c.apply(key)
	for i := range list {
		list[i], _ = one(&row{}, fmt.Sprint("value ", i))
	}
	return list
}
