package report

// Document is all that the page knows. Its numbers are those of `--json`, under the same
// keys.
type Document struct {
	Title       string            `json:"title"`
	Command     string            `json:"command"` // that makes the page again
	Ask         string            `json:"ask"`     // the flags of `metron analyze` that ask of a run what the page does, but for what its sliders say
	Runs        []Run             `json:"runs"`    // of a comparison the base first
	Comparison  any               `json:"comparison,omitempty"`
	Definitions map[string]string `json:"definitions"`    // by key of the JSON; nil: Write takes those of docs/metrics.md
	Live        bool              `json:"live,omitempty"` // the page can ask the server that it came from for what it does not hold
}

// Run is one population: a file, or several that count as one.
type Run struct {
	Name     string    `json:"name"`
	Groups   int       `json:"groups"`   // that there are, of which Result may hold the largest alone
	Headline string    `json:"headline"` // in a sentence
	Result   any       `json:"result"`   // analyze.Result
	Metrics  []Metric  `json:"metrics"`  // of the result, in the order of the table
	Sections []Section `json:"sections"`
	Grid     *Grid     `json:"grid,omitempty"`     // nil: nothing can be asked in the page
	Workload any       `json:"workload,omitempty"` // demand.Workload: what was asked of the server
	Windows  any       `json:"windows,omitempty"`  // the run, bin by bin of its time
	Tail     any       `json:"tail,omitempty"`     // its worst requests
}

// Metric says how a metric of the result is shown.
type Metric struct {
	Key     string `json:"key"`
	Label   string `json:"label"`
	Unit    string `json:"unit"`    // s, tokens, tokens/s or share
	Repeats bool   `json:"repeats"` // it says what another one says, and only the definitions name it
}

// Section is a part of the result that is text: lines for people, under a name.
type Section struct {
	Name  string   `json:"name"`
	Lines []string `json:"lines"`
}

// Grid holds the answers to a lattice of questions: each TTFT deadline with each TBT
// deadline, at some shares of deadlines that may be missed and some percentiles. Counts are
// exact at its points, and the page offers nothing between them. Miss rates are in
// permille, rounded up: a request of 2.01 % has 21. Percentiles are nearest ranks.
type Grid struct {
	TTFTUS     []int64 `json:"ttft_us"`
	Prefill    bool    `json:"prefill"` // TTFTUS is what comes on top of the prefill model's time
	TBTUS      []int64 `json:"tbt_us"`
	Miss       []int64 `json:"miss_permille"`
	Percentile []int64 `json:"percentile_permille"`
	Asked      Point   `json:"asked"` // what analyze was asked; 100 permille for a share that is no whole number of them

	DurationS *float64 `json:"duration_s"`
	Answered  int64    `json:"answered"` // requests that are judged by their tokens
	Failed    int64    `json:"failed"`   // that miss whatever is asked
	LeftOut   int64    `json:"left_out"` // that nobody can judge
	Unknown   int64    `json:"unknown"`  // of Answered, whose tokens nobody counted

	// By TTFT deadline, TBT deadline, and share that may be missed.
	Good       [][][]int64 `json:"good"`        // of Answered, the requests that miss no more
	GoodTokens [][][]int64 `json:"good_tokens"` // theirs
	Gone       [][][]int64 `json:"gone"`        // requests whose client left after more had been missed; null: none left

	MissRate      [][][]int64 `json:"miss_rate"`      // percentile of the requests', permille; the last index is the percentile
	ServiceMissed [][]int64   `json:"service_missed"` // deadlines, of all requests together
	ServiceTotal  [][]int64   `json:"service_total"`

	// The first token left out.
	Decoding       int64      `json:"decoding"`          // requests of two tokens and more
	DecodeMissRate [][]int64  `json:"decode_miss_rate"`  // by TBT deadline and percentile, permille
	FluidUS        [][]*int64 `json:"fluid_deadline_us"` // by share missed and percentile: the TBT deadline that so many requests need; null: none
}

// Point is a place in a Grid, as indexes.
type Point struct {
	TTFT       int `json:"ttft"`
	TBT        int `json:"tbt"`
	Miss       int `json:"miss"`
	Percentile int `json:"percentile"`
}
