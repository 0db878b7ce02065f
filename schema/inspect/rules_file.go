package inspect

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"metron/schema"
)

func wall(us int64) string { return time.UnixMicro(us).UTC().Format(time.RFC3339Nano) }

// footer holds a file's footer against itself and against the rows. A journal
// has only what was known when it was begun.
func (v *verification) footer() {
	m := &v.meta
	fail := func(key, want, is string, args ...any) { v.problem("footer", schema.Faultf(key, want, is, args...)) }
	need := func(key, want string, there bool) {
		if !there {
			fail(key, want, "%s is missing", key)
		}
	}
	need("program", "the name and version of the writer", m.Program != "")
	if !slices.Contains(schema.Vantages(), m.Vantage) {
		fail("vantage", fmt.Sprintf("one of %v", schema.Vantages()), "vantage is %q", m.Vantage)
	}
	if m.Vantage == schema.VantageCapture || m.Vantage == schema.VantageReplay {
		need("time_zero", "the moment that start times grow from", m.TimeZero != 0)
		need("clock", "how times were taken", m.Clock != "")
		need("privacy", "what rows may keep", m.Privacy != "")
	}
	if m.Privacy != "" && !slices.Contains(schema.Words("recorded"), m.Privacy) {
		fail("privacy", fmt.Sprintf("one of %v", schema.Words("recorded")), "privacy is %q", m.Privacy)
	}
	if sum, err := hex.DecodeString(m.SourceDigest); err != nil || m.SourceDigest != "" && len(sum) != 32 {
		fail("source_digest", "a SHA-256 in hex", "source_digest is %q", m.SourceDigest)
	}
	if !v.report.Journal {
		v.counters()
		v.verdict()
	}
}

// counters holds what the writer counted against the rows that are there.
func (v *verification) counters() {
	counters := v.meta.Counters
	fail := func(name string, rows int64, is string) {
		v.problem("counters", schema.Faultf("counters", fmt.Sprint(rows), "counter %s is %d, but %s", name, counters[name], is))
	}
	if len(counters) == 0 && v.meta.Vantage != schema.VantageGenerate {
		v.note("counters", nil, "", schema.Faultf("counters", "what the writer counted", "counters are missing: the writer did not end as it should"))
		return
	}
	for _, name := range []string{"recorded", "seen", "dropped", "planned", "sent"} {
		if counters[name] < 0 {
			v.problem("counters", schema.Faultf("counters", "0 or more", "counter %s is %d", name, counters[name]))
		}
	}
	if n, ok := counters["recovered"]; ok { // from a journal: the writer's own were lost with it
		if n != v.report.Rows {
			fail("recovered", v.report.Rows, fmt.Sprintf("the file has %d rows", v.report.Rows))
		}
		v.note("recovered", nil, "", schema.Faultf("counters", "", "recovered from a journal: its writer was cut off, and %d bytes with it", counters["torn_bytes"]))
		return
	}
	has := func(name string) bool { _, ok := counters[name]; return ok }
	rows, ended := v.report.Rows, v.report.Rows-v.outcomes[schema.OutcomeUnknown]
	switch v.meta.Vantage {
	case schema.VantageCapture:
		if has("recorded") && counters["recorded"] != ended {
			fail("recorded", ended, fmt.Sprintf("%d rows have an outcome", ended))
		}
		if has("seen") && counters["seen"] < rows {
			fail("seen", rows, fmt.Sprintf("the file has %d rows", rows))
		}
	case schema.VantageReplay:
		if sent := rows - v.outcomes[schema.OutcomeNotSent]; has("sent") && counters["sent"] != sent {
			fail("sent", sent, fmt.Sprintf("%d rows were sent", sent))
		}
		if has("planned") && counters["planned"] < rows {
			fail("planned", rows, fmt.Sprintf("the file has %d rows", rows))
		}
	case schema.VantageImport:
		if has("recorded") && counters["recorded"] < rows { // more: a record_id came again
			fail("recorded", rows, fmt.Sprintf("the file has %d rows", rows))
		}
	}
}

func (v *verification) verdict() {
	verdict := v.meta.Verdict
	switch {
	case verdict == nil && v.meta.Vantage == schema.VantageReplay:
		v.note("verdict", nil, "", schema.Faultf("verdict", "VALID, SUSPECT or INVALID", "verdict is missing: whether the timing can be trusted is not known"))
	case verdict == nil:
	case !slices.Contains(schema.Verdicts(), verdict.Status):
		v.problem("footer", schema.Faultf("verdict", "VALID, SUSPECT or INVALID", "verdict is %q", verdict.Status))
	case verdict.SendLagP50US > verdict.SendLagP99US || verdict.SendLagP99US > verdict.SendLagMaxUS:
		v.problem("footer", schema.Faultf("verdict", "p50, p99 and max in order", "send lag p50 %d us, p99 %d us, max %d us",
			verdict.SendLagP50US, verdict.SendLagP99US, verdict.SendLagMaxUS))
	}
}
