package analyze

// usPerSecond turns integer microseconds into seconds.
const usPerSecond = 1e6

// scorer counts the deadlines of one request in the arithmetic asked for. Its
// gaps are microseconds, a slice for each choice.
type scorer struct {
	arithmetic Arithmetic
	streams    [][]int64
	search     deadlineSearch
	seconds    [][]float64 // the streams as Etalon takes them; reused from request to request
}

// reset makes the scorer count another request.
func (s *scorer) reset(streams [][]int64) {
	s.streams = streams
	s.search.reset(streams, s.arithmetic)
	if s.arithmetic != ArithmeticEtalon {
		return
	}
	for len(s.seconds) < len(streams) {
		s.seconds = append(s.seconds, nil)
	}
	s.seconds = s.seconds[:len(streams)]
	for i, gaps := range streams {
		s.seconds[i] = s.seconds[i][:0]
		for _, g := range gaps {
			s.seconds[i] = append(s.seconds[i], float64(g)/usPerSecond)
		}
	}
}

// score adds the scores of all choices.
func (s *scorer) score(d Deadlines) Score {
	var sum Score
	switch s.arithmetic {
	case ArithmeticEtalon:
		return s.etalon(EtalonDeadlines{float64(d.TTFT) / usPerSecond, float64(d.TBT) / usPerSecond, d.DecodeOnly})
	case ArithmeticDocs:
		for _, gaps := range s.streams {
			sum = sum.Add(Docs(gaps, d))
		}
	default:
		for _, gaps := range s.streams {
			sum = sum.Add(Exact(gaps, d))
		}
	}
	return sum
}

func (s *scorer) etalon(d EtalonDeadlines) Score {
	var sum Score
	for _, gaps := range s.seconds {
		sum = sum.Add(Etalon(gaps, d))
	}
	return sum
}

// decodeScore leaves token 1 out and holds the others to a deadline of whole
// milliseconds. Etalon's are products, not quotients: 18 * 0.001 is not 0.018.
func (s *scorer) decodeScore(ms int) Score {
	if s.arithmetic == ArithmeticEtalon {
		return s.etalon(EtalonDeadlines{TBT: float64(ms) * 0.001, DecodeOnly: true})
	}
	return s.score(Deadlines{TBT: int64(ms) * curveStepUS, DecodeOnly: true})
}

// minTBTDeadline is the minimum TBT deadline of the request in units of which
// the arithmetic has deadlineUnit a second, and false where it is unattainable.
// Etalon's search has no such answer: it gives 1e10 s.
func (s *scorer) minTBTDeadline(d Deadlines, rho Fraction) (float64, bool) {
	if s.arithmetic != ArithmeticEtalon {
		tbt, ok := s.search.minimum(d, rho)
		return float64(tbt), ok
	}
	due := EtalonDeadlines{TTFT: float64(d.TTFT) / usPerSecond, DecodeOnly: d.DecodeOnly}
	return EtalonMinTBTDeadline(rho.Float(), func(tbt float64) float64 {
		due.TBT = tbt
		rate, _ := s.etalon(due).MissRate() // 0 where nothing is due
		return rate
	}), true
}

// index is the fluidity-index of a score. Etalon subtracts the miss rate from 1.
func (a Arithmetic) index(s Score) (float64, bool) {
	if rate, ok := s.MissRate(); ok && a == ArithmeticEtalon {
		return 1 - rate, true
	}
	return s.Index()
}

// deadlineUnit is how many units of a minimum deadline make a second: integer
// microseconds, but Etalon's float seconds.
func (a Arithmetic) deadlineUnit() float64 {
	if a == ArithmeticEtalon {
		return 1
	}
	return usPerSecond
}
