package generate

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"metron/internal/term"
	"metron/schema"
)

// spec is a process or distribution as the command line writes it:
// family:key=value,key=value,word, and family:PATH,key=value where it reads a file.
// A plain number is fixed:value=NUMBER.
//
// What is wrong with it is kept in err, so that a family reads all its values
// and done tells once.
type spec struct {
	flag, text string // "--arrival", and what was given to it
	family     string
	path       string
	args       map[string]string // values not asked for yet; of a word it is ""
	known      []string          // keys that were asked for
	time       bool              // values are times, in seconds or as durations
	err        error
}

// parseSpec reads a spec, whose family must be one of families; those in files
// name a file or folder first.
func parseSpec(flag, text string, families, files []string) (*spec, error) {
	s := &spec{flag: flag, text: text, args: map[string]string{}}
	if _, err := parseValue(text, true); err == nil {
		s.family, s.args["value"] = "fixed", text
		return s, nil
	}
	family, rest, _ := strings.Cut(text, ":")
	if !slices.Contains(families, family) {
		err := term.Usagef("%s %q: %q is none of %s", flag, text, family, strings.Join(families, ", "))
		return nil, schema.DidYouMean(err, family, families)
	}
	s.family = family
	if slices.Contains(files, family) {
		s.path, rest, _ = strings.Cut(rest, ",")
		if s.path == "" {
			return nil, term.Usagef("%s %q: it names no file; %s:FILE", flag, text, family)
		}
	}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, hasValue := strings.Cut(part, "=")
		if _, again := s.args[key]; again || part == "" && rest != "" || hasValue && value == "" {
			return nil, term.Usagef("%s %q: %q is not key=value, each key once", flag, text, part)
		}
		if part != "" {
			s.args[key] = value
		}
	}
	return s, nil
}

// parseValue reads a number, or a duration as seconds.
func parseValue(text string, durations bool) (float64, error) {
	if d, err := time.ParseDuration(text); durations && err == nil {
		return d.Seconds(), nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
		err = strconv.ErrRange
	}
	return v, err
}

func (s *spec) fail(format string, args ...any) {
	if s.err == nil {
		s.err = term.Usagef("%s %q: %w", s.flag, s.text, term.Usagef(format, args...))
	}
}

// take gives the value of a key, if it is there.
func (s *spec) take(key string) (string, bool) {
	s.known = append(s.known, key)
	text, ok := s.args[key]
	delete(s.args, key)
	return text, ok
}

// has says whether a key is there, and takes nothing.
func (s *spec) has(key string) bool { _, ok := s.args[key]; return ok }

// word says whether a word that stands for itself is there.
func (s *spec) word(key string) bool {
	text, ok := s.take(key)
	if text != "" {
		s.fail("%s takes no value", key)
	}
	return ok
}

// value reads a number of low or more, which must be there.
func (s *spec) value(key string, low float64) float64 { return s.read(key, s.time, low, math.NaN()) }

// optional reads a number of low or more, that may be missing.
func (s *spec) optional(key string, low, missing float64) float64 {
	return s.read(key, s.time, low, missing)
}

// above reads a number over 0, which must be there and is no time.
func (s *spec) above(key string) float64 {
	return s.read(key, false, math.SmallestNonzeroFloat64, math.NaN())
}

// orAbove is above, with a value where it is missing.
func (s *spec) orAbove(key string, missing float64) float64 {
	return s.read(key, false, math.SmallestNonzeroFloat64, missing)
}

// within reads a number from low to high that is no time; it must be there where
// missing is NaN.
func (s *spec) within(key string, low, high, missing float64) float64 {
	v := s.read(key, false, 0, missing)
	if v < low || v > high {
		s.fail("%s is %v, and must be from %v to %v", key, v, low, high)
		return max(1, low)
	}
	return v
}

// seconds reads a time over 0, which must be there.
func (s *spec) seconds(key string) float64 { return s.read(key, true, 1e-6, math.NaN()) }

// mostValue bounds what a spec names: sums and products of such numbers are numbers.
const mostValue = 1e15

func (s *spec) read(key string, isTime bool, low, missing float64) float64 {
	text, ok := s.take(key)
	if !ok {
		if math.IsNaN(missing) {
			s.fail("%s is missing", key)
			return max(1, low) // a number that nothing chokes on
		}
		return missing
	}
	v, err := parseValue(text, isTime)
	switch {
	case err != nil && isTime:
		s.fail("%s is %q, not a time such as 5s or 0.5", key, text)
	case err != nil:
		s.fail("%s is %q, not a number", key, text)
	case v > mostValue:
		s.fail("%s is %v, and must be %v or less", key, v, mostValue)
	case v < low && low == math.SmallestNonzeroFloat64:
		s.fail("%s is %v, and must be above 0", key, v)
	case v < low:
		s.fail("%s is %v, and must be %v or more", key, v, low)
	default:
		return v
	}
	return max(1, low)
}

// choice reads one of some words; the first is meant where it is missing.
func (s *spec) choice(key string, words ...string) string {
	text, ok := s.take(key)
	if !ok {
		return words[0]
	}
	if !slices.Contains(words, text) {
		s.fail("%s is %q, none of %s", key, text, strings.Join(words, ", "))
	}
	return text
}

// done gives what is wrong: what was noted, or a key that nobody asked for.
func (s *spec) done() error {
	for _, key := range slices.Sorted(maps.Keys(s.args)) {
		if s.err == nil && !slices.Contains(s.known, key) {
			s.err = schema.DidYouMean(term.Usagef("%s %q: %s takes no %q; it knows %s", s.flag, s.text, s.family, key,
				strings.Join(s.known, ", ")), key, s.known)
		}
	}
	return s.err
}
