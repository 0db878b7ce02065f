package capacity

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"metron/analyze"
	"metron/internal/term"
)

// grid is a matrix as its file has it.
type grid struct {
	Targets   []target   `yaml:"targets"`
	Workloads []loadSpec `yaml:"workloads"`
	SLOs      []goal     `yaml:"slos"`
	Flags     flagList   `yaml:"flags"` // of every cell

	ReadyWithin span `yaml:"ready_within"` // 0: 10 minutes
	StopWithin  span `yaml:"stop_within"`  // 0: 30 s
}

// target is a build, and how its server is started and stopped for each workload.
type target struct {
	Label string   `yaml:"label"`
	URL   string   `yaml:"url"`
	Start string   `yaml:"start"` // a command; "": it runs already
	Ready string   `yaml:"ready"` // a URL that answers 200, or a command that ends well; "": the URL's port is open
	Stop  string   `yaml:"stop"`  // a command before the processes of start are ended; "": there is none
	Flags flagList `yaml:"flags"`
}

// loadSpec is a workload.
type loadSpec struct {
	Name  string   `yaml:"name"`
	Trace string   `yaml:"trace"` // "": flags say what is generated
	Flags flagList `yaml:"flags"`
}

// goal is an SLO and its name in tables and plots: a text, or a map of one name and the
// text.
type goal struct{ name, slo string }

func (g *goal) UnmarshalYAML(n ast.Node) error {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) == 1 {
		g.name = m.Values[0].Key.GetToken().Value
		n = m.Values[0].Value
	}
	text, ok := n.(ast.ScalarNode)
	if !ok {
		return atLine(n, "want an SLO, or a name and an SLO")
	}
	g.slo = text.GetToken().Value
	g.name = cmp.Or(g.name, g.slo)
	if _, err := analyze.ParseSLO(g.slo); err != nil {
		return atLine(n, "%v", err)
	}
	return nil
}

// span is a duration as Go writes it.
type span time.Duration

func (s *span) UnmarshalYAML(n ast.Node) error {
	text := n.GetToken().Value
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return atLine(n, "%q is no duration such as 90s", text)
	}
	*s = span(d)
	return nil
}

func (s span) or(d time.Duration) time.Duration { return cmp.Or(time.Duration(s), d) }

// flagList is flags of `metron capacity`, as a map of names and values: a list of values
// gives the flag several times.
type flagList []string

// ofMatrix are flags that a matrix says otherwise, or that are of the whole.
var ofMatrix = []string{"target", "label", "workload", "slo", "out", "matrix", "offline", "json"}

func (l *flagList) UnmarshalYAML(n ast.Node) error {
	m, ok := n.(ast.MapNode)
	if !ok {
		return atLine(n, "flags are a map of names and values")
	}
	known := map[string]bool{}
	for _, f := range flags() {
		known[f.Names()[0]] = !slices.Contains(ofMatrix, f.Names()[0])
	}
	for each := m.MapRange(); each.Next(); {
		name := each.Key().GetToken().Value
		if allowed, is := known[name]; !is {
			return atLine(each.Key(), "unknown flag %q", name)
		} else if !allowed {
			return atLine(each.Key(), "the matrix itself says %s", name)
		}
		values := []ast.Node{each.Value()}
		if list, ok := each.Value().(*ast.SequenceNode); ok {
			values = list.Values
		}
		for _, v := range values {
			scalar, ok := v.(ast.ScalarNode)
			if !ok {
				return atLine(v, "flag %s: want a value, or a list of values", name)
			}
			text := scalar.GetToken().Value
			if _, err := parse([]string{"--" + name + "=" + text}); err != nil {
				return atLine(v, "flag %s: %v", name, err)
			}
			*l = append(*l, "--"+name+"="+text)
		}
	}
	return nil
}

// lineError is an error at a line of a file.
type lineError struct {
	line int
	text string
}

func (e *lineError) Error() string { return e.text }

func atLine(n ast.Node, format string, args ...any) error {
	return &lineError{n.GetToken().Position.Line, fmt.Sprintf(format, args...)}
}

// readGrid reads a matrix. Errors say the line.
func readGrid(path string) (*grid, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--matrix: %w", err)
	}
	var g grid
	if err := yaml.UnmarshalWithOptions(text, &g, yaml.Strict()); err != nil {
		return nil, term.Usagef("--matrix %s", located(path, err))
	}
	if err := g.check(); err != nil {
		return nil, term.Usagef("--matrix %s: %w", path, err)
	}
	return &g, nil
}

// located writes an error of the YAML reader, "[3:5] what is wrong", as others are
// written.
func located(path string, err error) string {
	var at *lineError
	if errors.As(err, &at) {
		return fmt.Sprintf("%s:%d: %s", path, at.line, at.text)
	}
	text := yaml.FormatError(err, false, false)
	if m := regexp.MustCompile(`(?s)^\[(\d+):\d+\] (.*)$`).FindStringSubmatch(strings.TrimSpace(text)); m != nil {
		return fmt.Sprintf("%s:%s: %s", path, m[1], m[2])
	}
	return path + ": " + text
}

// check finds what is missing, and names that stand there twice.
func (g *grid) check() error {
	switch {
	case len(g.Targets) == 0, len(g.Workloads) == 0, len(g.SLOs) == 0:
		return errors.New("want targets, workloads and slos, one or more of each")
	}
	seen := map[string]bool{}
	for i := range g.Targets {
		t := &g.Targets[i]
		u, err := url.Parse(t.URL)
		switch {
		case err != nil || u.Host == "":
			return fmt.Errorf("target %d: url %q is no URL", i+1, term.RedactURL(t.URL))
		case t.Label == "":
			t.Label = u.Host
		}
		if seen[fileName(t.Label)] {
			return fmt.Errorf("two targets are %s: give each a label of its own", t.Label)
		}
		seen[fileName(t.Label)] = true
	}
	clear(seen)
	for i := range g.Workloads {
		w := &g.Workloads[i]
		if w.Name == "" {
			w.Name = w.Trace
		}
		if w.Name == "" {
			return fmt.Errorf("workload %d: want a name", i+1)
		}
		if seen[fileName(w.Name)] {
			return fmt.Errorf("two workloads are %s: give each a name of its own", w.Name)
		}
		seen[fileName(w.Name)] = true
	}
	return nil
}

// args is the command line of a cell, for all SLOs; what stands later wins.
func (g *grid) args(t *target, w *loadSpec) []string {
	args := slices.Concat(g.Flags, t.Flags, w.Flags, []string{"--target=" + t.URL, "--label=" + t.Label, "--workload=" + w.Name})
	for _, s := range g.SLOs {
		args = append(args, "--slo="+s.slo)
	}
	return args
}
