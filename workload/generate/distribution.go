package generate

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// numbers draws one number after the other.
type numbers func() float64

// distribution is a family of distributions of numbers: lengths, turns, times.
type distribution struct {
	name, usage string
	open        func(s *spec, streams streams) numbers
}

// distributions is the table of families: a new one is one line, or one file and
// one line, here. Those of gonum are gonum's, drawn as they are: nothing is cut.
func distributions() []distribution {
	return []distribution{
		{"fixed", "fixed:value=512, or just 512", func(s *spec, _ streams) numbers {
			v := s.value("value", 0)
			return func() float64 { return v }
		}},
		{"uniform", "uniform:min=16,max=2048", openUniform},
		{"zipf", "zipf:theta=0.6,min=16,max=2048[,scramble]", openZipf},
		{"normal", "normal:mean=500,std=100", func(s *spec, streams streams) numbers {
			return distuv.Normal{Mu: s.value("mean", 0), Sigma: s.value("std", 0), Src: streams.of(s.flag)}.Rand
		}},
		{"lognormal", "lognormal:median=500,sigma=0.8, or mean= for median=", func(s *spec, streams streams) numbers {
			sigma := s.above("sigma")
			var mu float64
			if s.has("mean") {
				mu = math.Log(s.value("mean", 1e-6)) - sigma*sigma/2
			} else {
				mu = math.Log(s.value("median", 1e-6))
			}
			return distuv.LogNormal{Mu: mu, Sigma: sigma, Src: streams.of(s.flag)}.Rand
		}},
		{"exponential", "exponential:mean=8s", func(s *spec, streams streams) numbers {
			return distuv.Exponential{Rate: 1 / s.value("mean", 1e-6), Src: streams.of(s.flag)}.Rand
		}},
		{"geometric", "geometric:mean=4, from 1 up", func(s *spec, streams streams) numbers {
			mean := s.value("mean", 1)
			uniform := distuv.Uniform{Max: 1, Src: streams.of(s.flag)}
			return func() float64 {
				if mean == 1 {
					return 1
				}
				return max(1, math.Ceil(math.Log1p(-uniform.Rand())/math.Log1p(-1/mean)))
			}
		}},
		{"file", "file:LENGTHS.csv[,order=shuffle|file|draw]: a column of it", openColumn},
		{"trace", "trace:TRACE.parquet[,order=...]: a column of it", openColumn},
	}
}

// openUniform draws times between two of them, and lengths and turns out of all whole
// numbers from one to another: rounded, the first and the last would come half as
// often as the others.
func openUniform(s *spec, streams streams) numbers {
	low := s.value("min", 0)
	high := s.value("max", low)
	if s.time {
		return distuv.Uniform{Min: low, Max: high, Src: streams.of(s.flag)}.Rand
	}
	low = math.Round(low)
	values := math.Round(high) - low + 1
	share := distuv.Uniform{Max: 1, Src: streams.of(s.flag)}.Rand
	return func() float64 { return low + min(values-1, math.Floor(share()*values)) }
}

// openNumbers reads the spec of a distribution; times are given in seconds, or as
// durations.
func openNumbers(flag, text string, isTime bool, streams streams) (numbers, error) {
	var names []string
	for _, d := range distributions() {
		names = append(names, d.name)
	}
	s, err := parseSpec(flag, text, names, fileFamilies())
	if err != nil {
		return nil, err
	}
	s.time = isTime
	for _, d := range distributions() {
		if d.name == s.family {
			draw := d.open(s, streams)
			return draw, s.done()
		}
	}
	panic("generate: parseSpec let " + s.family + " pass")
}
