package term

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Seconds formats a time in seconds with the unit a reader expects:
// "850 µs", "12.3 ms", "4.20 s", "1 h 02 m".
func Seconds(s float64) string {
	a := math.Abs(s)
	switch {
	case a == 0:
		return "0"
	case a < 0.9995e-3:
		return sig3(s*1e6) + " µs"
	case a < 0.9995:
		return sig3(s*1e3) + " ms"
	case a < 120:
		return sig3(s) + " s"
	case a < 2*3600:
		return fmt.Sprintf("%d m %02d s", int(s)/60, int(math.Abs(s))%60)
	}
	return fmt.Sprintf("%d h %02d m", int(s)/3600, int(math.Abs(s))%3600/60)
}

// Number formats a plain number with three significant digits, or with
// thousands separators when it is 1000 or more.
func Number(v float64) string {
	if math.Abs(v) >= 999.5 {
		return Count(int64(math.Round(v)))
	}
	if v == math.Trunc(v) {
		return strconv.FormatInt(int64(v), 10)
	}
	return sig3(v)
}

// Count formats an integer with thousands separators: "19,366".
func Count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// Bytes formats a size: "512 B", "1.50 KiB", "64.0 MiB".
func Bytes(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, unit := float64(n)/1024, "KiB"
	for _, next := range []string{"MiB", "GiB", "TiB"} {
		if v < 1024 {
			break
		}
		v, unit = v/1024, next
	}
	return sig3(v) + " " + unit
}

// sig3 formats with three significant digits, never in exponent form.
func sig3(v float64) string {
	switch a := math.Abs(v); {
	case a >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 0.9995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	text := strconv.FormatFloat(v, 'e', -1, 64)
	leading, _ := strconv.Atoi(text[strings.IndexByte(text, 'e')+1:]) // -1 where v is 0.1 and more
	text = strconv.FormatFloat(v, 'f', min(100, 2-leading), 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

// RedactURL cuts the user-info, and what a query or a fragment says, out of a text that
// was meant to be a URL.
func RedactURL(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		scheme, rest = "", text
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@')
	if said := strings.IndexAny(rest, "?#"); said >= 0 {
		rest = rest[:said+1] + "..."
	}
	if at >= 0 {
		rest = "[user]" + rest[at:]
	}
	if !ok {
		return rest
	}
	return scheme + "://" + rest
}

// ParseBytes reads a size such as 512MiB, 2GB or 100000.
func ParseBytes(text string) (int64, error) {
	digits := strings.TrimRight(text, "kKMGTiB")
	n, err := strconv.ParseInt(digits, 10, 64)
	factor, ok := map[string]int64{"": 1, "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}[text[len(digits):]]
	if err != nil || !ok || n <= 0 || n > math.MaxInt64/factor {
		return 0, fmt.Errorf("%q is not a size such as 512MiB or 2GB", text)
	}
	return n * factor, nil
}
