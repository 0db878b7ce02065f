package generate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"strconv"
	"strings"
)

// weights are values and how often each is drawn.
type weights struct {
	values []int64
	sums   []float64 // of the weights up to each
}

func (w *weights) add(value int64, weight float64) {
	sum := weight
	if n := len(w.sums); n > 0 {
		sum += w.sums[n-1]
	}
	w.values, w.sums = append(w.values, value), append(w.sums, sum)
}

func (w *weights) draw(src *rand.Rand) int64 {
	last := len(w.sums) - 1
	u := float64(src.Float64() * w.sums[last])
	return w.values[min(last, sort.Search(last, func(i int) bool { return w.sums[i] > u }))]
}

// parseDict reads the text of a Python dict of whole numbers and their weights,
// {512: 0.25, 1024: 0.75}. It is read, never evaluated.
func parseDict(text string) (*weights, error) {
	body, open := strings.CutPrefix(strings.TrimSpace(text), "{")
	body, closed := strings.CutSuffix(body, "}")
	if !open || !closed {
		return nil, fmt.Errorf("%.40q is no dict", text)
	}
	w := &weights{}
	for item := range strings.SplitSeq(body, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue // a comma may stand behind the last one
		}
		key, value, _ := strings.Cut(item, ":")
		n, err := strconv.ParseInt(strings.TrimSpace(key), 10, 64)
		weight, errWeight := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || errWeight != nil || n < 0 || !(weight >= 0 && weight <= 1e12) {
			return nil, fmt.Errorf("%.40q is not a length and its share", item)
		}
		w.add(n, weight)
	}
	if len(w.sums) == 0 || w.sums[len(w.sums)-1] <= 0 {
		return nil, errors.New("a dict has no shares")
	}
	return w, nil
}

// parseMix reads names and their weights, a=3,b=1; a name alone weighs 1.
func parseMix(text string) (names []string, w *weights, err error) {
	w = &weights{}
	if text == "" {
		return []string{""}, &weights{[]int64{0}, []float64{1}}, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		name, share, weighed := part, "1", false
		if at := strings.LastIndexByte(part, '='); at >= 0 {
			name, share, weighed = part[:at], part[at+1:], true
		}
		v, err := strconv.ParseFloat(share, 64)
		if name == "" || err != nil || !(v > 0 && v <= 1e12) {
			if weighed {
				return nil, nil, fmt.Errorf("%q is not a name and a weight above 0, such as large=3", part)
			}
			return nil, nil, fmt.Errorf("%q has an empty name", text)
		}
		w.add(int64(len(names)), v)
		names = append(names, name)
	}
	return names, w, nil
}
