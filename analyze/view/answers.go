package view

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
)

// Answer is what the page gets, once it is known. It is kept as text: what it was computed
// from is many times larger.
type Answer = json.RawMessage

// answers computes each question once, one at a time: two at once would each take twice as
// long. Whoever asks and leaves takes the computation along.
type answers struct {
	compute func(ctx context.Context, q Question, progress func(rows int64)) (Answer, error)
	turn    chan struct{} // holds one: whoever took it computes

	mu    sync.Mutex
	known []known // the latest last
}

type known struct {
	question Question
	answer   Answer
}

// answersKept is how many answers are remembered: each is some 300 KB at most.
const answersKept = 64

func newAnswers(compute func(context.Context, Question, func(int64)) (Answer, error)) *answers {
	a := &answers{compute: compute, turn: make(chan struct{}, 1)}
	a.turn <- struct{}{}
	return a
}

// ask answers a question. progress is told how many rows were read.
func (a *answers) ask(ctx context.Context, q Question, progress func(rows int64)) (Answer, error) {
	if answer, ok := a.find(q); ok {
		return answer, nil
	}
	select {
	case <-a.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { a.turn <- struct{}{} }()
	if answer, ok := a.find(q); ok { // whoever was before asked the same
		return answer, nil
	}
	answer, err := a.compute(ctx, q, progress)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = append(a.known, known{q, answer})
	if len(a.known) > answersKept {
		a.known = slices.Delete(a.known, 0, 1)
	}
	return answer, nil
}

func (a *answers) find(q Question) (Answer, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.known, func(k known) bool { return k.question == q })
	if i < 0 {
		return nil, false
	}
	k := a.known[i]
	a.known = append(slices.Delete(a.known, i, i+1), k) // asked for last, forgotten last
	return k.answer, true
}
