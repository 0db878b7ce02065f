package wire

import (
	"strings"
	"testing"
)

func TestReadFailure(t *testing.T) {
	long := strings.Repeat("é", MaxMessage)
	for _, test := range []struct{ body, kind, message string }{
		{`{"error":{"message":"m","type":"t","code":400}}`, "t", "m"},
		{`{"error":{"message":"m","type":null,"code":400}}`, "400", "m"},
		{`{"error":{"message":"m","code":"c"}}`, "c", "m"},
		{`{"error":"m"}`, "", "m"},
		{`{"error":"m","type":"t"}`, "t", "m"},
		{`{"error":"m","error_type":"t"}`, "t", "m"},
		{`{"object":"error","message":"m","type":"t"}`, "t", "m"},
		{`{"type":"error","error":{"type":"t","message":"m"}}`, "t", "m"},
		{`{"detail":"m"}`, "", "m"},
		{`{"detail":[{"type":"missing","loc":["body","messages",0,"role"],"msg":"Field required","input":{"content":"SECRET"}},{"loc":["query"],"msg":"m"}]}`,
			"", "body.messages.0.role: Field required; query: m"},
		{`{"detail":{"input":"SECRET"}}`, "", ""},
		{`{"error":{"error":{"message":"m"}}}`, "", `{"message":"m"}`},
		{`{"error":{}}`, "", ""},
		{`{"error":null,"message":"m"}`, "", "m"},
		{`"m"`, "", "m"},
		{`404 page not found` + "\n", "", "404 page not found"},
		{"\xff\xfe", "", "\uFFFD"},
		{``, "", ""},
		{long, "", long[:MaxMessage]},
		{"x" + long, "", ("x" + long)[:MaxMessage-1]}, // never half a rune
	} {
		if kind, message := readFailure([]byte(test.body)); kind != test.kind || message != test.message {
			t.Errorf("%.80s: %q %q, want %q %q", test.body, kind, message, test.kind, test.message)
		}
	}
}

func TestServerMetrics(t *testing.T) {
	for _, test := range []struct{ timings, metrics, header, want string }{
		{"", "", "", ""},
		{`{"a": 1}`, "", "", `{"timings":{"a":1}}`},
		{"", `{"b":2}`, `db;dur=53, "x"`, `{"metrics":{"b":2},"server_timing":"db;dur=53, \"x\""}`},
	} {
		if got := serverMetrics([]byte(test.timings), []byte(test.metrics), test.header); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}
