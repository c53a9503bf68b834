package mask

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// BenchmarkTransformers is what one value of each kind costs.
func BenchmarkTransformers(b *testing.B) {
	for _, as := range []string{
		"first_name", "name", "email", "phone", "street", "text", "scrub", "token", "hash",
		"iban", "ip", "uuid",
	} {
		b.Run(as, func(b *testing.B) {
			k, _ := kindOf(as)
			mask := k.make(NewKey("k"), field{class: text}, Rule{As: as})
			r := &row{}
			b.ReportAllocs()
			for b.Loop() {
				mask(r, "+49 171 5550199 and a note")
			}
		})
	}
}

// BenchmarkRows is what rows of 20 columns cost of which five are masked, and
// what they cost when one is, as long as they are.
func BenchmarkRows(b *testing.B) {
	rules := map[int]string{1: "email", 2: "first_name", 3: "last_name", 4: "phone", 5: "text"}
	for _, masked := range []int{1, 5} {
		b.Run(fmt.Sprint(masked, " of 20 columns"), func(b *testing.B) {
			m := &rows{row: row{index: map[string]int{}}}
			for i := range 20 {
				m.row.index[fmt.Sprint("c", i)] = i
				if as := rules[i]; i <= masked && as != "" {
					k, _ := kindOf(as)
					c := &Column{rule: Rule{As: as}, kind: k, field: field{class: text}}
					m.masked = append(m.masked, maskedField{at: i, mask: c.apply(NewKey("k"))})
				}
			}
			var raw bytes.Buffer
			for n := range 1000 {
				fmt.Fprintf(&raw, "%d\tuser%d@corp.test\tFirst%d\tLast%d\t+49 171 %d\tsaid on day %d%s\n", n, n, n, n,
					5550000+n, n, strings.Repeat(fmt.Sprintf("\tvalue of row %d", n), 14))
			}
			b.SetBytes(int64(raw.Len()))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.block(raw.Bytes()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
