package generate

import (
	"fmt"
	"math"
	"strings"

	"metron/internal/term"
)

// pair is the lengths of a request in tokens; -1 where they are unknown.
type pair struct{ input, output int64 }

// What becomes of lengths that are over a maximum.
const (
	OverClip   = "clip"   // cut to it; a total takes from both in proportion
	OverRedraw = "redraw" // drawn again
)

// mostRedraws is how often a pair of lengths is drawn before none seems to fit.
const mostRedraws = 10_000

// Lengths says how long requests are. Either Pair is set, or Input and Output, or
// one of these and Ratio; or none, where arrivals bring their own.
type Lengths struct {
	Pair          string  // both: fixed:input=512,output=128, file:..., trace:..., or a distribution of their sum, parted by Ratio
	Input, Output string  // each by itself: distributions
	Ratio         float64 // prompt to answer: prompt = Ratio times answer; 0: none

	ScaleInput, ScaleOutput       float64 // factors on what was drawn; 0: 1
	MaxInput, MaxOutput, MaxTotal int64   // 0: none
	OverMax                       string  // OverClip or OverRedraw; "" is OverClip
	clipped, redrawn, raised      int64   // how many were
}

// draw gives what draws pairs. paired says that arrivals bring lengths, under
// the given spec.
func (l *Lengths) draw(streams streams, paired bool, process string) (func(a arrival) (pair, error), error) {
	draw, bring, err := l.source(streams, paired, process)
	if err != nil {
		return nil, err
	}
	if bring && l.OverMax == OverRedraw {
		return nil, term.Usagef("--over-max redraw: lengths that belong to arrivals cannot be drawn again; clip them")
	}
	return func(a arrival) (pair, error) {
		for range mostRedraws {
			p := l.raise(l.scale(draw(a)))
			fits := l.fit(p)
			switch {
			case fits == p:
				return p, nil
			case l.OverMax != OverRedraw:
				l.clipped++
				return fits, nil
			}
			l.redrawn++
		}
		return pair{}, fmt.Errorf("generate: of %d draws of lengths none kept to the maxima", mostRedraws)
	}, nil
}

// source gives what draws pairs as they come; bring says that they are those of
// the arrival.
func (l *Lengths) source(streams streams, paired bool, process string) (draw func(a arrival) pair, bring bool, err error) {
	each := l.Input != "" || l.Output != ""
	switch {
	case l.Pair != "" && each:
		return nil, false, term.Usagef("--lengths stands for both: it goes without --input-lengths and --output-lengths")
	case each:
		draw, err = l.openEach(streams)
		return draw, false, err
	case paired && (l.Pair == "" || l.Pair == process):
		return func(a arrival) pair { return a.pair }, true, l.noRatio()
	case l.Pair == "":
		return nil, false, term.WithHint(term.Usagef("--lengths is missing"), "--lengths fixed:input=512,output=128")
	}
	draw, err = l.openPair(streams)
	return draw, false, err
}

func (l *Lengths) noRatio() error {
	if l.Ratio != 0 {
		return term.Usagef("--pd-ratio parts a total, or makes one length of the other: here both are given")
	}
	return nil
}

func (l *Lengths) openEach(streams streams) (func(arrival) pair, error) {
	if l.Input != "" && l.Output != "" {
		input, err := openNumbers("--input-lengths", l.Input, false, streams)
		if err != nil {
			return nil, err
		}
		output, err := openNumbers("--output-lengths", l.Output, false, streams)
		if err != nil {
			return nil, err
		}
		return func(arrival) pair { return pair{tokens(input()), tokens(output())} }, l.noRatio()
	}
	flag, text, other := "--input-lengths", l.Input, "--output-lengths"
	if l.Input == "" {
		flag, text, other = other, l.Output, flag
	}
	if l.Ratio <= 0 {
		return nil, term.Usagef("%s is missing, or a --pd-ratio that makes it of %s", other, flag)
	}
	draw, err := openNumbers(flag, text, false, streams)
	if err != nil {
		return nil, err
	}
	if l.Input != "" {
		return func(arrival) pair { v := draw(); return pair{tokens(v), tokens(v / l.Ratio)} }, nil
	}
	return func(arrival) pair { v := draw(); return pair{tokens(v * l.Ratio), tokens(v)} }, nil
}

func (l *Lengths) openPair(source streams) (func(arrival) pair, error) {
	family, _, _ := strings.Cut(l.Pair, ":")
	if family == "file" || family == "trace" || strings.HasPrefix(l.Pair, "fixed:input=") || strings.HasPrefix(l.Pair, "fixed:output=") {
		s, err := parseSpec("--lengths", l.Pair, []string{"fixed", "file", "trace"}, fileFamilies())
		if err != nil {
			return nil, err
		}
		draw := openTable
		if s.family == "fixed" {
			draw = func(s *spec, _ streams) func() pair {
				p := pair{tokens(s.value("input", 1)), tokens(s.value("output", 1))}
				return func() pair { return p }
			}
		}
		next := draw(s, source)
		if err := s.done(); err != nil {
			return nil, err
		}
		return func(arrival) pair { return next() }, l.noRatio()
	}
	total, err := openNumbers("--lengths", l.Pair, false, source)
	switch {
	case err != nil:
		return nil, err
	case l.Ratio <= 0:
		return nil, term.WithHint(term.Usagef("--lengths %q draws prompt and answer together: --pd-ratio parts them", l.Pair),
			"--pd-ratio 20, or --input-lengths and --output-lengths, each by itself")
	}
	return func(arrival) pair {
		// The answer is rounded, the prompt gets what is left, so that the sum stays.
		sum := tokens(total())
		if sum < 2 {
			sum = 2
			l.raised++
		}
		output := min(max(1, int64(math.Round(float64(sum)/(1+l.Ratio)))), sum-1)
		return pair{sum - output, output}
	}, nil
}

// mostTokens bounds a length that was drawn.
const mostTokens = 1e12

// tokens rounds a length.
func tokens(v float64) int64 { return int64(math.Round(min(max(0, v), mostTokens))) }

func (l *Lengths) scale(p pair) pair {
	for _, part := range []struct {
		tokens *int64
		factor float64
	}{{&p.input, l.ScaleInput}, {&p.output, l.ScaleOutput}} {
		if part.factor > 0 && *part.tokens >= 0 {
			*part.tokens = int64(math.Round(min(float64(*part.tokens)*part.factor, mostTokens)))
		}
	}
	return p
}

// raise is the pair with what is under one token raised to it; what is unknown
// stays so.
func (l *Lengths) raise(p pair) pair {
	for _, tokens := range []*int64{&p.input, &p.output} {
		if *tokens == 0 {
			*tokens = 1
			l.raised++
		}
	}
	return p
}

// fit is the pair cut to the maxima.
func (l *Lengths) fit(p pair) pair {
	if l.MaxInput > 0 {
		p.input = min(p.input, l.MaxInput)
	}
	if l.MaxOutput > 0 {
		p.output = min(p.output, l.MaxOutput)
	}
	if sum := p.input + p.output; l.MaxTotal > 0 && p.input >= 0 && p.output >= 0 && sum > l.MaxTotal {
		input := int64(math.Round(float64(p.input) * float64(l.MaxTotal) / float64(sum)))
		p.input = min(max(1, input), l.MaxTotal-1)
		p.output = l.MaxTotal - p.input
	}
	return p
}
