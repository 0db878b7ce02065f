package tokenizer

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/dlclark/regexp2/v2"
)

// place is where a piece of text stands.
type place int

const (
	within  place = iota // behind text that was cut before
	section              // behind an added token
	start                // behind nothing
)

// step is a pre-tokenizer: it cuts pieces into smaller ones. at is the place of
// the first piece.
type step func(pieces []string, at place) []string

// behavior is what becomes of the places that a pattern matches.
type behavior string

const (
	isolated       behavior = "Isolated"
	removed        behavior = "Removed"
	mergedPrevious behavior = "MergedWithPrevious"
	mergedNext     behavior = "MergedWithNext"
)

// splitBy cuts at what a pattern matches.
func splitBy(pattern string, b behavior) (step, error) {
	re, err := regexp2.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return func(pieces []string, _ place) (cut []string) {
		for _, piece := range pieces {
			found, err := re.FindAllStringIndex(piece, -1)
			if err != nil { // only a deadline gives one, and none is set
				found = nil
			}
			cut = cutAt(cut, piece, found, b)
		}
		return cut
	}, nil
}

// splitText cuts at a text.
func splitText(text string, b behavior) step {
	return func(pieces []string, _ place) (cut []string) {
		for _, piece := range pieces {
			var found [][]int
			for at := 0; text != ""; {
				i := strings.Index(piece[at:], text)
				if i < 0 {
					break
				}
				found = append(found, []int{at + i, at + i + len(text)})
				at += i + len(text)
			}
			cut = cutAt(cut, piece, found, b)
		}
		return cut
	}
}

// cutAt appends a piece cut at the places that were found.
func cutAt(cut []string, piece string, found [][]int, b behavior) []string {
	at := 0
	put := func(to int) {
		if to > at {
			cut = append(cut, piece[at:to])
		}
		at = to
	}
	for _, f := range found {
		if f[0] == f[1] {
			continue
		}
		switch b {
		case isolated:
			put(f[0])
			put(f[1])
		case removed:
			put(f[0])
			at = f[1]
		case mergedPrevious:
			put(f[1])
		case mergedNext:
			put(f[0])
		}
	}
	put(len(piece))
	return cut
}

// digits cuts digits from the rest, and from each other.
func digits(each bool) step {
	return func(pieces []string, _ place) (cut []string) {
		for _, piece := range pieces {
			at, before := 0, false
			for i, r := range piece {
				is := unicode.IsNumber(r)
				if i > at && (is != before || is && each) {
					cut = append(cut, piece[at:i])
					at = i
				}
				before = is
			}
			if at < len(piece) {
				cut = append(cut, piece[at:])
			}
		}
		return cut
	}
}

// prefixSpace puts a space before a text that begins without one.
func prefixSpace(pieces []string, at place) []string {
	if at >= section && len(pieces) > 0 && !strings.HasPrefix(pieces[0], " ") {
		pieces = append([]string{" " + pieces[0]}, pieces[1:]...)
	}
	return pieces
}

// metaspace writes spaces as another sign, one before text at that place or a
// later one, too, and cuts before each.
func metaspace(sign string, prepend place, split bool) step {
	cut := splitText(sign, mergedNext)
	return func(pieces []string, at place) []string {
		signed := make([]string, len(pieces))
		for i, piece := range pieces {
			signed[i] = strings.ReplaceAll(piece, " ", sign)
			if i == 0 && at >= prepend && !strings.HasPrefix(signed[i], sign) {
				signed[i] = sign + signed[i]
			}
		}
		if split {
			return cut(signed, at)
		}
		return signed
	}
}
