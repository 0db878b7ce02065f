package generate

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// openServeGen sends what a folder of ServeGen describes: clients ("chunks"), each
// with a rate and a gamma or Weibull shape of its gaps in every window of time,
// and the distributions of its lengths. A gap that outlasts its window goes on in
// the next one at that one's rate. Lengths are drawn independently of each other,
// which is all that marginal distributions allow.
//
// Clients are taken one after the other, so that the data of one is in memory, not
// of all: arrivals are not in the order of their times.
func openServeGen(s *spec, e env) process {
	scale := s.orAbove("scale", 1)
	from := s.read("from", true, 0, 0)
	p := process{next: func() (arrival, bool) { return arrival{}, false }, rate: math.NaN(), cv: math.NaN(), paired: true, unordered: true}
	if s.err != nil {
		return p
	}
	g := &serveGen{env: e, scale: scale, from: from}
	if err := g.open(s.path); err != nil {
		s.err = fmt.Errorf("--arrival: read %q: %w", s.path, err)
		return p
	}
	p.next, p.rate = g.next, g.rate
	return p
}

// serveGen goes through the clients and their windows.
type serveGen struct {
	env
	scale, from float64
	rate        float64 // mean of all clients together

	clients []serveGenClient // those to come
	client  serveGenClient
	window  int     // that the client is in
	at      float64 // seconds on the files' clock
	left    float64 // of the gap that goes on, in mean gaps

	arrivals      *rand.Rand
	input, output *rand.Rand
}

// open lists the clients, whose windows say the rates.
func (g *serveGen) open(folder string) error {
	paths, err := filepath.Glob(filepath.Join(folder, "chunk-*-trace.csv"))
	if err != nil || len(paths) == 0 {
		return errors.New("the folder has no chunk-N-trace.csv")
	}
	total, end, limit := 0.0, 0.0, g.from+float64(g.limitUS)/1e6
	for _, path := range paths {
		number := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "chunk-"), "-trace.csv")
		c := serveGenClient{path: path}
		if c.number, err = strconv.Atoi(number); err != nil {
			return fmt.Errorf("%s: %q is no number", filepath.Base(path), number)
		}
		if c.windows, err = readServeGenWindows(path); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		if g.lengths {
			if err := c.checkDataset(); err != nil {
				return err
			}
		}
		for _, w := range c.windows {
			total += float64(w.rate * max(0, min(w.to, limit)-max(w.from, g.from)))
			end = max(end, w.to)
		}
		g.clients = append(g.clients, c)
	}
	slices.SortFunc(g.clients, func(a, b serveGenClient) int { return a.number - b.number })
	if end <= g.from || total == 0 {
		return fmt.Errorf("nothing is sent after %v s and within the duration", g.from)
	}
	g.rate = total / (min(end, limit) - g.from) * g.scale
	return nil
}

// nextClient begins with the next one; false when there is none.
func (g *serveGen) nextClient() (bool, error) {
	if len(g.clients) == 0 {
		return false, nil
	}
	g.client, g.clients = g.clients[0], g.clients[1:]
	name := fmt.Sprintf(" client %d", g.client.number)
	stream := func(field string) *rand.Rand { return rand.New(g.streams.of(field + name)) }
	g.arrivals, g.input, g.output = stream("--arrival"), stream("--lengths input"), stream("--lengths output")
	if g.lengths {
		if err := g.client.readDataset(); err != nil {
			return false, err
		}
	}
	g.at = g.from
	g.window = slices.IndexFunc(g.client.windows, func(w serveGenWindow) bool { return w.rate > 0 && w.to > g.from })
	if g.window < 0 {
		return g.nextClient()
	}
	g.draw()
	return true, nil
}

// draw begins a gap, by the window that it begins in.
func (g *serveGen) draw() {
	g.left = float64(microseconds(g.client.windows[g.window].gap(g.arrivals))) / 1e6
}

func (g *serveGen) next() (arrival, bool) {
	for {
		if g.window == len(g.client.windows) || microseconds(g.at-g.from) >= g.limitUS {
			if more, err := g.nextClient(); err != nil || !more {
				return arrival{err: err}, err != nil
			}
		}
		w := g.client.windows[g.window]
		g.at = max(g.at, w.from)
		rate := w.rate * g.scale
		room := float64(rate * max(0, w.to-g.at)) // in mean gaps
		if g.left >= room {
			g.left -= room
			g.at = max(g.at, w.to)
			g.window++
			continue
		}
		g.at += g.left / rate
		g.draw()
		a := arrival{us: microseconds(g.at - g.from), pair: pair{-1, -1}}
		if a.us >= g.limitUS {
			continue
		}
		if g.lengths {
			a.pair, a.err = g.client.draw(w, g.input, g.output)
		}
		return a, true
	}
}
