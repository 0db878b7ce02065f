package prefill

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sort"
)

// Format and Version stand at the head of a model's JSON.
const (
	Format  = "metron-prefill"
	Version = 1
)

// Point is one measurement.
type Point struct {
	Tokens int64 `json:"tokens"` // that had to be read: the prompt less what was cached
	US     int64 `json:"us"`     // until the first token, in microseconds
}

// Quadratic is T(L) in microseconds.
type Quadratic struct {
	ConstantUS float64 `json:"constant_us"`
	PerTokenUS float64 `json:"per_token_us"`
	PerTokenSq float64 `json:"per_token_squared_us"`
}

func (q Quadratic) at(tokens float64) float64 {
	return q.ConstantUS + tokens*(q.PerTokenUS+tokens*q.PerTokenSq)
}

// Model is the time of a prefill against its length. It has a Curve or, where none
// fits, Knots.
type Model struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Source  string `json:"source,omitempty"` // what it was fitted to, for a reader

	Curve *Quadratic  `json:"curve,omitempty"`
	CI95  *CurveRange `json:"curve_ci95,omitempty"` // of each coefficient, by bootstrap over the points
	Knots []Point     `json:"knots,omitempty"`      // rising; straight lines lie between them

	MinTokens int64     `json:"min_tokens"` // the lengths that were measured: beyond them the model guesses
	MaxTokens int64     `json:"max_tokens"`
	Points    int       `json:"points"` // measurements
	Residual  Residuals `json:"relative_residuals"`

	Lengths  []Length `json:"lengths,omitempty"`  // of repeated measurements
	Together int      `json:"together,omitempty"` // prompts at once that Lengths tell of, too
	Notes    []string `json:"notes,omitempty"`    // what whoever measured found to say

	drawn []Quadratic // curves of Repeated's bootstrap
}

// CurveRange is an interval of each coefficient.
type CurveRange struct {
	Low  Quadratic `json:"low"`
	High Quadratic `json:"high"`
}

// Residuals is how far the measurements lie off the model, as shares of
// themselves, the sign dropped.
type Residuals struct {
	Median float64 `json:"median"`
	P90    float64 `json:"p90"`
	Max    float64 `json:"max"`
}

// maxUS keeps what a model says well within the integers that deadlines add up.
const maxUS = 1 << 50

// US is the time that so many tokens take, in whole microseconds, and whether
// that is a guess: no prompt of about that length was measured.
func (m *Model) US(tokens int64) (us int64, extrapolated bool) {
	t := float64(max(0, tokens))
	value := 0.0
	if m.Curve != nil {
		value = m.Curve.at(t)
	} else {
		value = m.between(t)
	}
	return int64(math.Round(min(value, maxUS))), tokens < m.MinTokens || tokens > m.MaxTokens
}

// between interpolates the knots. Below the first it stays level; above the last
// it grows in proportion to the length, since no prefill is known to grow slower.
func (m *Model) between(tokens float64) float64 {
	last := m.Knots[len(m.Knots)-1]
	if tokens >= float64(last.Tokens) {
		return float64(last.US) * tokens / float64(last.Tokens)
	}
	i := sort.Search(len(m.Knots), func(i int) bool { return float64(m.Knots[i].Tokens) > tokens })
	if i == 0 {
		return float64(m.Knots[0].US)
	}
	a, b := m.Knots[i-1], m.Knots[i]
	share := (tokens - float64(a.Tokens)) / float64(b.Tokens-a.Tokens)
	return float64(a.US) + share*float64(b.US-a.US)
}

// Write prints the model as JSON.
func (m *Model) Write(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(m)
}

// Read reads what Write printed, or what a person wrote in its place: format,
// version, curve or knots, and the range are enough.
func Read(r io.Reader) (*Model, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var head struct {
		Format  string
		Version int
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("not a prefill model: %w", err)
	}
	switch {
	case head.Format != Format:
		return nil, fmt.Errorf("not a prefill model: format is %q, want %q", head.Format, Format)
	case head.Version != Version:
		return nil, fmt.Errorf("prefill model of version %d: this program reads version %d", head.Version, Version)
	}
	m := &Model{}
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields() // a misspelt coefficient would be 0
	if err := in.Decode(m); err != nil {
		return nil, fmt.Errorf("prefill model: %w", err)
	}
	return m, m.check()
}

func (m *Model) check() error {
	if (m.Curve == nil) == (len(m.Knots) == 0) {
		return fmt.Errorf("prefill model: want either curve or knots")
	}
	if m.MinTokens < 0 || m.MaxTokens < m.MinTokens {
		return fmt.Errorf("prefill model: range of %d to %d tokens", m.MinTokens, m.MaxTokens)
	}
	if c := m.Curve; c != nil {
		for _, v := range []float64{c.ConstantUS, c.PerTokenUS, c.PerTokenSq} {
			if !(v >= 0 && v <= maxUS) {
				return fmt.Errorf("prefill model: coefficient %v: must be at least 0", v)
			}
		}
	}
	for i, k := range m.Knots {
		switch {
		case k.Tokens < 1 || k.US < 0 || k.US > maxUS:
			return fmt.Errorf("prefill model: knot %d of %d tokens takes %d us: want at least 1 token and 0 us", i, k.Tokens, k.US)
		case i > 0 && (k.Tokens <= m.Knots[i-1].Tokens || k.US < m.Knots[i-1].US):
			return fmt.Errorf("prefill model: knot %d is not above the one before it", i)
		}
	}
	return nil
}
