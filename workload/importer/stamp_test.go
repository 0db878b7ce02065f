package importer

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseStamp(t *testing.T) {
	for _, c := range []struct {
		text, want string // want is RFC 3339 in UTC, "" for an error
		zoned      bool
		finer      bool
	}{
		{text: "2023-11-16 18:17:03.9799600", want: "2023-11-16T18:17:03.97996Z"},
		{text: "2023-11-16 18:17:03.9799607", want: "2023-11-16T18:17:03.97996Z", finer: true},
		{text: "2023-11-16 23:59:59.9999999", want: "2023-11-16T23:59:59.999999Z", finer: true},
		{text: "2024-05-10 00:00:00.009930+00:00", want: "2024-05-10T00:00:00.00993Z", zoned: true},
		{text: "2024-05-10 00:00:00+00:00", want: "2024-05-10T00:00:00Z", zoned: true},
		{text: "2024-10-15T12:00:00.269Z", want: "2024-10-15T12:00:00.269Z", zoned: true},
		{text: "2024-05-10T01:00:00.5+02:30", want: "2024-05-09T22:30:00.5Z", zoned: true},
		{text: "2024-05-10T01:00:00.5-02:30", want: "2024-05-10T03:30:00.5Z", zoned: true},
		{text: "2024-02-29 00:00:00", want: "2024-02-29T00:00:00Z"},
		{text: "1969-12-31T23:59:59.999999Z", want: "1969-12-31T23:59:59.999999Z", zoned: true},
		{text: "2023-02-29 00:00:00"}, {text: "2023-04-31 00:00:00"}, {text: "2023-13-01 00:00:00"}, {text: "2023-00-10 00:00:00"},
		{text: "2023-01-00 00:00:00"}, {text: "2023-01-01 24:00:00"}, {text: "2023-01-01 00:60:00"}, {text: "2023-01-01 00:00:60"},
		{text: "2023-01-01 00:00:00."}, {text: "2023-01-01 00:00:00.1234567890"}, {text: "2023-01-01 00:00:00 "},
		{text: "2023-01-01 00:00"}, {text: "2023-01-01"}, {text: ""}, {text: "1700000000"}, {text: "2023-01-01 00:00:00+0000"},
		{text: "2023-01-01 00:00:00+24:00"}, {text: "2023-1-1 00:00:00"}, {text: "2023-01-01 -1:00:00"}, {text: "2023-01-01 00:00:00ZZ"},
	} {
		got, err := parseStamp([]byte(c.text))
		if (err != nil) != (c.want == "") {
			t.Errorf("%q: error %v, want %q", c.text, err, c.want)
			continue
		}
		if err != nil {
			continue
		}
		if at := time.UnixMicro(got.us).UTC().Format(time.RFC3339Nano); at != c.want || got.zoned != c.zoned || got.finer != c.finer {
			t.Errorf("%q: %s zoned %v finer %v, want %s %v %v", c.text, at, got.zoned, got.finer, c.want, c.zoned, c.finer)
		}
	}
}

// TestParseStampAgreesWithTime holds the parser against the standard library's.
func TestParseStampAgreesWithTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ns := rapid.Int64Range(-62135596800, 253402300799).Draw(t, "s")
		at := time.Unix(ns, rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
		if offset := rapid.IntRange(-1439, 1439).Draw(t, "minutes"); at.Year() > 1 && at.Year() < 9999 {
			at = at.In(time.FixedZone("", offset*60))
		}
		text := at.Format(time.RFC3339Nano)
		got, err := parseStamp([]byte(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		want := at.Truncate(time.Microsecond).UnixMicro()
		if got.us != want || !got.zoned || got.finer != (at.Nanosecond()%1000 != 0) {
			t.Fatalf("%q: %+v, want %d us", text, got, want)
		}
	})
}
