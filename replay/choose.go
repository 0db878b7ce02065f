package replay

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"metron/schema"
)

// Share is a part of the sessions, above 0 and at most 1; 0 is all of them.
type Share float64

// ParseShare reads 10% or 0.1.
func ParseShare(text string) (Share, error) {
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v > 0 && v <= 1) {
		return 0, fmt.Errorf("%q is not a share such as 10%% or 0.1", text)
	}
	return Share(v), nil
}

// Shard is the part of a replay that one of several machines sends: the
// Index-th of Count, from 1. The zero value is the whole.
type Shard struct{ Index, Count int }

// ParseShard reads 2/4, the second of four.
func ParseShard(text string) (Shard, error) {
	index, count, ok := strings.Cut(text, "/")
	i, err := strconv.Atoi(index)
	n, err2 := strconv.Atoi(count)
	if !ok || err != nil || err2 != nil || i < 1 || i > n {
		return Shard{}, fmt.Errorf("%q is not a part such as 1/4, the first of four", text)
	}
	return Shard{i, n}, nil
}

func (s Shard) String() string {
	if s.Count == 0 {
		return "1/1"
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Count)
}

// identity is what a row belongs to: its session, or itself where it has none.
type identity struct {
	session string
	record  uuid.UUID
}

func (id identity) draw(seed uint64) schema.Draw {
	if id.session != "" {
		return schema.DrawOf(seed, "session", id.session)
	}
	return schema.DrawOf(seed, "request", string(id.record[:]))
}

// sampled decides by the lot of the session, so that sessions stay whole, one seed always
// takes the same, and what a smaller share takes a larger one takes, too.
func (s Share) sampled(id identity, seed uint64) bool {
	return s == 0 || id.draw(seed).In(float64(s))
}

// shardSalt keeps shards independent of samples, of any seed that a person gives.
const shardSalt = 0x6d6574726f6e2d73

// holds reports whether a session is this machine's to send.
func (s Shard) holds(id identity) bool {
	return s.Count <= 1 || id.draw(shardSalt).Part(s.Count) == s.Index-1
}
