package replay

import (
	"fmt"

	"metron/internal/term"
	"metron/schema"
)

// Limits of the p99 send lag and of the drift, us.
const (
	validLagUS     = 1_000
	suspectLagUS   = 10_000
	validDriftUS   = 1_000
	suspectDriftUS = 10_000
)

// evidence is what a run is judged by.
type evidence struct {
	sends   []sent  // in order of their due moments
	ttftsUS []int64 // of ok answers, sorted
	lost    int64   // requests that were due and not sent, though nobody asked for a cap to shed them
}

// judge says whether the numbers of a run describe its target. VALID: the p99
// send lag is at most 1 ms and at most 1 % of the median TTFT, and drift is below
// 1 ms. SUSPECT: the lag is at most 10 ms, and drift below 10 ms. INVALID:
// else, or when a request was lost.
func judge(e evidence) *schema.Verdict {
	lagsUS := lagsOf(e.sends)
	v := &schema.Verdict{Status: schema.VerdictValid,
		SendLagP50US: nearestRank(lagsUS, 50), SendLagP99US: nearestRank(lagsUS, 99), SendLagMaxUS: nearestRank(lagsUS, 100)}
	worse := func(status, reason string, args ...any) {
		if status == schema.VerdictInvalid || v.Status == schema.VerdictValid {
			v.Status = status
		}
		v.Reasons = append(v.Reasons, fmt.Sprintf(reason, args...))
	}
	switch p99 := v.SendLagP99US; {
	case len(lagsUS) == 0:
		worse(schema.VerdictInvalid, "no request reached the target")
	case p99 > suspectLagUS:
		worse(schema.VerdictInvalid, "p99 send lag is %s, over %s: requests left too late to keep the trace's timing", us(p99), us(suspectLagUS))
	case p99 > validLagUS:
		worse(schema.VerdictSuspect, "p99 send lag is %s, over %s", us(p99), us(validLagUS))
	}
	if median := nearestRank(e.ttftsUS, 50); len(e.ttftsUS) > 0 && v.SendLagP99US*100 > median {
		worse(schema.VerdictSuspect, "p99 send lag, %s, is over 1 %% of the median TTFT, %s", us(v.SendLagP99US), us(median))
	}
	if d, ok := drift(e.sends); ok {
		v.DriftUS = &d
		switch size := max(d, -d); {
		case size >= suspectDriftUS:
			worse(schema.VerdictInvalid, "send lag drifted by %s, %s or more: the end of the run was not sent as its beginning", signedUS(d), us(suspectDriftUS))
		case size >= validDriftUS:
			worse(schema.VerdictSuspect, "send lag drifted by %s, %s or more", signedUS(d), us(validDriftUS))
		}
	}
	if e.lost > 0 {
		worse(schema.VerdictInvalid, "requests due and never sent: %s; the load was not the trace's", term.Count(e.lost))
	}
	return v
}

// signedUS is a time that may be below zero.
func signedUS(v int64) string {
	if v < 0 {
		return "-" + us(-v)
	}
	return us(v)
}

// nearestRank is the ceil(p/100 n)-th smallest of a sorted list, 0 of an empty one.
func nearestRank(sorted []int64, p int64) int64 {
	n := int64(len(sorted))
	if n == 0 {
		return 0
	}
	return sorted[(p*n+99)/100-1]
}

// spread is that of a sorted list, nil of an empty one.
func spread(sorted []int64) *schema.Spread {
	if len(sorted) == 0 {
		return nil
	}
	return &schema.Spread{P50US: nearestRank(sorted, 50), P99US: nearestRank(sorted, 99), MaxUS: nearestRank(sorted, 100)}
}
