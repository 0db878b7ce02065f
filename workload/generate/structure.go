package generate

import (
	"time"

	"metron/internal/term"
)

// Structure says what requests have to do with each other. The zero value: nothing.
type Structure struct {
	// SystemPrompt puts a shared beginning before prompts: count=4,tokens=1000,
	// share=0.8,theta=0 draws one of 4, of 1000 tokens each, for 80 % of sessions;
	// with theta the k-th is used in proportion to k^-theta. Its tokens are added to
	// the lengths that are drawn.
	SystemPrompt string

	// Turns is the number of requests of a session, a distribution; "": each
	// arrival is one request, of no session. A turn's prompt is all that was said
	// before and its own drawn length.
	Turns string
	Think string // from the end of an answer to the next turn, a distribution of times; "" for none

	// TokenTime is how long a token of an answer is taken to last when the next
	// turn's arrival is computed; 0 is DefaultTokenTime. A replay that follows
	// answers (mode session) waits for the real ones instead.
	TokenTime time.Duration

	MaxContext int64 // a session ends before prompt and answer grow beyond; 0: never

	// HitShare is the share of all prompt tokens that a prefix cache without a
	// bound is to have: sessions begin with parts of earlier ones, which makes a
	// tree of prefixes. 0: none are made.
	HitShare float64

	Block int64 // tokens of a block whose hash rows carry; 0 is DefaultBlock
}

const (
	DefaultTokenTime = 25 * time.Millisecond // what `metron replay --dry-run` takes of unknown servers, too
	DefaultBlock     = 64                    // a multiple of most servers' blocks
)

func (s Structure) check() error {
	switch {
	case s.Turns == "" && (s.Think != "" || s.TokenTime != 0 || s.MaxContext != 0):
		return term.WithHint(term.Usagef("--think, --token-time and --max-context are of sessions"), "--turns geometric:mean=4")
	case s.TokenTime < 0 || s.MaxContext < 0 || s.Block < 0:
		return term.Usagef("--token-time, --max-context and --block are not below 0")
	case !(s.HitShare >= 0 && s.HitShare < 1):
		return term.Usagef("--hit-share %v is not a share from 0 to below 1", s.HitShare)
	case s.Block > 0 && !s.blocks():
		return term.WithHint(term.Usagef("--block is of hashes, which rows have where something is shared"), "--turns, --system-prompt or --hit-share")
	case s.HitShare > 0 && s.SystemPrompt != "":
		return term.Usagef("--hit-share makes shared beginnings of its own: it goes without --system-prompt")
	}
	return nil
}

// blocks says whether rows carry hashes: where nothing is shared each prompt is
// its own.
func (s Structure) blocks() bool { return s.SystemPrompt != "" || s.Turns != "" || s.HitShare > 0 }
