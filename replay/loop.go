package replay

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/google/uuid"

	"metron/schema"
)

// Loop is how often the selection is sent, pass after pass: a number of times,
// or as long as the schedule is shorter than a duration. The zero value is once.
type Loop struct {
	Times int64
	For   time.Duration
}

// ParseLoop reads 3 or 10m.
func ParseLoop(text string) (Loop, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 1 {
		return Loop{Times: n}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= time.Microsecond {
		return Loop{For: d}, nil
	}
	return Loop{}, fmt.Errorf("%q is neither a number of passes such as 3 nor a duration such as 10m", text)
}

func (l Loop) String() string {
	if l.For > 0 {
		return l.For.String()
	}
	return strconv.FormatInt(max(1, l.Times), 10)
}

// isZero reports whether rows are sent once, as they are.
func (l Loop) isZero() bool { return l == Loop{} }

// limitUS is the moment of the schedule at which loops end.
func (l Loop) limitUS() int64 {
	if l.For > 0 {
		return l.For.Microseconds()
	}
	return math.MaxInt64
}

// passes is how many passes begin, where one lasts periodUS of the trace.
func (l Loop) passes(periodUS int64, speed Speed) (int64, error) {
	switch {
	case l.For == 0:
		if l.Times > 1 && periodUS == 0 {
			return 0, errOnePass
		}
		return max(1, l.Times), nil
	case periodUS == 0:
		return 0, errOnePass
	}
	// The first k whose beginning, floor(k period / speed), is not before the limit.
	limit := new(big.Int).Mul(big.NewInt(l.limitUS()), big.NewInt(max(1, speed.num)))
	step := new(big.Int).Mul(big.NewInt(periodUS), big.NewInt(max(1, speed.den)))
	k := limit.Add(limit, step).Sub(limit, big.NewInt(1)).Quo(limit, step)
	return k.Int64(), nil
}

var errOnePass = errors.New("one moment cannot be looped: a pass lasts from the start of the window to its end; --to gives it one")

// mul is a*b, or the largest number where that is more.
func mul(a, b int64) int64 {
	if b != 0 && a > math.MaxInt64/b {
		return math.MaxInt64
	}
	return a * b
}

// renewSession is the session's name in a pass: those of the first keep theirs, and no
// import names one like the others: NAME#2 is the second of a name in its file.
func renewSession(session string, pass int64) string {
	if session == "" || pass <= 1 {
		return session
	}
	return session + "~" + strconv.FormatInt(pass, 10)
}

// renewPrompt makes the row's prompt one of the pass: alike where the trace's
// prompts are alike, and unlike those of every other pass.
func renewPrompt(r *schema.Record, pass int64) {
	if pass <= 1 {
		return
	}
	r.RecordID = renewID(r.RecordID, pass)
	for i, h := range r.BlockHashes {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte("loop "), uint64(pass)), uint64(h)))
		r.BlockHashes[i] = int64(binary.BigEndian.Uint64(sum[:]))
	}
}

// renewID is another id for each pass after the first.
func renewID(id uuid.UUID, pass int64) uuid.UUID {
	if pass <= 1 {
		return id
	}
	return uuid.NewSHA1(id, binary.BigEndian.AppendUint64(nil, uint64(pass)))
}
