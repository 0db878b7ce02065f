package compare

import "github.com/google/uuid"

// pair is a request of both runs that stands for the same one: places in their
// requests.
type pair struct{ a, b int }

// name is what a request stands for: a row, which pass of a replay over it, and, where
// runs do not say that, the how many-th.
type name struct {
	row  uuid.UUID
	pass int64
	time int
}

// naming says what a request stands for.
type naming func(*request) name

// origin is the row that it replayed, or itself.
func origin(r *request) name {
	if r.source == uuid.Nil {
		return itself(r)
	}
	return name{row: r.source, pass: r.pass}
}

func itself(r *request) name { return name{row: r.id} }

// pairs finds the requests that both runs have, in whichever way finds most: both
// replayed one trace, of which one may be the capture, or one is a replay that the
// other replayed again.
func pairs(a, b []request) []pair {
	var most []pair
	for _, by := range [][2]naming{{origin, origin}, {itself, origin}, {origin, itself}} {
		if found := pairsBy(a, b, by[0], by[1]); len(found) > len(most) {
			most = found
		}
	}
	return most
}

func pairsBy(a, b []request, nameA, nameB naming) []pair {
	places := make(map[name]int, len(a))
	walk(a, nameA, func(place int, n name) { places[n] = place })
	var out []pair
	walk(b, nameB, func(place int, n name) {
		if other, ok := places[n]; ok {
			out = append(out, pair{other, place})
		}
	})
	return out
}

func walk(requests []request, by naming, each func(place int, n name)) {
	times := make(map[name]int, len(requests))
	for i := range requests {
		n := by(&requests[i])
		n.time = times[n]
		each(i, n)
		n.time = 0
		times[n]++
	}
}

// arePaired reports whether so many pairs stand for the runs as a whole: at least half
// of the smaller one.
func arePaired(pairs, a, b int) bool { return pairs > 0 && 2*pairs >= min(a, b) }
