package generate

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// openOnOff sends at a rate for a while and then not at all, by turns, beginning
// with a burst. Periods are of fixed length, or with random of exponential length
// and the given mean, which makes it an interrupted Poisson process.
func openOnOff(s *spec, e env) process {
	rate, on, off := readRate(s), s.seconds("on"), s.seconds("off")
	gap, cv := modulated(s, e)
	if rate*on < 1e-3 {
		s.fail("hardly one burst in a thousand has a request")
		on, off = 1, 1 // numbers that nothing chokes on
	}
	nextOn := func() int64 { return microseconds(on) }
	nextOff := func() int64 { return microseconds(off) }
	asked := math.NaN()
	if s.word("random") {
		draw := distuv.Exponential{Rate: 1, Src: e.streams.of(s.flag + " periods")}.Rand
		nextOn = func() int64 { return max(1, microseconds(draw()*on)) }
		nextOff = func() int64 { return max(1, microseconds(draw()*off)) }
		if cv == 1 {
			asked = interruptedCV(rate, on, off)
		}
	}
	// Gaps count time within bursts alone; the pauses before are added to it.
	busyUS, pausesUS, burstUS := int64(0), int64(0), nextOn()
	return process{rate: rate * on / (on + off), cv: asked, endless: true, next: func() (arrival, bool) {
		busyUS += microseconds(gap() / rate)
		for busyUS >= burstUS {
			pausesUS += nextOff()
			burstUS += nextOn()
		}
		return arrival{us: busyUS + pausesUS}, true
	}}
}

// interruptedCV is that of the gaps of an interrupted Poisson process, which are
// hyperexponential: 1 + 2 rate a/(a+b)^2 squared, a = 1/on, b = 1/off.
func interruptedCV(rate, on, off float64) float64 {
	a, b := 1/on, 1/off
	return math.Sqrt(1 + 2*rate*a/((a+b)*(a+b)))
}
