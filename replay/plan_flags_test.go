package replay

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestPlanFlags: the schedule of a small trace under each flag, worked out by hand.
func TestPlanFlags(t *testing.T) {
	trace := traceOf(t, 0, 1_000_000, 1_000_000, 2_500_000, 10_000_000)
	speed := func(text string) Speed { s, _ := ParseSpeed(text); return s }
	mean := func(text string) Rate { r, _ := ParseMeanRate(text); return r }
	peak := func(text string) Rate { r, _ := ParsePeakRate(text); return r }
	for _, c := range []struct {
		name string
		plan Plan
		want []int64
		err  string
	}{
		{name: "limit", plan: Plan{Limit: 2}, want: []int64{0, 1_000_000}},
		{name: "limit beyond the end", plan: Plan{Limit: 99}, want: []int64{0, 1_000_000, 1_000_000, 2_500_000, 10_000_000}},
		{name: "idle gap", plan: Plan{MaxIdleGap: time.Second}, want: []int64{0, 1_000_000, 1_000_000, 2_000_000, 3_000_000}},
		{name: "idle gap at twice the speed", plan: Plan{MaxIdleGap: time.Second, Speed: speed("2")}, want: []int64{0, 500_000, 500_000, 1_000_000, 1_500_000}},
		{name: "idle gap before the first row", plan: Plan{Selection: window(1500*time.Millisecond, 0), MaxIdleGap: 100 * time.Millisecond}, want: []int64{100_000, 200_000}},
		// 5 requests over 10 s and a mean gap of 2.5 s are 0.4/s.
		{name: "mean rate", plan: Plan{Rate: mean("4")}, want: []int64{0, 100_000, 100_000, 250_000, 1_000_000}},
		{name: "mean rate over a window", plan: Plan{Selection: window(0, 20*time.Second), Rate: mean("0.5")}, want: []int64{0, 500_000, 500_000, 1_250_000, 5_000_000}},
		// Three requests within 1 s: at half the time they are within half a second.
		{name: "peak rate", plan: Plan{Rate: peak("2")}, want: []int64{0, 1_000_000, 1_000_000, 2_500_000, 10_000_000}},
		{name: "peak rate 4", plan: Plan{Rate: peak("4")}, want: []int64{0, 100_000, 100_000, 250_000, 1_000_000}},
		{name: "peak rate of ties", plan: Plan{Rate: peak("1")}, err: "at one moment"},
		{name: "peak rate of few", plan: Plan{Rate: peak("5")}, err: "cannot be made of 5 requests"},
		{name: "loop over a window", plan: Plan{Selection: window(0, 2*time.Second), Loop: Loop{Times: 2}}, want: []int64{0, 1_000_000, 1_000_000, 2_000_000, 3_000_000, 3_000_000}},
		{name: "loop without a window: a mean gap lies between", plan: Plan{Limit: 4, Loop: Loop{Times: 2}},
			want: []int64{0, 1_000_000, 1_000_000, 2_500_000, 3_333_333, 4_333_333, 4_333_333, 5_833_333}},
		{name: "loop for a time", plan: Plan{Selection: window(0, 2*time.Second), Loop: Loop{For: 3500 * time.Millisecond}, Speed: speed("2")},
			want: []int64{0, 500_000, 500_000, 1_000_000, 1_500_000, 1_500_000, 2_000_000, 2_500_000, 2_500_000, 3_000_000}},
		{name: "loop ends where a row is due", plan: Plan{Selection: window(0, 2*time.Second), Loop: Loop{For: 2 * time.Second}}, want: []int64{0, 1_000_000, 1_000_000}},
		// Three requests are within 1 s of a pass, and over its end within half of one.
		{name: "peak rate at the seam of passes", plan: Plan{Selection: window(0, 1500*time.Millisecond), Rate: peak("2"), Loop: Loop{Times: 2}},
			want: []int64{0, 2_000_000, 2_000_000, 3_000_000, 5_000_000, 5_000_000}},
		{name: "peak rate and a loop that ends before the seam", plan: Plan{Selection: window(0, 1500*time.Millisecond), Rate: peak("2"), Loop: Loop{For: 1500 * time.Millisecond}},
			want: []int64{0, 1_000_000, 1_000_000}},
		{name: "loop of one moment", plan: Plan{Limit: 1, Loop: Loop{Times: 2}}, err: "one moment cannot be looped"},
		{name: "speed and rate", plan: Plan{Speed: speed("2"), Rate: mean("1")}, err: "exclude each other"},
		{name: "closed", plan: Plan{Mode: Closed, Users: 2}, want: []int64{0, 0, 0, 0, 0}},
		{name: "closed loop of one moment", plan: Plan{Limit: 1, Loop: Loop{Times: 2}, Mode: Closed, Users: 2}, want: []int64{0, 0}},
		{name: "closed without users", plan: Plan{Mode: Closed}, err: "at least one user"},
		{name: "asap with a rate", plan: Plan{Mode: ASAP, Users: 2, Rate: mean("1")}, err: "there is no schedule"},
		{name: "nothing measured", plan: Plan{Warmup: Extent{Requests: 3}, Cooldown: Extent{Requests: 2}}, err: "leave nothing to measure"},
		{name: "nothing sampled", plan: Plan{Sample: 1e-9}, err: "in the sample of 1e-07 % (seed 0)"},
	} {
		p := c.plan
		p.Trace = trace
		if err := p.Measure(t.Context()); err != nil || c.err != "" {
			if err == nil || c.err == "" || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: got %v, want %q", c.name, err, c.err)
			}
			continue
		}
		var got []int64
		for s, err := range p.Sends() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, s.DueUS)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: sends at %v, want %v", c.name, got, c.want)
		}
		if p.Rows() != int64(len(c.want)) || p.Duration().Microseconds() != c.want[len(c.want)-1] {
			t.Errorf("%s: %d rows over %v", c.name, p.Rows(), p.Duration())
		}
	}
}

func TestPhases(t *testing.T) {
	trace := traceOf(t, 0, 1_000_000, 2_000_000, 3_000_000, 4_000_000)
	for _, c := range []struct {
		warmup, cooldown Extent
		want             string
	}{
		{Extent{}, Extent{}, "mmmmm"},
		{Extent{Requests: 2}, Extent{Requests: 1}, "wwmmc"},
		{Extent{Time: 2 * time.Second}, Extent{Time: time.Second}, "wwmmc"},
		{Extent{Time: time.Second}, Extent{Requests: 1}, "wmmmc"},
		{Extent{Time: 4 * time.Second}, Extent{}, "wwwwm"},
	} {
		p := Plan{Trace: trace, Warmup: c.warmup, Cooldown: c.cooldown}
		if err := p.Measure(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got string
		for s, err := range p.Sends() {
			if err != nil {
				t.Fatal(err)
			}
			got += s.Phase[:1]
		}
		if got != c.want {
			t.Errorf("warm-up %v, cool-down %v: %s, want %s", c.warmup, c.cooldown, got, c.want)
		}
	}
}

// TestPhasesOfShards: what is not measured counts by the whole schedule, and where there is
// none by what a shard sends.
func TestPhasesOfShards(t *testing.T) {
	trace := traceIn(t, 1, []rowAt{{0, "a"}, {1, "a"}, {2, "a"}, {3, "b"}, {4, "b"}, {5, "c"}, {6, "d"}, {7, "e"}})
	for _, c := range []struct {
		mode    Mode
		refused bool
	}{{Open, false}, {Session, false}, {Closed, true}, {ASAP, true}} {
		for _, shard := range []Shard{{1, 2}, {2, 2}} {
			p := Plan{Trace: trace, Mode: c.mode, Users: 1, Shard: shard, Warmup: Extent{Requests: 4}, Cooldown: Extent{Requests: 3}}
			err := p.Measure(t.Context())
			if refused := err != nil && strings.Contains(err.Error(), fmt.Sprintf("leave nothing to measure of %d requests", p.rows)); refused != c.refused {
				t.Errorf("%s, shard %s of %d requests: %v", c.mode, shard, p.rows, err)
			}
		}
	}
}

// TestPasses: each pass has ids, sessions and, unless asked otherwise, prompts
// of its own; within a pass what was shared stays so.
func TestPasses(t *testing.T) {
	for _, same := range []bool{false, true} {
		p := Plan{Trace: traceIn(t, 1, []rowAt{{0, "a"}, {1000, "a"}, {2000, ""}}), Loop: Loop{Times: 2}, SamePrompts: same}
		if err := p.Measure(t.Context()); err != nil {
			t.Fatal(err)
		}
		var sends []Send
		for s, err := range p.Sends() {
			if err != nil {
				t.Fatal(err)
			}
			sends = append(sends, s)
		}
		if len(sends) != 6 {
			t.Fatalf("%d sends", len(sends))
		}
		for i, s := range sends[3:] {
			first := sends[i]
			if s.Source != first.Source || s.Pass != 2 || first.Pass != 1 || first.Row.RecordID != first.Source {
				t.Errorf("row %d: passes %d and %d of %s and %s", i, first.Pass, s.Pass, first.Source, s.Source)
			}
			if (s.Row.RecordID == first.Row.RecordID) != same || (s.Row.BlockHashes[0] == first.Row.BlockHashes[0]) != same {
				t.Errorf("same prompts %v: row %d is %s %v and %s %v", same, i, first.Row.RecordID, first.Row.BlockHashes, s.Row.RecordID, s.Row.BlockHashes)
			}
			if s.Row.BlockHashes[0] != sends[3].Row.BlockHashes[0] {
				t.Error("prompts that begin alike do not in the second pass")
			}
		}
		if a, b, c := sends[0].Row.SessionID, sends[3].Row.SessionID, sends[5].Row.SessionID; a != "a" || b != "a~2" || c != "" {
			t.Errorf("sessions %q, %q, %q", a, b, c)
		}
	}
}

func TestLastTurn(t *testing.T) {
	p := Plan{Trace: traceIn(t, 1, []rowAt{{0, "a"}, {1, ""}, {2, "b"}, {3, "c"}, {4, "a"}, {5, "c"}, {6, "a"}}), Mode: Session}
	if err := p.Measure(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []bool
	for s, err := range p.Sends() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, s.last)
	}
	if want := []bool{false, true, true, false, false, true, true}; !reflect.DeepEqual(got, want) {
		t.Errorf("last turns %v, want %v", got, want)
	}
}

func TestSamplesNest(t *testing.T) {
	taken := func(share Share, seed uint64) (n int) {
		for i := range 4000 {
			id := identity{record: uuid.NewSHA1(uuid.Nil, []byte{byte(i), byte(i >> 8)})}
			if share.sampled(id, seed) {
				n++
				if !(2 * share).sampled(id, seed) {
					t.Fatal("a larger sample leaves out what a smaller one takes")
				}
			}
		}
		return n
	}
	if n := taken(0.1, 1); n < 300 || n > 500 {
		t.Errorf("%d of 4000 are in a sample of 10 %%", n)
	}
	a, b := identity{session: "s", record: uuid.New()}, identity{session: "s", record: uuid.New()}
	for seed := range uint64(50) {
		if Share(0.5).sampled(a, seed) != Share(0.5).sampled(b, seed) {
			t.Fatal("a session is cut")
		}
	}
}

func TestParsers(t *testing.T) {
	for _, c := range []struct {
		name string
		good []string
		bad  []string
		read func(string) error
	}{
		{"share", []string{"10%", "0.1", "100%", "1"}, []string{"", "0", "0%", "101%", "2", "-1", "x", "NaN"}, func(s string) error { _, err := ParseShare(s); return err }},
		{"shard", []string{"1/1", "2/4"}, []string{"", "0/4", "5/4", "1", "1/0", "a/b", "-1/2"}, func(s string) error { _, err := ParseShard(s); return err }},
		{"loop", []string{"1", "3", "10m", "1500ms"}, []string{"", "0", "-1", "0s", "-1m", "x", "1.5"}, func(s string) error { _, err := ParseLoop(s); return err }},
		{"extent", []string{"0", "100", "30s"}, []string{"", "-1", "-1s", "x"}, func(s string) error { _, err := ParseExtent(s); return err }},
		{"mean rate", []string{"20", "0.5", "1e3"}, []string{"", "0", "-1", "1e20", "x"}, func(s string) error { _, err := ParseMeanRate(s); return err }},
		{"peak rate", []string{"20", "1"}, []string{"", "0", "0.5", "1e9", "x"}, func(s string) error { _, err := ParsePeakRate(s); return err }},
		{"mode", []string{"open", "session", "closed", "asap"}, []string{"", "x"}, func(s string) error { _, err := ParseMode(s); return err }},
		{"overload", []string{"queue", "shed", "abort"}, []string{"", "x"}, func(s string) error { _, err := ParseOverload(s); return err }},
	} {
		for _, text := range c.good {
			if err := c.read(text); err != nil {
				t.Errorf("%s %q: %v", c.name, text, err)
			}
		}
		for _, text := range c.bad {
			if c.read(text) == nil {
				t.Errorf("%s %q is taken", c.name, text)
			}
		}
	}
}
