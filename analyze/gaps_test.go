package analyze

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"metron/schema"
)

func chunks(times []int64, tokens []int32) row {
	r := row{stream: true, chunkTime: times, chunkTokens: tokens}
	for range times {
		r.chunkKind = append(r.chunkKind, schema.KindContent)
	}
	return r
}

func TestMultiTokenPolicies(t *testing.T) {
	// Four tokens every 80 ms, the first chunk after 100 ms.
	r := chunks([]int64{100_000, 180_000, 260_000}, []int32{4, 4, 4})
	for policy, want := range map[Policy][]int64{
		Burst:  {100_000, 0, 0, 0, 80_000, 0, 0, 0, 80_000, 0, 0, 0},
		Spread: {100_000, 0, 0, 0, 20_000, 20_000, 20_000, 20_000, 20_000, 20_000, 20_000, 20_000},
		Chunk:  {100_000, 80_000, 80_000},
	} {
		var got tokenTimes
		got.reset(&r, 0, policy)
		if !reflect.DeepEqual(got.streams, [][]int64{want}) {
			t.Errorf("%s: %v, want %v", policy, got.streams, want)
		}
		if got.tokens != 12 || got.chunks != 3 || got.first != 100_000 || got.last != 260_000 {
			t.Errorf("%s: %+v", policy, got)
		}
	}
}

func TestTokensOfEveryKind(t *testing.T) {
	all := row{stream: true,
		chunkTime: []int64{10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110},
		chunkKind: []int8{schema.KindRole, schema.KindPing, schema.KindReasoning, schema.KindContent, schema.KindTool, schema.KindRefusal,
			schema.KindFinish, schema.KindUsage, schema.KindError, schema.KindDone, schema.KindOther}}
	var got tokenTimes
	got.reset(&all, 5, Burst)
	if want := [][]int64{{25, 10, 10, 10}}; !reflect.DeepEqual(got.streams, want) {
		t.Errorf("gaps %v, want %v", got.streams, want)
	}
	if !got.reasoning || got.known || got.tokens != 4 {
		t.Errorf("%+v", got)
	}
}

func TestEachChoiceIsItsOwnStream(t *testing.T) {
	r := chunks([]int64{100, 110, 120, 150, 160}, []int32{1, 1, 1, 1, 2})
	r.chunkChoice = []int16{0, 1, 0, 1, 0}
	var got tokenTimes
	got.reset(&r, 0, Burst)
	if want := [][]int64{{100, 20, 40, 0}, {110, 40}}; !reflect.DeepEqual(got.streams, want) {
		t.Errorf("gaps %v, want %v", got.streams, want)
	}
	if got.first != 100 || got.last != 160 || got.span != 60+40 {
		t.Errorf("%+v", got)
	}
}

func TestChunkTokensThatSayNothing(t *testing.T) {
	for name, c := range map[string]struct {
		row   row
		gaps  [][]int64
		known bool
	}{
		"unknown":                  {chunks([]int64{10, 20}, nil), [][]int64{{10, 10}}, false},
		"all zero":                 {chunks([]int64{10, 20}, []int32{0, 0}), [][]int64{{10, 10}}, false},
		"half a letter, no token":  {chunks([]int64{10, 20, 30}, []int32{1, 0, 1}), [][]int64{{10, 20}}, true},
		"no chunk":                 {chunks(nil, nil), nil, false},
		"nothing before the first": {chunks([]int64{10, 20, 30}, []int32{0, 1, 1}), [][]int64{{20, 10}}, true},
	} {
		var got tokenTimes
		got.reset(&c.row, 0, Burst)
		if !slices.EqualFunc(got.streams, c.gaps, slices.Equal) || got.known != c.known {
			t.Errorf("%s: %v (known: %v), want %v", name, got.streams, got.known, c.gaps)
		}
	}
}

func TestChunksThatSharedARead(t *testing.T) {
	r := chunks([]int64{10, 10, 20, 30, 30, 30}, nil)
	r.chunkRead = []int32{0, 0, 1, 2, 2, 2}
	r.chunkKind[5] = schema.KindDone
	var got tokenTimes
	got.reset(&r, 0, Burst)
	if got.reads != 5 || got.together != 4 {
		t.Errorf("%d of %d chunks shared a read, want 4 of 5", got.together, got.reads)
	}
}

// Burst and spread have a gap a token, chunk a gap a chunk; all three add up to the
// same time; burst and chunk differ by zeros alone; spreading never makes a longer
// gap. A used tokenTimes gives what a new one gives.
func TestPolicyInvariants(t *testing.T) {
	var used tokenTimes
	rapid.Check(t, func(t *rapid.T) {
		var r row
		at := int64(0)
		for range rapid.IntRange(0, 12).Draw(t, "chunks") {
			at += rapid.Int64Range(0, 100).Draw(t, "gap")
			r.chunkTime = append(r.chunkTime, at)
			r.chunkKind = append(r.chunkKind, schema.KindContent)
			r.chunkTokens = append(r.chunkTokens, rapid.Int32Range(1, 7).Draw(t, "tokens"))
			r.chunkChoice = append(r.chunkChoice, rapid.Int16Range(0, 2).Draw(t, "choice"))
		}
		x := rapid.Int64Range(0, 50).Draw(t, "sent")
		all := map[Policy]tokenTimes{}
		for _, p := range Policies() {
			var fresh tokenTimes
			fresh.reset(&r, x, p)
			used.reset(&r, x, p)
			if !slices.EqualFunc(fresh.streams, used.streams, slices.Equal) || fresh.tokens != used.tokens || fresh.span != used.span {
				t.Fatalf("%s: %v new, %v used", p, fresh, used)
			}
			all[p] = fresh
		}
		for i, burst := range all[Burst].streams {
			spread, chunk := all[Spread].streams[i], all[Chunk].streams[i]
			if len(burst) != len(spread) || sum(burst) != sum(spread) || sum(burst) != sum(chunk) {
				t.Fatalf("burst %v, spread %v, chunk %v", burst, spread, chunk)
			}
			notZero := func(gaps []int64) []int64 {
				return slices.DeleteFunc(slices.Clone(gaps), func(g int64) bool { return g == 0 })
			}
			if !slices.Equal(notZero(burst), notZero(chunk)) {
				t.Fatalf("burst %v, chunk %v", burst, chunk)
			}
			longest := func(gaps []int64) int64 { return slices.Max(append([]int64{0}, gaps[1:]...)) }
			if longest(spread) > longest(chunk) {
				t.Fatalf("spread %v, chunk %v", spread, chunk)
			}
		}
	})
}

func sum(values []int64) int64 {
	total := int64(0)
	for _, v := range values {
		total += v
	}
	return total
}

// The quick reading of the usual row is the reading of any.
func TestReadOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := row{stream: true}
		at := rapid.Int64Range(0, 50).Draw(t, "first")
		for range rapid.IntRange(0, 12).Draw(t, "chunks") {
			r.chunkTime = append(r.chunkTime, at)
			r.chunkKind = append(r.chunkKind, int8(rapid.IntRange(-1, 11).Draw(t, "kind")))
			r.chunkTokens = append(r.chunkTokens, int32(rapid.IntRange(-1, 3).Draw(t, "tokens")))
			at += rapid.Int64Range(-5, 30).Draw(t, "gap")
		}
		if rapid.Bool().Draw(t, "tokens unknown") {
			r.chunkTokens = nil
		}
		var quick, any tokenTimes
		quick.reset(&r, 7, Burst)
		quick.reset(&r, 7, Burst) // in the buffers of another request
		one := r
		one.chunkChoice = make([]int16, len(r.chunkTime)) // all of choice 0: the long way
		any.reset(&one, 7, Burst)
		if len(r.chunkTime) == 0 {
			one.chunkChoice = nil
		}
		quick.asChunks, any.asChunks = nil, nil
		if fmt.Sprintf("%+v", quick) != fmt.Sprintf("%+v", any) {
			t.Fatalf("%+v, the long way %+v", quick, any)
		}
	})
}
