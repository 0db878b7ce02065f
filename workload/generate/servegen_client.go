package generate

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"metron/internal/term"
)

// serveGenWindow is a line of chunk-N-trace.csv: window_start_s, rate_rps, cv,
// pattern, shape, scale. A window ends where the next one begins. The rate is that
// of the line; the fitted scale, which is nearly its inverse, is not used.
type serveGenWindow struct {
	from, to float64
	rate     float64
	weibull  bool
	shape    float64
}

// gap draws a gap in multiples of its mean.
func (w serveGenWindow) gap(src source) float64 {
	switch {
	case w.shape == 0: // nothing is sent
		return 1
	case w.weibull:
		return weibullGaps(w.shape, src)()
	}
	return gammaShape(w.shape, src)()
}

// onlyWindow is the length of a window that no other follows or precedes: ten
// minutes, as in the published data.
const onlyWindow = 600

func readServeGenWindows(path string) ([]serveGenWindow, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var windows []serveGenWindow
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		w, err := parseServeGenWindow(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if last := len(windows) - 1; last >= 0 {
			if w.from <= windows[last].from {
				return nil, fmt.Errorf("line %d: its window does not begin after the one before", n)
			}
			windows[last].to = w.from
			w.to = w.from + (w.from - windows[last].from)
		} else {
			w.to = w.from + onlyWindow
		}
		windows = append(windows, w)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(windows) == 0 {
		return nil, errors.New("it has no windows")
	}
	return windows, nil
}

// leastShape is one whose gaps can be drawn.
const leastShape = 0.01

func parseServeGenWindow(line string) (w serveGenWindow, err error) {
	fields := strings.Split(strings.TrimSpace(line), ",")
	if len(fields) != 6 {
		return w, fmt.Errorf("%q is not window_start_s,rate_rps,cv,pattern,shape,scale", line)
	}
	var errs [3]error
	w.from, errs[0] = strconv.ParseFloat(fields[0], 64)
	switch pattern := fields[3]; pattern {
	case "": // the client sent nothing
		if errs[0] != nil {
			return w, fmt.Errorf("%q: %w", line, errs[0])
		}
		return w, nil
	case "Gamma":
	case "Weibull":
		w.weibull = true
	default:
		return w, fmt.Errorf("%q is neither Gamma nor Weibull", pattern)
	}
	w.rate, errs[1] = strconv.ParseFloat(fields[1], 64)
	w.shape, errs[2] = strconv.ParseFloat(fields[4], 64)
	if err := errors.Join(errs[:]...); err != nil {
		return w, fmt.Errorf("%q: %w", line, err)
	}
	if !(w.rate >= 0 && w.rate <= mostRate && w.shape >= leastShape && w.shape < 1e9 && w.from >= 0 && w.from < 1e9) {
		return w, fmt.Errorf("%q: its numbers are out of range", line)
	}
	return w, nil
}

// serveGenClient is a chunk: its windows, and, while it is the one in turn, the
// texts of its dataset.
type serveGenClient struct {
	number  int
	path    string // of the trace
	windows []serveGenWindow

	dataset []serveGenFields
	parsed  map[string]*weights // of the texts that were used
}

// serveGenFields are the distributions of one window.
type serveGenFields struct {
	from          float64
	input, output string // texts of dicts
}

func (c *serveGenClient) datasetPath() string {
	return strings.TrimSuffix(c.path, "-trace.csv") + "-dataset.json"
}

// checkDataset finds what is not there before anything is drawn.
func (c *serveGenClient) checkDataset() error {
	f, err := os.Open(c.datasetPath())
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 64)
	n, _ := f.Read(head)
	if bytes.HasPrefix(head[:n], []byte("version https://git-lfs.")) {
		return term.WithHint(fmt.Errorf("%s is a Git LFS pointer, not the file itself", filepath.Base(c.datasetPath())), "`git lfs pull` in its repository fetches the file")
	}
	return nil
}

// readDataset reads chunk-N-dataset.json: window, field, and a distribution as the
// text of a Python dict.
func (c *serveGenClient) readDataset() error {
	b, err := os.ReadFile(c.datasetPath())
	if err != nil {
		return err
	}
	var data map[string]map[string]string
	if err := json.Unmarshal(b, &data); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(c.datasetPath()), err)
	}
	c.dataset, c.parsed = nil, map[string]*weights{}
	for key, fields := range data {
		from, err := strconv.ParseFloat(key, 64)
		if err != nil {
			return fmt.Errorf("%s: %q is no window", filepath.Base(c.datasetPath()), key)
		}
		f := serveGenFields{from, cmp.Or(fields["input_tokens"], fields["text_tokens"]), fields["output_tokens"]}
		if !isEmptyDict(f.input) && !isEmptyDict(f.output) {
			c.dataset = append(c.dataset, f)
		}
	}
	slices.SortFunc(c.dataset, func(a, b serveGenFields) int { return cmp.Compare(a.from, b.from) })
	return nil
}

// isEmptyDict says whether a window has no distribution for a field.
func isEmptyDict(text string) bool { return strings.Trim(text, "{} \n") == "" }

// draw draws the lengths of a request in a window; unknown where the dataset has
// none up to there.
func (c *serveGenClient) draw(w serveGenWindow, input, output *rand.Rand) (pair, error) {
	after := sort.Search(len(c.dataset), func(i int) bool { return c.dataset[i].from > w.from })
	if after == 0 {
		return pair{-1, -1}, nil
	}
	in, err := c.weights(c.dataset[after-1].input)
	if err != nil {
		return pair{}, err
	}
	out, err := c.weights(c.dataset[after-1].output)
	if err != nil {
		return pair{}, err
	}
	return pair{in.draw(input), out.draw(output)}, nil
}

func (c *serveGenClient) weights(text string) (*weights, error) {
	if w, ok := c.parsed[text]; ok {
		return w, nil
	}
	w, err := parseDict(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(c.datasetPath()), err)
	}
	c.parsed[text] = w
	return w, nil
}
