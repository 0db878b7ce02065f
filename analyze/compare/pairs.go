package compare

import "github.com/google/uuid"

// pair is a request of both runs that stands for the same one: places in their
// requests.
type pair struct{ a, b int }

// origin names what a request stands for: the row that it replayed, or itself, and
// which time that is, since a trace may be replayed in a loop.
type origin struct {
	id   uuid.UUID
	time int
}

// pairs finds the requests that both runs have. A capture pairs with its replay.
func pairs(a, b []request) []pair {
	places := make(map[origin]int, len(a))
	walk(a, func(place int, o origin) { places[o] = place })
	var out []pair
	walk(b, func(place int, o origin) {
		if other, ok := places[o]; ok {
			out = append(out, pair{other, place})
		}
	})
	return out
}

func walk(requests []request, each func(place int, o origin)) {
	times := make(map[uuid.UUID]int, len(requests))
	for i := range requests {
		id := requests[i].source
		if id == uuid.Nil {
			id = requests[i].id
		}
		each(i, origin{id, times[id]})
		times[id]++
	}
}

// arePaired reports whether so many pairs stand for the runs as a whole: at least half
// of the smaller one.
func arePaired(pairs, a, b int) bool { return pairs > 0 && 2*pairs >= min(a, b) }
