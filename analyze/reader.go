package analyze

import "time"

// Reader is who reads the answers: the free parameters of two measures of what
// users see.
type Reader struct {
	// Quality of experience expects the first token after QoETTFT, and one more
	// every QoEPace.
	QoETTFT time.Duration // 0: 1 s
	QoEPace time.Duration // 0: 4.8 tokens/s, an adult's reading

	// Smooth goodput takes a token to be read in SmoothPace, and SmoothWeight tokens
	// to be lost in a second of waiting.
	SmoothPace   time.Duration // 0: 50 ms
	SmoothWeight float64       // 0: 20
}

func (r Reader) fill() Reader {
	if r.QoETTFT == 0 {
		r.QoETTFT = time.Second
	}
	if r.QoEPace == 0 {
		r.QoEPace = 208_333 * time.Microsecond
	}
	if r.SmoothPace == 0 {
		r.SmoothPace = 50 * time.Millisecond
	}
	if r.SmoothWeight == 0 {
		r.SmoothWeight = 20
	}
	return r
}
