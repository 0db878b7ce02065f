package linked

// Columns are the bins as a page reads them: for each number a list with an entry a bin.
// Times are microseconds after the origin.
type Columns struct {
	OriginUS int64 `json:"origin_us"` // since the Unix epoch: the first start_time
	WidthUS  int64 `json:"width_us"`
	First    int64 `json:"first"` // bin i covers width_us from (first + i) * width_us on

	Requests    []int64  `json:"requests"`
	Measured    []int64  `json:"measured"`
	OK          []int64  `json:"ok"`
	Input       []int64  `json:"input_tokens"`
	Output      []int64  `json:"output_tokens"`
	NoInput     []int64  `json:"no_input"`
	NoOutput    []int64  `json:"no_output"`
	FirstSendUS []*int64 `json:"first_send_us"`
	LastEndUS   []*int64 `json:"last_end_us"`
	TTFT        []Counts `json:"ttft_us"`
	TTFTSumUS   []int64  `json:"ttft_sum_us"`
	TBT         []Counts `json:"tbt_us"`
	TBTSumUS    []int64  `json:"tbt_sum_us"`
	E2E         []int64  `json:"e2e"`
	E2ESumUS    []int64  `json:"e2e_sum_us"`
	Met         []int64  `json:"deadlines_met"`
	Missed      []int64  `json:"deadlines_missed"`
	Tokens      []int64  `json:"tokens"`
	InFlightUS  []int64  `json:"in_flight_us"`
	BucketBits  int      `json:"bucket_bits"` // an octave is cut into 2^bucket_bits buckets
	RelativeErr float64  `json:"relative_error"`
}

// Columns are those of the bins.
func (b Bins) Columns() Columns {
	c := Columns{OriginUS: b.Origin, WidthUS: b.Width, First: b.First,
		BucketBits: octaveBits, RelativeErr: RelativeError}
	after := func(m Moment) *int64 {
		if !m.Known {
			return nil
		}
		return new(m.US - b.Origin)
	}
	for i := range b.Bins {
		bin := &b.Bins[i]
		for _, p := range []struct {
			to   *[]int64
			from int64
		}{
			{&c.Requests, bin.Requests}, {&c.Measured, bin.Measured}, {&c.OK, bin.OK},
			{&c.Input, bin.Input}, {&c.Output, bin.Output}, {&c.NoInput, bin.NoInput}, {&c.NoOutput, bin.NoOutput},
			{&c.TTFTSumUS, bin.TTFTSum}, {&c.TBTSumUS, bin.TBTSum}, {&c.E2E, bin.E2E}, {&c.E2ESumUS, bin.E2ESum},
			{&c.Met, bin.Met}, {&c.Missed, bin.Missed}, {&c.Tokens, bin.Tokens}, {&c.InFlightUS, bin.InFlight},
		} {
			*p.to = append(*p.to, p.from)
		}
		c.FirstSendUS = append(c.FirstSendUS, after(bin.FirstSend))
		c.LastEndUS = append(c.LastEndUS, after(bin.LastEnd))
		c.TTFT, c.TBT = append(c.TTFT, bin.TTFT), append(c.TBT, bin.TBT)
	}
	return c
}
