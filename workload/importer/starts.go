package importer

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"metron/internal/term"
	"metron/schema"
)

// starts says when conversations begin, in us after the epoch, in the order of
// the source.
type starts struct {
	given string
	perS  float64 // conversations a second; 0: at once, unless there is a list
	list  []int64
	n     int64
}

const startsForms = "zero (all at once), a rate like 0.5/s, or a FILE: a line of seconds for each, or a trace whose arrivals they are"

// parseStarts reads --session-starts: "zero", "2/s", or a file: a number of
// seconds a line, or a trace.
func parseStarts(given string) (*starts, error) {
	s := &starts{given: given}
	rate, isRate := strings.CutSuffix(given, "/s")
	switch {
	case given == "":
		return nil, term.WithHint(term.Usagef("--session-starts is missing: the trace does not say when conversations begin"), "--session-starts %s", startsForms)
	case given == "zero":
	case isRate:
		var err error
		if s.perS, err = strconv.ParseFloat(rate, 64); err != nil || !(s.perS > 0) || math.IsInf(s.perS, 0) {
			return nil, term.Usagef("--session-starts %q is no rate like 0.5/s", given)
		}
	case strings.HasSuffix(given, ".parquet"):
		return s, s.readTrace(given)
	default:
		return s, s.readLines(given)
	}
	return s, nil
}

func (s *starts) readTrace(path string) error {
	f, err := schema.Open(path)
	if err != nil {
		return fmt.Errorf("--session-starts: %w", err)
	}
	defer f.Close()
	for start, err := range startTimes(f) {
		if err != nil {
			return fmt.Errorf("--session-starts: %w", err)
		}
		s.list = append(s.list, start)
	}
	for i := len(s.list) - 1; i >= 0; i-- {
		s.list[i] -= s.list[0]
	}
	return nil
}

func (s *starts) readLines(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return term.WithHint(fmt.Errorf("--session-starts: %w", err), "--session-starts %s", startsForms)
	}
	n := 0
	for line := range bytes.Lines(text) {
		n++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		us, _, err := scaled(line, secondsToUS)
		if err != nil {
			return fmt.Errorf("--session-starts %q: line %d: %s is %w; it takes seconds", path, n, quote(line), err)
		}
		s.list = append(s.list, us)
	}
	return nil
}

// next is when the next conversation begins. Starts at a rate are whole periods
// after the first, never a sum of them.
func (s *starts) next() (us int64, err error) {
	n := s.n
	s.n++
	switch {
	case s.perS > 0:
		return int64(math.Round(float64(n) * 1e6 / s.perS)), nil
	case s.given == "zero":
		return 0, nil
	case n >= int64(len(s.list)):
		return 0, fmt.Errorf("--session-starts %q says when %d conversations begin, and the trace has more", s.given, len(s.list))
	}
	return s.list[n], nil
}
