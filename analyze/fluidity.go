package analyze

// Arithmetic says how deadlines are counted.
type Arithmetic string

const (
	ArithmeticExact  Arithmetic = "exact"  // integers; the default
	ArithmeticEtalon Arithmetic = "etalon" // Etalon's float64, bit for bit
	ArithmeticDocs   Arithmetic = "docs"   // Etalon's documentation: a late token is one miss
)

// Arithmetics lists every arithmetic, the default first.
func Arithmetics() []Arithmetic {
	return []Arithmetic{ArithmeticExact, ArithmeticEtalon, ArithmeticDocs}
}

// Deadlines are what the tokens of a request are held to, in the unit of its gaps.
type Deadlines struct {
	TTFT       int64 // for token 1, counted from the send
	TBT        int64 // for each token after it, counted from the deadline before; at least 1
	DecodeOnly bool  // token 1 is neither met nor missed, and the slack starts at 0
}

// Score counts the deadlines of one request, or of many: scores add up.
type Score struct {
	Met    int64
	Missed int64
}

// Total is how many deadlines there were.
func (s Score) Total() int64 { return s.Met + s.Missed }

// Add returns the sum of two scores.
func (s Score) Add(t Score) Score { return Score{s.Met + t.Met, s.Missed + t.Missed} }

// MissRate is missed / (met + missed); false where no token had a deadline.
func (s Score) MissRate() (float64, bool) {
	if s.Total() == 0 {
		return 0, false
	}
	return float64(s.Missed) / float64(s.Total()), true
}

// Index is the fluidity-index, met / (met + missed); false where no token had a
// deadline.
func (s Score) Index() (float64, bool) {
	if s.Total() == 0 {
		return 0, false
	}
	return float64(s.Met) / float64(s.Total()), true
}

// Exact counts met and missed deadlines: a token that comes early leaves its
// slack to the next one; a late one misses every deadline that passed while the
// reader waited for it, and the schedule starts anew. gaps[0] is the time from
// the send to token 1, gaps[i] the time from one token to the next.
func Exact(gaps []int64, d Deadlines) Score {
	if len(gaps) == 0 {
		return Score{}
	}
	tbt := max(1, d.TBT)
	tokens, late, missed, slack := int64(len(gaps)), int64(0), int64(0), int64(0)
	switch over := gaps[0] - d.TTFT; {
	case d.DecodeOnly:
		tokens--
	case over <= 0:
		slack = -over
	default:
		late, missed = 1, over/tbt+1
	}
	for _, g := range gaps[1:] {
		wait := g - slack // since the deadline of the token before
		if wait <= tbt {
			slack = tbt - wait
			continue
		}
		missed += wait / tbt
		late++
		slack = 0
	}
	return Score{Met: tokens - late, Missed: missed}
}

// Docs counts one miss for each late token, which is what Etalon's
// documentation says and its code does not.
func Docs(gaps []int64, d Deadlines) Score {
	if len(gaps) == 0 {
		return Score{}
	}
	tbt := max(1, d.TBT)
	tokens, late, slack := int64(len(gaps)), int64(0), int64(0)
	switch over := gaps[0] - d.TTFT; {
	case d.DecodeOnly:
		tokens--
	case over <= 0:
		slack = -over
	default:
		late = 1
	}
	for _, g := range gaps[1:] {
		wait := g - slack
		if wait <= tbt {
			slack = tbt - wait
			continue
		}
		late++
		slack = 0
	}
	return Score{Met: tokens - late, Missed: late}
}
