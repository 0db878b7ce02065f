package exchange

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"metron/internal/wire"
	"metron/schema"
)

const chatBody = `{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}`

func begin(secrets ...string) *Exchange {
	return Begin(&schema.Record{RecordID: uuid.New(), StartTime: 1000, Phase: schema.PhaseMeasure},
		Request{Method: http.MethodPost, Path: "/v1/chat/completions", Body: []byte(chatBody), Secrets: secrets})
}

func sse() http.Header { return http.Header{"Content-Type": {"text/event-stream"}} }

const (
	token = `data: {"choices":[{"index":0,"delta":{"content":"a"}}]}` + "\n\n"
	done  = "data: [DONE]\n\n"
	fail  = `data: {"error":{"message":"out of memory","type":"server_error"}}` + "\n\n"
)

// TestOutcomes is DESIGN's list of outcomes.
func TestOutcomes(t *testing.T) {
	reset := &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	for _, c := range []struct {
		name   string
		status int // 0: no response
		body   string
		end    Ending
		want   string
		typ    string
	}{
		{"whole", 200, token + done, Ending{}, schema.OutcomeOK, ""},
		{"whole, then reset", 200, token + done, Ending{Err: reset}, schema.OutcomeOK, ""},
		{"whole, then the client left", 200, token + done, Ending{Err: context.Canceled, ByClient: true}, schema.OutcomeOK, ""},
		{"clean end without a terminal event", 200, token, Ending{}, schema.OutcomeTruncated, "no_terminal"},
		{"end without the last chunk", 200, token, Ending{Err: io.ErrUnexpectedEOF}, schema.OutcomeTruncated, "unexpected_eof"},
		{"error event", 200, token + fail, Ending{}, schema.OutcomeStreamError, "server_error"},
		{"error event and [DONE]", 200, token + fail + done, Ending{}, schema.OutcomeStreamError, "server_error"},
		{"reset in the middle", 200, token, Ending{Err: reset}, schema.OutcomeTransportError, "reset"},
		{"refused", 0, "", Ending{Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}, schema.OutcomeTransportError, "refused"},
		{"unknown host", 0, "", Ending{Err: &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host"}}}, schema.OutcomeTransportError, "dns"},
		{"closed before an answer", 0, "", Ending{Err: io.EOF}, schema.OutcomeTransportError, "eof"},
		{"client left", 200, token, Ending{Err: context.Canceled, ByClient: true}, schema.OutcomeClientAbort, ""},
		{"deadline", 200, token, Ending{Err: context.DeadlineExceeded, Timeout: true}, schema.OutcomeTimeout, "deadline"},
		{"503", 503, `{"error":{"message":"busy","type":"overloaded"}}`, Ending{}, schema.OutcomeHTTPError, "overloaded"},
		{"502 without a body", 502, "", Ending{}, schema.OutcomeHTTPError, "Bad Gateway"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := begin()
			if c.status != 0 {
				header := sse()
				if c.status >= 400 {
					header = http.Header{"Content-Type": {"application/json"}}
				}
				x.Head(c.status, header, 1500)
				x.Body([]byte(c.body), 2000, 0)
			}
			c.end.AtUS = 3000
			r := x.End(c.end)
			if r.Outcome != c.want || r.ErrorType != c.typ {
				t.Errorf("%s (%s), want %s (%s)", r.Outcome, r.ErrorType, c.want, c.typ)
			}
			if *r.End != 2000 {
				t.Errorf("end %d us, want 2000", *r.End)
			}
			if err := r.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTimesCountFromAStartThatIsKnownLater(t *testing.T) {
	row := &schema.Record{RecordID: uuid.New(), Phase: schema.PhaseMeasure}
	x := Begin(row, Request{Method: http.MethodPost, Path: "/v1/chat/completions", Body: []byte(chatBody)})
	row.StartTime = 5000
	x.Head(200, sse(), 5100)
	x.Body([]byte(token+done), 5200, 1)
	if r := x.End(Ending{AtUS: 5300}); *r.Headers != 100 || r.ChunkTime[0] != 200 || *r.End != 300 {
		t.Errorf("headers after %d us, a chunk after %d, the end after %d", *r.Headers, r.ChunkTime[0], *r.End)
	}
}

func TestCredentialsAreCut(t *testing.T) {
	x := begin("Bearer sk-secret", "sk-secret")
	x.Head(401, http.Header{"Content-Type": {"application/json"}}, 1)
	x.Body([]byte(`{"error":{"message":"key sk-secret is not known","type":"auth"}}`), 1, 0)
	if r := x.End(Ending{}); strings.Contains(r.ErrorMessage, "sk-secret") || !strings.Contains(r.ErrorMessage, "is not known") {
		t.Errorf("message %q", r.ErrorMessage)
	}
}

func TestKindsAreTheSchemas(t *testing.T) {
	for i, k := range []wire.Kind{wire.Content, wire.Reasoning, wire.Tool, wire.Refusal, wire.Role, wire.Finish, wire.Usage, wire.Ping, wire.Error, wire.Done, wire.Other} {
		if int(k) != i || i >= len(schema.Kinds()) {
			t.Errorf("wire kind %d is %s in the schema", k, schema.Kinds()[i])
		}
	}
}

// TestRecordedEndings serves recorded transcripts of servers that died.
func TestRecordedEndings(t *testing.T) {
	const dir = "../../../shared/sse"
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("recorded transcripts are not here: %v", err)
	}
	for name, want := range map[string]string{
		"llama-server/chat-usage":     schema.OutcomeOK,
		"llama-server/cmpl-usage":     schema.OutcomeOK,
		"llama-server/ping12-9":       schema.OutcomeOK,
		"llama-server/chat-nonstream": schema.OutcomeOK,
		"llama-server/server-sigkill": schema.OutcomeTruncated,
		"llama-server/server-sigterm": schema.OutcomeTruncated,
		"llama-server/err-ctxlong":    schema.OutcomeHTTPError,
		"ollama/runner-sigkill":       schema.OutcomeTruncated,
		"ollama/err-badmodel":         schema.OutcomeHTTPError,
	} {
		t.Run(name, func(t *testing.T) {
			response, err := os.ReadFile(filepath.Join(dir, name+".wire.bin"))
			if err != nil {
				t.Fatal(err)
			}
			r := roundTrip(t, filepath.Join(dir, name+".req.http"), response)
			if r.Outcome != want {
				t.Errorf("%s (%s), want %s", r.Outcome, r.ErrorType, want)
			}
		})
	}
}

// roundTrip sends a recorded request to a listener that answers with the given
// bytes and closes, and returns the row.
func roundTrip(t *testing.T, request string, response []byte) *schema.Record {
	t.Helper()
	raw, err := os.ReadFile(request)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			io.Copy(io.Discard, r.Body) // closing with bytes unread would reset the connection
		}
		c.Write(response)
	}()
	_, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	path := strings.Fields(string(raw))[1]
	clock := schema.NewClock()
	row := &schema.Record{RecordID: uuid.New(), StartTime: clock.NowUS(), Phase: schema.PhaseMeasure}
	x := Begin(row, Request{Method: http.MethodPost, Path: path, Body: body})
	stamps, ctx := NewStamps(t.Context(), clock)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+l.Addr().String()+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := NewTransport(clock).RoundTrip(req)
	if err != nil {
		return x.End(Ending{Err: err, AtUS: clock.NowUS()})
	}
	defer resp.Body.Close()
	x.Head(resp.StatusCode, resp.Header, clock.NowUS())
	buf := make([]byte, 300) // smaller than an event: stamps must hold all the same
	for {
		n, err := resp.Body.Read(buf)
		at, read := stamps.Read()
		x.Body(buf[:n], at, read)
		if err != nil {
			stamps.Fill(row)
			return x.End(Ending{Err: err, AtUS: clock.NowUS()})
		}
	}
}

// TestStampsAreOfTheRead lets a reader fall behind: bytes that one read of the
// socket brought keep its stamp however late they are taken.
func TestStampsAreOfTheRead(t *testing.T) {
	sent := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Repeat("x", 600))
		w.(http.Flusher).Flush()
		<-sent
		io.WriteString(w, "y")
	}))
	defer server.Close()
	clock := schema.NewClock()
	stamps, ctx := NewStamps(t.Context(), clock)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := NewTransport(clock).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, 300)
	read := func() (n int, at int64, number int32) {
		n, err := resp.Body.Read(buf)
		if n == 0 && err != nil {
			t.Fatal(err)
		}
		at, number = stamps.Read()
		return n, at, number
	}
	_, at1, read1 := read()
	time.Sleep(20 * time.Millisecond)
	_, at2, read2 := read()
	if read1 != read2 || at1 != at2 {
		t.Errorf("bytes of one socket read have stamps %d, %d and reads %d, %d", at1, at2, read1, read2)
	}
	close(sent)
	n, at3, read3 := read()
	if n != 1 || read3 <= read1 || at3-at1 < 20_000 {
		t.Errorf("the second read gave %d bytes, stamp +%d us, number %d after %d", n, at3-at1, read3, read1)
	}
	var r schema.Record
	stamps.Fill(&r)
	if r.Connected == nil || r.Wrote == nil || *r.Wrote < *r.Connected || *r.ConnectionReused {
		t.Errorf("connected %v, wrote %v, reused %v", r.Connected, r.Wrote, r.ConnectionReused)
	}
}

// TestStampsAreOfTheRequest: those of an answer stay what they were when its connection brings
// the next one.
func TestStampsAreOfTheRequest(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "x") }))
	defer server.Close()
	clock := schema.NewClock()
	transport := NewTransport(clock)
	defer transport.CloseIdleConnections()
	ask := func() *Stamps {
		stamps, ctx := NewStamps(t.Context(), clock)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.ReadAll(resp.Body); err != nil {
			t.Fatal(err)
		}
		return stamps
	}
	first := ask()
	wasUS, was := first.Read()
	second := ask()
	if atUS, read := first.Read(); atUS != wasUS || read != was {
		t.Errorf("after another request the last read is %d at %d us, was %d at %d", read, atUS, was, wasUS)
	}
	if _, read := second.Read(); !second.Moments().Reused || read != 0 {
		t.Errorf("the second request: reused %v, read %d", second.Moments().Reused, read)
	}
}

func TestNothingListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	req, err := http.NewRequest(http.MethodGet, "http://"+l.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewTransport(schema.NewClock()).RoundTrip(req)
	if err == nil || transportErrorType(err) != "refused" {
		t.Errorf("dialing a closed port: %v (%s)", err, transportErrorType(err))
	}
	if transportErrorType(fmt.Errorf("x: %w", errors.New("odd"))) != "transport" {
		t.Error("an unknown error has a type")
	}
}
