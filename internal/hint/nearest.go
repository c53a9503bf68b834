package hint

import "strings"

// Nearest returns the candidate that was most likely meant by word, or "" when
// none is close.
func Nearest(word string, candidates []string) string {
	best, at := "", max(1, (len(word)+1)/3)+1
	for _, candidate := range candidates {
		if d := distance(strings.ToLower(word), candidate); d < at {
			best, at = candidate, d
		}
	}
	return best
}

// distance is the number of letters to insert, remove, replace or swap with
// the next one.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
