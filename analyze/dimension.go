package analyze

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
)

// dimension is something to group rows by: a new one is one entry in dimensions.
type dimension struct {
	name   string
	column string                             // that it reads; "" where every metric does
	append func(to []byte, r *request) []byte // its value; nothing: unknown
}

// dimensions lists what --by takes.
func dimensions() []dimension {
	return []dimension{
		textual("model", "", func(r *request) string { return r.model }),
		textual("response_model", "response_model", func(r *request) string { return r.responseModel }),
		textual("api", "", func(r *request) string { return r.api }),
		textual("endpoint", "path", func(r *request) string { return r.path }),
		textual("target", "target", func(r *request) string { return r.target }),
		textual("tenant", "tenant", func(r *request) string { return r.tenant }),
		textual("session", "session_id", func(r *request) string { return r.session }),
		numeric("turn", "turn", func(r *request) maybe[int64] { return r.turn }),
		textual("phase", "", func(r *request) string { return r.phase }),
		textual("outcome", "", func(r *request) string { return r.outcome }),
		textual("error_type", "error_type", func(r *request) string { return r.errorType }),
		numeric("status", "http_status", func(r *request) maybe[int64] { return r.status }),
		textual("finish_reason", "finish_reasons", func(r *request) string { return r.finishReason }),
		textual("token_source", "", func(r *request) string { return r.tokenSource }),
		{name: "stream", append: func(to []byte, r *request) []byte { return strconv.AppendBool(to, r.stream) }},
		bin("input_bin", func(r *request) maybe[int64] { return r.inputTokens }),
		bin("output_bin", func(r *request) maybe[int64] { return r.n }),
		window("second", "2006-01-02T15:04:05Z"),
		window("minute", "2006-01-02T15:04Z"),
		window("hour", "2006-01-02T15Z"),
		window("day", "2006-01-02"),
	}
}

func textual(name, column string, value func(*request) string) dimension {
	return dimension{name, column, func(to []byte, r *request) []byte { return append(to, value(r)...) }}
}

func numeric(name, column string, value func(*request) maybe[int64]) dimension {
	return dimension{name, column, func(to []byte, r *request) []byte {
		if v := value(r); v.ok {
			to = strconv.AppendInt(to, v.value, 10)
		}
		return to
	}}
}

// bin groups lengths by powers of two.
func bin(name string, value func(*request) maybe[int64]) dimension {
	return dimension{name: name, append: func(to []byte, r *request) []byte {
		if v := value(r); v.ok {
			low, high := log2Bin(v.value)
			if to = strconv.AppendInt(to, low, 10); high > low {
				to = strconv.AppendInt(append(to, '-'), high, 10)
			}
		}
		return to
	}}
}

// log2Bin is the bin of a length: 0, 1, 2 to 3, 4 to 7, and so on.
func log2Bin(v int64) (low, high int64) {
	if v <= 0 {
		return 0, 0
	}
	low = 1 << (bits.Len64(uint64(v)) - 1)
	return low, 2*low - 1
}

// window groups by when a request was due, on the clock of UTC.
func window(name, layout string) dimension {
	return dimension{name: name, append: func(to []byte, r *request) []byte {
		return time.UnixMicro(r.startTime).UTC().AppendFormat(to, layout)
	}}
}

// DimensionNames lists what Config.By may name.
func DimensionNames() []string {
	var names []string
	for _, d := range dimensions() {
		names = append(names, d.name)
	}
	return names
}

// dimensionsOf finds the dimensions of names.
func dimensionsOf(names []string) ([]dimension, error) {
	var out []dimension
	all := dimensions()
	for i, name := range names {
		at := slices.IndexFunc(all, func(d dimension) bool { return d.name == name })
		if at < 0 {
			return nil, fmt.Errorf("group by %q: must be one of %s", name, strings.Join(DimensionNames(), ", "))
		}
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("group by %q: named twice", name)
		}
		out = append(out, all[at])
	}
	return out, nil
}

// compareValues orders the values of a dimension: those that begin with a number by
// it, as bins do, all others as texts.
func compareValues(a, b string) int {
	na, restA := leadingNumber(a)
	nb, restB := leadingNumber(b)
	if restA != a && restB != b && na != nb {
		if na < nb {
			return -1
		}
		return 1
	}
	return strings.Compare(a, b)
}

func leadingNumber(s string) (n uint64, rest string) {
	for rest = s; rest != "" && rest[0] >= '0' && rest[0] <= '9' && n < 1<<59; rest = rest[1:] {
		n = n*10 + uint64(rest[0]-'0')
	}
	return n, rest
}
