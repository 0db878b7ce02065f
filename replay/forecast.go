package replay

import (
	"container/heap"
	"context"
	"hash/maphash"
)

// Forecast is what a plan comes to, before anything is sent.
type Forecast struct {
	Mode     Mode    `json:"mode"`
	Requests int64   `json:"requests"`
	Sessions int64   `json:"sessions"` // that have an id, anew in each pass
	Alone    int64   `json:"requests_without_session"`
	Skipped  int64   `json:"skipped"`
	Passes   int64   `json:"passes"`
	Speed    float64 `json:"speed"`
	Ratio    string  `json:"speed_exact"`

	// Of the schedule; absent where there is none.
	ScheduleS float64 `json:"schedule_s,omitempty"` // to the last send
	MeanRate  float64 `json:"mean_rate,omitempty"`  // requests/s until then
	PeakRate  int64   `json:"peak_rate,omitempty"`  // requests in the busiest second
	BucketS   float64 `json:"bucket_s,omitempty"`   // of PerBucket
	PerBucket []int64 `json:"requests_per_bucket,omitempty"`

	PromptTokens        int64 `json:"prompt_tokens"`
	PromptTokensUnknown int64 `json:"prompt_tokens_unknown"` // requests whose trace does not tell
	OutputTokens        int64 `json:"output_tokens"`
	OutputTokensUnknown int64 `json:"output_tokens_unknown"`

	// How long answers take: as recorded, else guessed from their lengths, else
	// left out of what follows.
	DurationsRecorded int64 `json:"durations_recorded"`
	DurationsGuessed  int64 `json:"durations_guessed"`
	DurationsUnknown  int64 `json:"durations_unknown"`

	PeakInFlight int64            `json:"peak_in_flight"` // if the target is as fast as that
	TakesS       float64          `json:"takes_s"`        // from the first send to the last answer, likewise
	Phases       map[string]int64 `json:"phases"`
}

// What is guessed of a server for answers whose duration the trace does not
// tell: prompt tokens it reads and tokens that it writes a second.
const (
	guessedPrefill = 10_000
	guessedDecode  = 40
)

// Forecast walks the plan, which Measure has measured, and reads only lengths
// and times. buckets is the number of PerBucket.
func (p *Plan) Forecast(ctx context.Context, buckets int) (*Forecast, error) {
	f := &Forecast{Mode: p.Mode, Requests: p.rows, Skipped: p.skipped, Passes: p.passes, Speed: p.speed.float(), Ratio: p.speed.String(), Phases: map[string]int64{}}
	w := forecaster{Forecast: f, plan: p, sessions: map[uint64]bool{}}
	if p.Mode.scheduled() {
		w.bucketUS = p.lastUS/int64(buckets) + 1
		f.BucketS, f.ScheduleS = float64(w.bucketUS)/1e6, float64(p.lastUS)/1e6
		f.PerBucket = make([]int64, buckets)
		if p.lastUS > 0 {
			f.MeanRate = float64(p.rows) / f.ScheduleS
		}
	}
	for pass := int64(1); pass <= p.passes; pass++ {
		if err := w.pass(ctx, pass); err != nil {
			return nil, err
		}
	}
	w.finish()
	return f, nil
}

// peakRows is how many rows of the plan's beginning peakInFlight reads, so that a
// long trace starts soon.
const peakRows = 100_000

// peakInFlight is how many requests will be in flight at once, by the first rows of
// the plan.
func (p *Plan) peakInFlight(ctx context.Context) (int, error) {
	if !p.Mode.scheduled() {
		return int(min(int64(p.Users), p.rows)), nil
	}
	f := &Forecast{Phases: map[string]int64{}, PerBucket: make([]int64, 1)}
	w := forecaster{Forecast: f, plan: p, most: peakRows, bucketUS: p.lastUS + 1, sessions: map[uint64]bool{}}
	for pass := int64(1); pass <= p.passes && w.seen < w.most; pass++ {
		if err := w.pass(ctx, pass); err != nil {
			return 0, err
		}
	}
	return int(f.PeakInFlight), nil
}

// forecaster adds a Forecast up.
type forecaster struct {
	*Forecast
	most     int64 // rows that it takes; 0: all
	seen     int64 // that it took
	plan     *Plan
	sent     int64
	bucketUS int64
	recent   []int64 // sends of the last second
	ends     moments // of what is in flight
	lastUS   int64   // end of the last answer
	totalUS  int64   // of all durations
	sessions map[uint64]bool
}

func (w *forecaster) pass(ctx context.Context, number int64) error {
	p := w.plan
	walk := pass{p: p}
	clear(w.sessions)
	for a, err := range p.arrivals(ctx, columnsOf(true, "input_tokens", "output_tokens", "dispatched", "end")) {
		if err != nil {
			return err
		}
		if walk.full() || w.most > 0 && w.seen == w.most {
			return nil
		}
		if !a.replayable(p) {
			continue
		}
		at, ok := walk.add(a.startUS(), a.identity)
		if !ok {
			continue
		}
		dueUS := int64(0)
		if p.Mode.scheduled() {
			if dueUS = p.due(number, at); dueUS >= p.Loop.limitUS() {
				return nil
			}
		}
		if at.mine {
			w.add((number-1)*p.perPass+at.index, dueUS, a)
		}
	}
	return nil
}

func (w *forecaster) add(index, dueUS int64, a arrival) {
	p := w.plan
	w.seen++
	if s := a.identity().session; s == "" {
		w.Alone++
	} else if key := maphash.String(p.seed, s); !w.sessions[key] {
		w.sessions[key] = true
		w.Sessions++
	}
	input, output := w.lengths(a)
	us := w.duration(a, input, output)
	w.totalUS += us
	if !p.Mode.scheduled() {
		w.Phases[p.phaseOf(w.sent, p.rows, 0, 0)]++
		w.sent++
		return
	}
	w.Phases[p.phaseOf(index, p.whole, dueUS, p.endUS)]++
	w.PerBucket[dueUS/w.bucketUS]++
	for len(w.recent) > 0 && w.recent[0] <= dueUS-1e6 {
		w.recent = w.recent[1:]
	}
	w.recent = append(w.recent, dueUS)
	w.PeakRate = max(w.PeakRate, int64(len(w.recent)))
	for len(w.ends) > 0 && w.ends[0] <= dueUS {
		heap.Pop(&w.ends)
	}
	heap.Push(&w.ends, dueUS+us)
	w.PeakInFlight = max(w.PeakInFlight, int64(len(w.ends)))
	w.lastUS = max(w.lastUS, dueUS+us)
}

// lengths counts the tokens of a row; what is not known is 0.
func (w *forecaster) lengths(a arrival) (input, output int64) {
	input, ok := a.number(0)
	if w.PromptTokens += input; !ok {
		w.PromptTokensUnknown++
	}
	output, ok = a.number(1)
	if w.OutputTokens += output; !ok {
		w.OutputTokensUnknown++
	}
	return input, output
}

func (w *forecaster) duration(a arrival, input, output int64) int64 {
	sentUS, _ := a.number(2)
	if endUS, ok := a.number(3); ok {
		w.DurationsRecorded++
		return max(0, endUS-sentUS)
	}
	if input == 0 && output == 0 {
		w.DurationsUnknown++
		return 0
	}
	w.DurationsGuessed++
	return input*1e6/guessedPrefill + output*1e6/guessedDecode
}

// finish says what the answers' durations come to.
func (w *forecaster) finish() {
	if w.plan.Mode.scheduled() {
		w.TakesS = float64(w.lastUS) / 1e6
		return
	}
	strands := w.Requests
	if w.Mode == Closed {
		strands = w.Sessions + w.Alone
	}
	w.PeakInFlight = min(int64(w.plan.Users), strands)
	w.TakesS = float64(w.totalUS/max(1, w.PeakInFlight)) / 1e6
}

// moments is a heap, the earliest first.
type moments []int64

func (h moments) Len() int           { return len(h) }
func (h moments) Less(i, j int) bool { return h[i] < h[j] }
func (h moments) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *moments) Push(us any)       { *h = append(*h, us.(int64)) }
func (h *moments) Pop() any {
	last := len(*h) - 1
	us := (*h)[last]
	*h = (*h)[:last]
	return us
}
