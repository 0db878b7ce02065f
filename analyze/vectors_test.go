package analyze

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"os"
	"slices"
	"strconv"
	"testing"
)

// vectors are the outputs of Etalon's own functions, and exact references made
// from the decimal literals.
type vectors struct {
	FloorDiv []struct {
		A, B     float64
		FloorDiv float64 `json:"py_floordiv"`
		Floor    float64 `json:"math_floor_of_quotient"`
	} `json:"py_floordiv"`
	Golden       []requestVector `json:"golden"`
	Edge         []requestVector `json:"edge"`
	Random       []requestVector `json:"random_request_level"`
	ServiceLevel []struct {
		Requests [][]float64
		TTFT     []float64 `json:"ttft_deadlines"`
		TBT      []float64 `json:"tbt_deadlines"`
		Etalon   struct {
			MissRate string `json:"miss_rate_hex"`
			Missed   float64
			Total    float64
		}
	} `json:"service_level"`
	Throughput     []throughputVector     `json:"throughput"`
	RequestMetrics []requestMetricsVector `json:"request_metrics"`
}

type requestVector struct {
	ID         any
	Desc       string
	Gaps       []json.Number `json:"inter_token_times"`
	TTFT       json.Number   `json:"ttft_deadline"`
	TBT        json.Number   `json:"tbt_deadline"`
	Rho        json.Number   `json:"target_deadline_miss_rate"`
	DecodeOnly bool          `json:"should_ignore_first_token"`
	Etalon     struct {
		MissRate    string  `json:"miss_rate_hex"`
		Missed      float64 `json:"missed_deadlines"`
		Total       float64 `json:"total_deadlines"`
		Index       float64 `json:"fluidity_index_code"`
		MinDeadline string  `json:"min_tbt_deadline_hex"`
	}
	Ref *struct {
		OnTime    int64    `json:"on_time_tokens"`
		Late      int64    `json:"late_tokens"`
		IndexDocs *float64 `json:"fluidity_index_docs"`
		Missed    int64    `json:"exact_missed"`
		Total     int64    `json:"exact_total"`
		Index     *float64 `json:"fluidity_index_exact"`
		MinNS     *int64   `json:"exact_min_tbt_ns"`
	}
}

type throughputVector struct {
	Requests [][]json.Number
	TPOT     []float64 `json:"tpot_times"`
	Etalon   struct {
		Rates       []string  `json:"throughput_hex"`
		MinDeadline []float64 `json:"per_request_min_tbt"`
		MissRates   []float64 `json:"p99_miss_rate_curve_1_to_100ms"`
	}
	Ref struct {
		Rate  float64 `json:"strict_fluid_rate_tok_s"`
		MinNS []int64 `json:"exact_min_tbt_ns_sorted"`
	}
}

type requestMetricsVector struct {
	Gaps   []json.Number `json:"inter_token_times"`
	Prompt int64         `json:"num_prompt_tokens"`
	Output int64         `json:"num_output_tokens"`
	Etalon struct {
		Total      int64   `json:"num_total_tokens"`
		E2E        float64 `json:"end_to_end_latency"`
		Normalized float64 `json:"normalized_end_to_end_latency"`
		TTFT       float64
		TPOT       float64
		Throughput float64 `json:"output_throughput"`
	}
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	raw, err := os.ReadFile("../../shared/vectors/etalon.json")
	if err != nil {
		t.Skipf("the vectors stand beside the checkout: %v", err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func hex(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		// Python writes 0x0.0p+0, Go reads it; anything else is a broken vector.
		t.Fatal(err)
	}
	return f
}

func float(t *testing.T, n json.Number) float64 {
	t.Helper()
	f, err := n.Float64()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func floats(t *testing.T, ns []json.Number) []float64 {
	out := make([]float64, len(ns))
	for i, n := range ns {
		out[i] = float(t, n)
	}
	return out
}

// sameBits fails unless got and want are the same float64.
func sameBits(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Float64bits(got) != math.Float64bits(want) {
		t.Errorf("%s: got %v (%x), want %v (%x)", what, got, got, want, want)
	}
}

func TestVectorsFloorDiv(t *testing.T) {
	for _, v := range readVectors(t).FloorDiv {
		sameBits(t, fmt.Sprintf("%v // %v", v.A, v.B), floorDiv(v.A, v.B), v.FloorDiv)
		if got := math.Floor(v.A / v.B); got != v.Floor {
			t.Errorf("floor(%v / %v) is %v here and %v there", v.A, v.B, got, v.Floor)
		}
	}
}

func TestVectorsEtalon(t *testing.T) {
	all := readVectors(t)
	for _, v := range slices.Concat(all.Golden, all.Edge, all.Random) {
		t.Run(fmt.Sprint(v.ID, v.Desc), func(t *testing.T) {
			s := scorer{arithmetic: ArithmeticEtalon, seconds: [][]float64{floats(t, v.Gaps)}}
			score := s.etalon(EtalonDeadlines{float(t, v.TTFT), float(t, v.TBT), v.DecodeOnly})
			if float64(score.Missed) != v.Etalon.Missed || float64(score.Total()) != v.Etalon.Total {
				t.Errorf("missed %d of %d, want %v of %v", score.Missed, score.Total(), v.Etalon.Missed, v.Etalon.Total)
			}
			rate, defined := score.MissRate()
			sameBits(t, "miss rate", rate, hex(t, v.Etalon.MissRate))
			if index, _ := ArithmeticEtalon.index(score); defined {
				sameBits(t, "fluidity-index", index, v.Etalon.Index)
			} else if v.Etalon.Index != 1 {
				t.Errorf("nothing was due and Etalon's index is %v", v.Etalon.Index)
			}
			if v.Etalon.MinDeadline == "" {
				return
			}
			got := EtalonMinTBTDeadline(float(t, v.Rho), func(tbt float64) float64 {
				rate, _ := s.etalon(EtalonDeadlines{float(t, v.TTFT), tbt, v.DecodeOnly}).MissRate()
				return rate
			})
			sameBits(t, "minimum TBT deadline", got, hex(t, v.Etalon.MinDeadline))
		})
	}
}

// nanoseconds rounds the literal to whole nanoseconds, a half to even, from its
// digits: it never is a float.
func nanoseconds(t *testing.T, n json.Number) int64 {
	t.Helper()
	r := decimal(t, n)
	r.Mul(r, big.NewRat(1e9, 1))
	whole, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	switch half := new(big.Int).Lsh(rest, 1).Cmp(r.Denom()); {
	case half > 0, half == 0 && whole.Bit(0) == 1:
		whole.Add(whole, big.NewInt(1))
	}
	return whole.Int64()
}

func allNanoseconds(t *testing.T, ns []json.Number) []int64 {
	out := make([]int64, len(ns))
	for i, n := range ns {
		out[i] = nanoseconds(t, n)
	}
	return out
}

// decimal is the number that the literal says.
func decimal(t *testing.T, n json.Number) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		t.Fatalf("%q is not a number", n)
	}
	return r
}

func TestVectorsExact(t *testing.T) {
	all := readVectors(t)
	for _, v := range slices.Concat(all.Golden, all.Random) {
		t.Run(fmt.Sprint(v.ID, v.Desc), func(t *testing.T) {
			gaps := allNanoseconds(t, v.Gaps)
			d := Deadlines{TTFT: nanoseconds(t, v.TTFT), TBT: nanoseconds(t, v.TBT), DecodeOnly: v.DecodeOnly}
			exact, docs := Exact(gaps, d), Docs(gaps, d)
			if exact.Missed != v.Ref.Missed || exact.Total() != v.Ref.Total {
				t.Errorf("exact: missed %d of %d, want %d of %d", exact.Missed, exact.Total(), v.Ref.Missed, v.Ref.Total)
			}
			if docs.Met != v.Ref.OnTime || docs.Missed != v.Ref.Late {
				t.Errorf("docs: %d on time, %d late, want %d and %d", docs.Met, docs.Missed, v.Ref.OnTime, v.Ref.Late)
			}
			sameIndex(t, "exact", exact, v.Ref.Index)
			sameIndex(t, "docs", docs, v.Ref.IndexDocs)
			rho, err := ParseFraction(v.Rho.String())
			if err != nil {
				t.Fatal(err)
			}
			min, ok := exactMinimum([][]int64{gaps}, d, rho)
			switch {
			case ok != (v.Ref.MinNS != nil):
				t.Errorf("minimum TBT deadline attainable: %v, want %v", ok, !ok)
			case ok && min != *v.Ref.MinNS:
				t.Errorf("minimum TBT deadline %d ns, want %d", min, *v.Ref.MinNS)
			}
		})
	}
}

func sameIndex(t *testing.T, what string, s Score, want *float64) {
	t.Helper()
	got, ok := s.Index()
	if ok != (want != nil) || ok && got != *want {
		t.Errorf("%s: fluidity-index %v (defined: %v), want %v", what, got, ok, want)
	}
}

func TestVectorsServiceLevel(t *testing.T) {
	for i, v := range readVectors(t).ServiceLevel {
		var sum Score
		for j, gaps := range v.Requests {
			sum = sum.Add(Etalon(gaps, EtalonDeadlines{TTFT: v.TTFT[j], TBT: v.TBT[j]}))
		}
		rate, _ := sum.MissRate()
		sameBits(t, fmt.Sprintf("case %d: service miss rate", i), rate, hex(t, v.Etalon.MissRate))
		if float64(sum.Missed) != v.Etalon.Missed || float64(sum.Total()) != v.Etalon.Total {
			t.Errorf("case %d: missed %d of %d, want %v of %v", i, sum.Missed, sum.Total(), v.Etalon.Missed, v.Etalon.Total)
		}
	}
}

func TestVectorsThroughputEtalon(t *testing.T) {
	for i, v := range readVectors(t).Throughput {
		var pooled, minima []float64
		curve := NewCurve(int64(len(v.Requests)))
		for j, literals := range v.Requests {
			gaps := floats(t, literals)
			pooled = append(pooled, gaps[1:]...)
			s := scorer{arithmetic: ArithmeticEtalon, seconds: [][]float64{gaps}}
			min, _ := s.minTBTDeadline(Deadlines{DecodeOnly: true}, fluidMissRate())
			sameBits(t, fmt.Sprintf("case %d: minimum TBT deadline %d", i, j), min, v.Etalon.MinDeadline[j])
			minima = append(minima, min)
			curve.add(&s)
		}
		var samples Samples
		for _, v := range minima {
			samples.Add(v)
		}
		deadline, _ := fluidDeadline(&samples, ArithmeticEtalon)
		sameBits(t, fmt.Sprintf("case %d: 1/mean TPOT", i), 1/numpyMean(v.TPOT), hex(t, v.Etalon.Rates[0]))
		sameBits(t, fmt.Sprintf("case %d: 1/P99 TBT", i), 1/Linear.sortedQuantile(fluidQuantile(), slices.Sorted(slices.Values(pooled))), hex(t, v.Etalon.Rates[1]))
		sameBits(t, fmt.Sprintf("case %d: fluid token rate", i), 1/deadline, hex(t, v.Etalon.Rates[2]))
		for k, point := range curve.Acceptance(Linear) {
			sameBits(t, fmt.Sprintf("case %d: acceptance at %d ms", i, k+1), point.Acceptance, 1-v.Etalon.MissRates[k])
		}
	}
}

func TestVectorsThroughputExact(t *testing.T) {
	for i, v := range readVectors(t).Throughput {
		var ns []int64
		var samples Samples
		for _, literals := range v.Requests {
			min, ok := exactMinimum([][]int64{allNanoseconds(t, literals)}, Deadlines{DecodeOnly: true}, fluidMissRate())
			if !ok {
				t.Fatalf("case %d: unattainable without a first token", i)
			}
			ns = append(ns, min)
			samples.Add(float64(min))
		}
		slices.Sort(ns)
		if !slices.Equal(ns, v.Ref.MinNS) {
			t.Errorf("case %d: minimum TBT deadlines %d, want %d", i, ns, v.Ref.MinNS)
		}
		if deadline, _ := fluidDeadline(&samples, ArithmeticExact); 1e9/deadline != v.Ref.Rate {
			t.Errorf("case %d: fluid token rate %v, want %v", i, 1e9/deadline, v.Ref.Rate)
		}
	}
}
