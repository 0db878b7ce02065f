package importer

import (
	"strings"
	"testing"
)

// TestSeveralArrays: one array after another is read on, and nothing that stands
// behind one is lost without a word.
func TestSeveralArrays(t *testing.T) {
	const row = `{"start_time":1,"end_time":2}`
	for text, want := range map[string]int{"[" + row + "," + row + "]": 2, "[" + row + "]\n[" + row + "," + row + "] ": 3, "[][" + row + "]": 1} {
		if _, rows := importText(t, importer(t, "inference-perf", text)); len(rows) != want {
			t.Errorf("%s: %d rows", text, len(rows))
		}
	}
	for text, want := range map[string]string{
		"[" + row + "]" + row:  "after element 1: behind the array stands {",
		"[" + row + "] more":   "after element 1, behind the array: not JSON",
		"[" + row + "][" + row: "after element 2: the JSON ends too early",
		"[" + row:              "after element 1: the JSON ends too early",
	} {
		if _, err := importer(t, "inference-perf", text).Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	const run = `{"num_prompt_tokens":[1],"num_output_tokens":[1],"ttft":[1],"tbt":[[]]}`
	if _, err := importer(t, "etalon", run+run).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "more than one run") {
		t.Errorf("two runs of etalon: %v", err)
	}
}

// TestRunsOfOneClock: what lies between two runs of a file stays.
func TestRunsOfOneClock(t *testing.T) {
	run := func(start string) string {
		return `{"input_lens":[1,1],"output_lens":[1,1],"ttfts":[1,1],"itls":[[],[]],"start_times":[` + start + `]}`
	}
	_, rows := importText(t, importer(t, "vllm", run("101,100")+run("161,160")))
	for i, want := range []int64{0, 1_000_000, 60_000_000, 61_000_000} {
		if rows[i].StartTime != want {
			t.Errorf("row %d starts at %d us, want %d", i, rows[i].StartTime, want)
		}
	}
	if _, err := importer(t, "vllm", run("101,100")+run("5,6")).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "element 2: it starts before the first run") {
		t.Errorf("a clock that began anew: %v", err)
	}
}

func TestMooncakeMessages(t *testing.T) {
	m := importer(t, "mooncake", `{"timestamp":0,"input_length":512,"hash_ids":[1],"messages":null}`+"\n"+
		`{"timestamp":1,"input_length":512,"hash_ids":[1],"messages":[{"role":"user","content":"x"}]}`)
	r, rows := importText(t, m)
	if len(rows[0].BlockHashes) != 1 || rows[0].RequestBody != nil || rows[1].BlockHashes != nil || rows[1].RequestBody == nil {
		t.Errorf("%+v", rows)
	}
	if len(r.Remarks) != 1 || !strings.Contains(r.Remarks[0], "hash_ids of 1 row with messages") {
		t.Errorf("remarks %q", r.Remarks)
	}
	if f := meta(t, m.Out); !strings.Contains(string(f.Config), `"spread":null`) {
		t.Errorf("footer %s", f.Config)
	}
}
