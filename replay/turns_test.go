package replay

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"metron/schema"
)

// TestInterruptedWait: a turn that ended because the run did is none to go on from.
func TestInterruptedWait(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	before := &turn{done: make(chan struct{})}
	before.end(1)
	if !before.wait(ctx) {
		t.Error("not sent after a turn that ended")
	}
	interrupt()
	for range 100 { // a select would choose by chance
		if before.wait(ctx) {
			t.Fatal("sent after the end")
		}
	}
}

func TestTurnsLink(t *testing.T) {
	ids := map[string]uuid.UUID{}
	id := func(name string) uuid.UUID {
		if ids[name] == uuid.Nil {
			ids[name] = uuid.New()
		}
		return ids[name]
	}
	links := turns{}
	for _, c := range []struct {
		name, session, parent string
		last                  bool
		waitsFor              string
		awaited               bool // others may wait for it
	}{
		{"a1", "a", "", false, "", true},
		{"x", "", "", true, "", false},
		{"b1", "b", "", true, "", false}, // a session of one turn
		{"a2", "a", "", false, "a1", true},
		{"a3", "a", "a1", false, "a1", true}, // two answers to one turn
		{"a4", "a", "", false, "a3", true},
		{"a5", "a", "elsewhere", false, "a4", true}, // its parent is not in the replay
		{"a6", "a", "a2", true, "a2", false},
	} {
		row := &schema.Record{SessionID: c.session}
		if c.parent != "" {
			row.ParentRecordID = id(c.parent)
		}
		own, before := links.add(Send{Source: id(c.name), Row: row, last: c.last}, uuid.New())
		got := uuid.Nil
		if before != nil {
			got = before.source
		}
		if want := ids[c.waitsFor]; got != want || (own != nil) != c.awaited {
			t.Errorf("%s waits for %s, want %s (%s); awaited %v", c.name, got, c.waitsFor, want, own != nil)
		}
	}
	if len(links) != 0 {
		t.Errorf("%d sessions are remembered that are over", len(links))
	}
}

func TestThinkTime(t *testing.T) {
	for _, c := range []struct {
		name     string
		recorded *int64
		before   turn
		cutUS    int64
		want     int64
	}{
		{"recorded", new(int64(700)), turn{lengthUS: -1}, 0, 700},
		{"from the times of both", nil, turn{startUS: 1_000, lengthUS: 3_000}, 0, 6_000},
		{"the one before it took longer than until this one", nil, turn{startUS: 1_000, lengthUS: 30_000}, 0, 0},
		{"unknown", nil, turn{lengthUS: -1}, 0, 0},
		{"with an idle gap cut between", new(int64(700)), turn{cutUS: 100}, 600, 200},
		{"all cut", new(int64(700)), turn{cutUS: 100}, 6_000, 0},
	} {
		s := Send{Row: &schema.Record{StartTime: 10_000, ThinkTime: c.recorded}, cutUS: c.cutUS}
		if got := s.thinkUS(&c.before); got != c.want {
			t.Errorf("%s: %d us, want %d", c.name, got, c.want)
		}
	}
}
