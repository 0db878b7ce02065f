package generate

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"metron/internal/term"
)

// arrival is when a request comes, after time zero, and how long it is where its
// process knows.
type arrival struct {
	us int64
	pair
	err error // why there are no more, from a source that is read on the way
}

// process is a point process: what begins when.
type process struct {
	next func() (arrival, bool) // false: there are no more

	rate, cv  float64 // that were asked for: per second, and of the gaps; NaN where the spec says nothing
	endless   bool    // next is never false
	paired    bool    // arrivals bring lengths
	unordered bool    // arrivals do not come in the order of their times
}

// family is a family of processes.
type family struct {
	name, usage string
	open        func(s *spec, e env) process
}

// env is what a process may need beside its spec.
type env struct {
	streams streams
	limitUS int64 // of times; arrivals beyond are of no use
	lengths bool  // its lengths are wanted
}

// processes is the table of families of arrivals: a new one is a function and a
// line here.
func processes() []family {
	return []family{
		{"static", "static: all at once", openStatic},
		{"constant", "constant:rate=5", openConstant},
		{"poisson", "poisson:rate=5", func(s *spec, e env) process { return renewal(s, exponentialGaps(e.streams.of(s.flag)), 1) }},
		{"gamma", "gamma:rate=5,cv=2", func(s *spec, e env) process {
			cv := s.within("cv", leastCV, mostCV, math.NaN())
			return renewal(s, gammaGaps(cv, e.streams.of(s.flag)), cv)
		}},
		{"weibull", "weibull:rate=5,shape=0.7", func(s *spec, e env) process {
			shape := s.within("shape", 0.1, 1000, math.NaN())
			return renewal(s, weibullGaps(shape, e.streams.of(s.flag)), weibullCV(shape))
		}},
		{"onoff", "onoff:rate=20,on=5s,off=10s[,random][,cv=1]: bursts", openOnOff},
		{"diurnal", "diurnal:CURVE.csv[,scale=1][,cv=1][,repeat]: rates over time", openDiurnal},
		{"servegen", "servegen:FOLDER[,scale=1][,from=0s]: ServeGen's windows", openServeGen},
		{"trace", "trace:TRACE.parquet: the arrivals of another trace", openTrace},
	}
}

// openProcess reads the spec of arrivals.
func openProcess(text string, e env) (process, error) {
	if text == "" {
		return process{}, term.WithHint(term.Usagef("--arrival is missing"), "--arrival poisson:rate=5")
	}
	var names []string
	for _, f := range processes() {
		names = append(names, f.name)
	}
	s, err := parseSpec("--arrival", text, names, fileFamilies())
	if err != nil {
		return process{}, err
	}
	for _, f := range processes() {
		if f.name == s.family {
			p := f.open(s, e)
			return p, s.done()
		}
	}
	return process{}, term.WithHint(term.Usagef("--arrival %q is no process", text), "--arrival constant:rate=%s", text)
}

func openStatic(*spec, env) process {
	return process{next: func() (arrival, bool) { return arrival{}, true }, rate: math.NaN(), cv: math.NaN(), endless: true}
}

// mostRate bounds rates: gaps are whole microseconds.
const mostRate = 1e5

// leastRate, leastCV and mostCV bound what can be drawn: beyond them times do not
// fit, or a gap is nothing but for one in so many that none is drawn.
const (
	leastRate = 1e-6
	leastCV   = 1e-3
	mostCV    = 100
)

func readRate(s *spec) float64 { return s.within("rate", leastRate, mostRate, math.NaN()) }

// openConstant ticks; the n-th tick is rounded by itself, so that nothing adds up.
func openConstant(s *spec, _ env) process {
	rate, n := readRate(s), int64(0)
	return process{rate: rate, cv: 0, endless: true, next: func() (arrival, bool) {
		us := int64(math.Round(float64(n) * 1e6 / rate))
		n++
		return arrival{us: us}, true
	}}
}

// renewal is a process of independent gaps, drawn as multiples of their mean. The
// first arrival comes after a gap.
//
// Note: Etalon cuts the gaps of its Poisson process at three means. The mean of
// min(X, 3/r) is (1 - e^-3)/r, so it sends 1/(1 - e^-3) = 1.0524 times the rate that
// was asked for. Nothing is cut here.
func renewal(s *spec, gap numbers, cv float64) process {
	rate, us := readRate(s), int64(0)
	return process{rate: rate, cv: cv, endless: true, next: func() (arrival, bool) {
		us += microseconds(gap() / rate)
		return arrival{us: us}, true
	}}
}

// source is a random stream.
type source interface{ Uint64() uint64 }

func exponentialGaps(src source) numbers { return distuv.Exponential{Rate: 1, Src: src}.Rand }

func gammaGaps(cv float64, src source) numbers { return gammaShape(1/(cv*cv), src) }

func gammaShape(shape float64, src source) numbers {
	return distuv.Gamma{Alpha: shape, Beta: shape, Src: src}.Rand
}

func weibullGaps(shape float64, src source) numbers {
	return distuv.Weibull{K: shape, Lambda: 1 / math.Gamma(1+1/shape), Src: src}.Rand
}

func weibullCV(shape float64) float64 {
	mean := math.Gamma(1 + 1/shape)
	return math.Sqrt(math.Gamma(1+2/shape)/(mean*mean) - 1)
}

// modulated are the gaps of a process whose rate changes, in multiples of their
// mean: those of a Poisson process, or with cv= of a burstier or steadier one.
func modulated(s *spec, e env) (gap numbers, cv float64) {
	if cv = s.within("cv", leastCV, mostCV, 1); cv == 1 {
		return exponentialGaps(e.streams.of(s.flag)), cv
	}
	return gammaGaps(cv, e.streams.of(s.flag)), cv
}
