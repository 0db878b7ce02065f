package analyze

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"metron/internal/term"
)

// section is one named part of the result beyond the base metrics, such as stalls
// or the concurrency over time: what a part of the rows adds up to for it. Sections
// of disjoint parts merge into the section of the whole, bit for bit and whatever
// their order: workers take rows as they come, so a section that needs them in
// order of time (concurrency, arrivals, prefix reuse) keeps what it needs of each
// and sorts at the end.
type section interface {
	// add counts a row that asked a model, of any outcome and phase. r and all that
	// it points to are overwritten afterwards.
	add(r *request)
	// merge adds what o counted, a section of the same kind, which is given up.
	merge(o section)
	// result is asked once, after all merging. t is the tally that it is part of.
	result(t *tally) sectionResult
}

// sectionResult marshals to the JSON of its section, whose keys are a contract.
type sectionResult interface {
	// lines is the same for a person at a terminal, at best one line of text; a table
	// is a line a row. None: there is nothing to say.
	lines() []string
}

// sectionKind is a row of the table of sections: a new one is one entry in
// sectionKinds and a file of its own.
type sectionKind struct {
	name    string             // its key in JSON, its word in --sections
	quick   bool               // asked for by default: it costs nothing that can be seen
	asked   func(*Config) bool // nil: by --sections; else flags of its own ask for it
	columns []string           // that it reads beside columnNames
	start   func(*Config) section
}

// sectionKinds lists every section, in the order of the result.
func sectionKinds() []sectionKind {
	return []sectionKind{
		{name: "dialects", asked: func(c *Config) bool { return c.Explain || len(c.Dialects) > 0 }, start: newDialects},
		{name: "stalls", start: newStalls},
		{name: "jitter", start: newJitter},
		{name: "concurrency", quick: true, start: newConcurrency},
		{name: "token_rate", quick: true, start: newTokenRate},
		{name: "arrivals", start: newArrivals},
		{name: "sending", start: newSending},
		{name: "ttft_by_input", start: newTTFTByInput},
		{name: "ttft_by_cached", start: newTTFTByCached},
		{name: "prefix_reuse", columns: []string{"session_id", "block_hashes", "block_size", "block_unit"}, start: newPrefixReuse},
		{name: "tail", start: newTailParts},
		{name: "traffic", quick: true, columns: []string{"sample_rate"}, start: newTraffic},
		{name: "wasted", quick: true, start: newWasted},
		{name: "slo", asked: func(c *Config) bool { return len(c.SLOs) > 0 }, start: newSLOs},
		{name: "qoe", start: newQoE},
		{name: "smooth_goodput", start: newSmooth},
	}
}

// SectionNames lists what Config.Sections may name.
func SectionNames() []string {
	var names []string
	for _, k := range sectionKinds() {
		if k.asked == nil {
			names = append(names, k.name)
		}
	}
	return names
}

func (k *sectionKind) wanted(c *Config) bool {
	switch {
	case k.asked != nil:
		return k.asked(c)
	case c.Sections == nil:
		return k.quick
	}
	return slices.Contains(c.Sections, k.name)
}

// sections are those that c asks for.
func sections(c *Config) []sectionKind {
	return slices.DeleteFunc(sectionKinds(), func(k sectionKind) bool { return !k.wanted(c) })
}

// ParseSections reads a comma list of section names, "all" or "none". "" asks for
// the default: those that cost nothing.
func ParseSections(text string) ([]string, error) {
	switch text {
	case "":
		return nil, nil
	case "all":
		return SectionNames(), nil
	case "none":
		return []string{}, nil
	}
	names := strings.Split(text, ",")
	return names, checkSections(names)
}

func checkSections(names []string) error {
	for _, name := range names {
		if !slices.Contains(SectionNames(), name) {
			return fmt.Errorf("section %q: must be one of %s", name, strings.Join(SectionNames(), ", "))
		}
	}
	return nil
}

// Sections are the results of the sections, in their order; in JSON one object.
type Sections []NamedSection

// NamedSection is what one section found.
type NamedSection struct {
	Name   string
	result sectionResult
}

// MarshalJSON writes an object with a key for each section, in order.
func (s Sections) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := plainJSON(s[i].result)
		if err != nil {
			return nil, fmt.Errorf("section %s: %w", s[i].Name, err)
		}
		fmt.Fprintf(&b, "%q:%s", s[i].Name, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// text prints the sections, each behind its name.
func (s Sections) text(b *strings.Builder, screen term.Screen) {
	for i := range s {
		label := strings.ReplaceAll(s[i].Name, "_", " ")
		lines := s[i].result.lines
		if p, ok := s[i].result.(painter); ok {
			lines = func() []string { return p.painted(screen.Paint) }
		}
		for _, line := range lines() {
			b.WriteString(labelled(screen, [2]string{label, line}))
			label = ""
		}
	}
}

// painter is a section some words of which are coloured.
type painter interface {
	painted(term.Paint) []string // lines, in colours
}

// tableLines is a table as the lines of a section.
func tableLines(t *term.Table) []string {
	var b strings.Builder
	t.WriteTo(&b)
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// sectionSet are the sections of one tally.
type sectionSet struct {
	kinds    []sectionKind
	sections []section
}

func newSectionSet(c *Config, kinds []sectionKind) sectionSet {
	s := sectionSet{kinds: kinds}
	for _, k := range kinds {
		s.sections = append(s.sections, k.start(c))
	}
	return s
}

func (s *sectionSet) add(r *request) {
	for _, one := range s.sections {
		one.add(r)
	}
}

func (s *sectionSet) merge(o *sectionSet) {
	for i, one := range s.sections {
		one.merge(o.sections[i])
	}
}

func (s *sectionSet) results(t *tally) Sections {
	out := Sections{}
	for i, one := range s.sections {
		out = append(out, NamedSection{s.kinds[i].name, one.result(t)})
	}
	return out
}
