package analyze

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"metron/internal/term"
	"metron/schema"
)

// maxGroups is how many groups fit into memory whatever is in them.
const maxGroups = 100_000

// groups holds a tally for every combination of values of some dimensions.
type groups struct {
	dims    []dimension
	empty   *tally // what a new group begins as
	by      map[string]*group
	tooMany bool
	key     []byte // scratch
	anyway  bool   // phase is a dimension: each is measured in its own group
}

type group struct {
	values []string // of the dimensions; "" is unknown
	tally  *tally
}

func newGroups(c *Config) *groups {
	dims, err := dimensionsOf(c.By)
	if err != nil {
		panic("analyze: a configuration that Check refuses: " + err.Error())
	}
	own := *c
	own.By, own.Plots, own.Report = nil, false, false
	if own.Sections == nil {
		own.Sections = []string{} // the default ones are of the whole
	}
	return &groups{dims: dims, empty: newTally(&own, -1), by: map[string]*group{}, anyway: slices.Contains(c.By, "phase")}
}

// add counts a row in its group.
func (g *groups) add(r *request, s *scorer) {
	g.key = g.appendKey(g.key[:0], r)
	one := g.by[string(g.key)]
	if one == nil {
		if one = g.start(string(g.key)); one == nil {
			return
		}
	}
	if g.anyway {
		defer func(phase string) { r.phase = phase }(r.phase)
		r.phase = schema.PhaseMeasure
	}
	one.tally.add(r, s)
}

// appendKey appends what names the group of a row: a length before each value, so that no
// two combinations have one key.
func (g *groups) appendKey(key []byte, r *request) []byte {
	for _, d := range g.dims {
		at := len(key)
		key = d.append(append(key, 0, 0, 0, 0), r)
		binary.LittleEndian.PutUint32(key[at:], uint32(len(key)-at-4))
	}
	return key
}

// start makes the group of a key, nil where there are too many.
func (g *groups) start(key string) *group {
	if len(g.by) >= maxGroups {
		g.tooMany = true
		return nil
	}
	one := &group{tally: g.empty.another()}
	for rest := key; rest != ""; {
		n := 4 + binary.LittleEndian.Uint32([]byte(rest[:4]))
		one.values, rest = append(one.values, rest[4:n]), rest[n:]
	}
	g.by[key] = one
	return one
}

func (g *groups) merge(o *groups) {
	g.tooMany = g.tooMany || o.tooMany
	for key, theirs := range o.by {
		ours := g.by[key]
		switch {
		case ours != nil:
			ours.tally.merge(theirs.tally)
		case len(g.by) >= maxGroups:
			g.tooMany = true
		default:
			g.by[key] = theirs
		}
		delete(o.by, key) // what is added up need not be held twice
	}
}

// err says that there were more groups than a result can hold.
func (g *groups) err() error {
	if g == nil || !g.tooMany {
		return nil
	}
	var names []string
	for _, d := range g.dims {
		names = append(names, d.name)
	}
	return term.WithHint(fmt.Errorf("group by %s: more than %s groups", strings.Join(names, ", "), term.Count(maxGroups)),
		"group by less, or ask about fewer rows with --where")
}

// results are the groups by the values of their dimensions.
func (g *groups) results() []Group {
	out, needs := []Group{}, supports()
	for key, one := range g.by {
		group := Group{Population: newPopulation(one.tally), Warnings: fewRequests(one.tally.okRows, needs)}
		for i, d := range g.dims {
			group.Key = append(group.Key, GroupValue{d.name, one.values[i]})
		}
		out = append(out, group)
		delete(g.by, key) // what it held is no longer needed
	}
	slices.SortFunc(out, func(a, b Group) int { return a.Key.compare(b.Key) })
	return out
}
