package walk

// sharing says which candidates need a row that is not kept.
type sharing struct {
	first      []int32 // by id of the row; one more at the end
	candidates []int32
}

// shared turns what each of n candidates needs, ids below rows, around. It
// calls needs twice for each of them.
func shared(rows, n int, needs func(candidate int) []int32) sharing {
	s := sharing{first: make([]int32, rows+1)}
	for i := range n {
		for _, id := range needs(i) {
			s.first[id]++
		}
	}
	for id := range rows {
		s.first[id+1] += s.first[id]
	}
	s.candidates = make([]int32, s.first[rows])
	for i := n - 1; i >= 0; i-- { // from the ends, which so become the beginnings
		for _, id := range needs(i) {
			s.first[id]--
			s.candidates[s.first[id]] = int32(i)
		}
	}
	return s
}

func (s sharing) of(id int32) []int32 { return s.candidates[s.first[id]:s.first[id+1]] }
