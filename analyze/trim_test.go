package analyze

import (
	"strings"
	"testing"
	"time"

	"metron/internal/term"
	"metron/schema"
)

// ramp is a run of n requests, one every 50 ms, whose TTFT falls from 2 s to 100 ms over
// its first and rises over its last warm ones.
func ramp(n, warm int) []schema.Record {
	var out []schema.Record
	for i := range n {
		ttft := int64(100_000 + i*7919%13*1000)
		if i < warm {
			ttft += int64(2_000_000 * (warm - i) / warm)
		}
		if left := n - 1 - i; left < warm {
			ttft += int64(2_000_000 * (warm - left) / warm)
		}
		out = append(out, record(uint64(i), int64(i)*50_000, 1, ttft, ttft+20_000))
	}
	return out
}

func TestTrim(t *testing.T) {
	records := ramp(100, 0)
	for _, test := range []struct {
		trim       string
		head, tail int64
	}{
		{"0", 0, 0}, {"10", 10, 0}, {"10,5", 10, 5}, {"1s", 20, 0}, {"1s,1s", 20, 20}, {"0s,500ms", 0, 10}, {"5,1s", 5, 20},
	} {
		trim, err := ParseTrim(test.trim)
		if err != nil {
			t.Fatal(err)
		}
		r := analyze(t, Config{Trim: trim}, records...)
		m := r.Metrics.Get(keyTTFT)
		if left := m.LeftOut[trimmedOff]; left != test.head+test.tail || m.Count != 100-left {
			t.Errorf("--trim %s: %d requests, %d left out; want %d and %d left out", test.trim, m.Count, left, test.head, test.tail)
		}
		if want := float64(99-test.head-test.tail)*0.05 + 0.1; *r.DurationS < want || *r.DurationS > want+0.05 {
			t.Errorf("--trim %s: %v s, want %v", test.trim, *r.DurationS, want)
		}
		if !trim.IsZero() != warned(r, "trimmed") {
			t.Errorf("--trim %s: said it: %v", test.trim, warned(r, "trimmed"))
		}
	}
}

func TestSteady(t *testing.T) {
	r := analyze(t, Config{Trim: Trim{Steady: true}}, ramp(1000, 100)...)
	m := r.Metrics.Get(keyTTFT)
	left := m.LeftOut[trimmedOff]
	// MSER-5 keeps the end of a ramp that moves the mean less than more values steady it.
	if left < 100 || left > 300 || *m.P99 > 0.8 {
		t.Errorf("of 200 requests that fill and drain %d are left out, p99 %v", left, *m.P99)
	}
	flat := analyze(t, Config{Trim: Trim{Steady: true}}, ramp(6, 0)...)
	if flat.Metrics.Get(keyTTFT).Count != 6 || !warned(flat, "trimmed") {
		t.Error("too few requests to judge: all are kept, and that is said")
	}
}

func TestTrimOfEverything(t *testing.T) {
	path := writeFile(t, "run.parquet", schema.Meta{}, ramp(10, 0)...)
	for _, trim := range []string{"10", "5,5", "1h", "1h,1h", "9223372036854775807,1", "1,9223372036854775807", "200ms,7", "7,200ms"} {
		_, err := metron(t, path, "--trim", trim)
		if err == nil || term.Hint(err) == "" || !strings.Contains(err.Error(), "leaves nothing of 10 requests") {
			t.Errorf("--trim %s: %v", trim, err)
		}
	}
}

// What was trimmed is not warm-up: every part of the result says so.
func TestTrimmedIsNoWarmUp(t *testing.T) {
	records := ramp(20, 0)
	for i := range 5 {
		records[i].Phase = schema.PhaseWarmup
	}
	records[19].Outcome = schema.OutcomeHTTPError
	c := Config{Trim: Trim{HeadRows: 2, TailRows: 4}, SLOs: []SLO{mustSLO(t, "ttft<=1s")}, Sections: []string{"smooth_goodput"}}
	r := analyze(t, c, records...)
	smooth := r.section("smooth_goodput").(*Smooth)
	for name, left := range map[string]map[reason]int64{"slo": r.SLOs()[0].LeftOut, "smooth_goodput": smooth.LeftOut, "ttft": r.Metrics.Get(keyTTFT).LeftOut} {
		if left[trimmedOff] != 6 || left[notMeasured] != 3 {
			t.Errorf("%s leaves out %v", name, left)
		}
	}
	if n := r.Requests; n.Total != 20 || n.NotMeasured != 3 || n.Measured != 11 || n.MeasuredOK != 11 {
		t.Errorf("%+v", n)
	}
}

func TestTrimsThatAreNone(t *testing.T) {
	for _, text := range []string{"-5", "1x", "-1s", "1s,x", "1s,1s,1s"} {
		if trim, err := ParseTrim(text); err == nil {
			t.Errorf("%q is %+v", text, trim)
		}
	}
	if trim, err := ParseTrim("30s,100"); err != nil || trim != (Trim{Head: 30 * time.Second, TailRows: 100}) || trim.String() != "30s,100" {
		t.Errorf("got %+v, %v", trim, err)
	}
}
