package capture

import (
	"strconv"

	"github.com/google/uuid"
)

// answers are those of the last requests, by what a request that goes on from one
// knows of it: its id, or the prompt that it was given to.
type answers struct {
	max   int
	byKey map[string]answer
	order []string // keys, in a ring once there are max of them
	next  int      // the oldest of a full ring
}

// answer is a row that a later request may go on from.
type answer struct {
	record  uuid.UUID
	session string
	turn    int64
	endUS   int64 // since the Unix epoch
}

func newAnswers(most int) answers { return answers{max: most, byKey: map[string]answer{}} }

func responseKey(id string) string  { return "r" + id }
func promptKey(prompt int64) string { return "p" + strconv.FormatInt(prompt, 36) }

func (s *answers) find(key string) (answer, bool) {
	a, ok := s.byKey[key]
	return a, ok
}

// put remembers an answer in the place of the oldest one.
func (s *answers) put(key string, a answer) {
	if _, known := s.byKey[key]; !known {
		if len(s.order) < s.max {
			s.order = append(s.order, key)
		} else {
			delete(s.byKey, s.order[s.next])
			s.order[s.next] = key
			s.next = (s.next + 1) % s.max
		}
	}
	s.byKey[key] = a
}
