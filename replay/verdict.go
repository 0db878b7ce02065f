package replay

import (
	"fmt"

	"metron/schema"
)

// Limits of send lag, us, at its 99th percentile.
const (
	validLagUS   = 1_000
	suspectLagUS = 10_000
)

// judge says whether the numbers of a run describe its target: VALID when the
// p99 send lag is at most 1 ms and at most 1 % of the median TTFT, SUSPECT up
// to 10 ms, INVALID above. Both lists are sorted, us.
func judge(lagsUS, ttftsUS []int64) *schema.Verdict {
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
	if median := nearestRank(ttftsUS, 50); len(ttftsUS) > 0 && v.SendLagP99US*100 > median {
		worse(schema.VerdictSuspect, "p99 send lag is over 1 %% of the median TTFT, %s", us(median))
	}
	return v
}

// nearestRank is the ceil(p/100 n)-th smallest of a sorted list, 0 of an empty one.
func nearestRank(sorted []int64, p int64) int64 {
	n := int64(len(sorted))
	if n == 0 {
		return 0
	}
	return sorted[(p*n+99)/100-1]
}
