package schema

import "fmt"

// DidYouMean adds to err the word nearest to what was written, when one is near:
// for names of columns, kinds and outcomes.
func DidYouMean(err error, written string, words []string) error {
	if near := Nearest(written, words); near != "" {
		return fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return err
}

// Nearest is the word that the fewest edits make of what was written, or ""
// when even that is another word.
func Nearest(written string, words []string) string {
	best, distance := "", max(2, len(written)/3)+1
	for _, w := range words {
		if d := editDistance(written, w); d < distance {
			best, distance = w, d
		}
	}
	return best
}

// editDistance is how many bytes must be put in, taken out or changed to make
// a of b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0] // the distance of a[:i] and b[:j]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}
