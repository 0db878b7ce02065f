package demand

import (
	"strings"

	"github.com/apache/arrow/go/v17/arrow/array"
)

// Sessions says how requests hang together.
type Sessions struct {
	Count  int64        `json:"count"`
	Alone  int64        `json:"requests_without_session"`
	Turns  Distribution `json:"turns"`   // rows of a session
	ThinkS Distribution `json:"think_s"` // of the turns after the first
}

// sessions gathers them.
type sessions struct {
	byName map[string]*session
	rows   int64
	think  values
}

type session struct {
	name  string
	turns int64
}

// add counts a row of a session, whose name may lie in memory that is used again,
// and gives a name that stays.
func (s *sessions) add(name string, turn, think *array.Int64, row int) string {
	if s.byName == nil {
		s.byName = map[string]*session{}
		s.think.scale = 1e-6
	}
	one := s.byName[name]
	if one == nil {
		one = &session{name: strings.Clone(name)}
		s.byName[one.name] = one
	}
	s.rows++
	one.turns++
	switch {
	case !think.IsNull(row):
		s.think.add(think.Value(row) / thinkStepUS * thinkStepUS)
	case !turn.IsNull(row) && turn.Value(row) > 0:
		s.think.unknown++
	}
	return one.name
}

// thinkStepUS is how finely think times are told apart: a thousandth of a second.
const thinkStepUS = 1000

func (s *sessions) finish(rows int64) *Sessions {
	if s.byName == nil {
		return nil
	}
	var turns values
	for _, one := range s.byName {
		turns.add(one.turns)
	}
	return &Sessions{Count: int64(len(s.byName)), Alone: rows - s.rows, Turns: turns.distribution(), ThinkS: s.think.distribution()}
}
