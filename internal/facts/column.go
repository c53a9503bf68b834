package facts

// Column is what ANALYZE found in one.
type Column struct {
	Name        string    `json:"column"`
	Null        float64   `json:"null"`                  // share of rows
	Width       float64   `json:"width"`                 // bytes on average
	Distinct    float64   `json:"distinct"`              // different values; below 0, their share of the rows with the sign turned
	Correlation float64   `json:"correlation,omitempty"` // of the order of values with that of rows
	Common      []float64 `json:"common,omitempty"`      // shares of rows of the most common values

	Masked bool      `json:"masked,omitempty"` // so are its values
	Values []*string `json:"values,omitempty"` // those that are as common as Common says; nil where it is not told
	Bounds []string  `json:"bounds,omitempty"` // of the histogram of the other values, in no order where they are masked

	Elements *Elements `json:"elements,omitempty"` // of arrays
}

// Elements is what ANALYZE found in arrays.
type Elements struct {
	Values []string  `json:"values"`
	Shares []float64 `json:"shares"` // of rows; at the end the lowest, the highest, and that of NULL
	Counts []float64 `json:"counts"` // a histogram of how many different ones there are in a row; at the end their mean
}

// Told lists the most common values that are told, and the shares of rows that have them.
func (c Column) Told() (values []string, shares []float64) {
	for i, v := range c.Values {
		if v != nil && i < len(c.Common) {
			values, shares = append(values, *v), append(shares, c.Common[i])
		}
	}
	return values, shares
}
