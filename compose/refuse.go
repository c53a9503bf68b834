package compose

import "strings"

// Refusal lists all that a compose file asks for and a preview does not give,
// because it reaches out of the checkout or into the machine. It is a usage
// error.
type Refusal struct {
	Items []Refused
}

// Refused is one refused request.
type Refused struct {
	// Allow is the entry of preview.allow that permits it.
	Allow string
	// What the file asks for, and why that is refused.
	What string
}

func (r *Refusal) Error() string {
	var b strings.Builder
	b.WriteString("compose file asks for more than a preview may have")
	for _, item := range r.Items {
		b.WriteString("\n  " + item.What + " (allow: " + item.Allow + ")")
	}
	return b.String()
}
