package mask

import "testing"

// BenchmarkTransformers is what one value of each kind costs.
func BenchmarkTransformers(b *testing.B) {
	for _, as := range []string{"first_name", "name", "email", "phone", "street", "text", "scrub", "token", "hash", "iban", "ip", "uuid"} {
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
