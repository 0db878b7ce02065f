package replay

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"metron/internal/exchange"
	"metron/schema"
)

// contentRow is a row of a capture that kept content.
func contentRow(us int64, body string, edit func(*schema.Record)) schema.Record {
	return chatRow(us, func(r *schema.Record) {
		r.RequestBody, r.Recorded = []byte(body), schema.RecordedContent
		r.RequestHeaders = `{"User-Agent":["my-sdk/1"],"X-Note":["a","b"],"X-Api-Key":["recorded-secret"],"Content-Length":["3"],"Host":["elsewhere"]}`
		if edit != nil {
			edit(r)
		}
	})
}

// heard keeps the requests that reach a server.
type heard struct {
	mu      sync.Mutex
	bodies  []string // digests
	headers []http.Header
}

func (h *heard) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	h.mu.Lock()
	h.bodies, h.headers = append(h.bodies, digest(string(body))), append(h.headers, req.Header.Clone())
	h.mu.Unlock()
	chat(2)(w, req)
}

func digest(body string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(body))) }

func TestRecordedRequestsGoAsTheyWere(t *testing.T) {
	bodies := []string{
		"{ \"model\":\"m\",\n\t\"stream\": true, \"messages\":[{\"role\":\"user\",\"content\":\"caf\\u00e9 \\/ ü\"}], \"x\":1.50e1 }\n",
		`{"stream":true,"model":"m","messages":[],"model":"m"}`,
		`not JSON at all`,
	}
	var h heard
	r, path := runner(t, &h, 0)
	r.Key, r.Header = "our-key", http.Header{"X-Team": {"search"}}
	var rows []schema.Record
	for i, body := range bodies {
		rows = append(rows, contentRow(int64(i)*20_000, body, nil))
	}
	s, of := replayRows(t, r, path, rows...)
	if s.Sent != 3 {
		t.Fatalf("%+v", s)
	}
	for i, body := range bodies {
		if h.bodies[i] != digest(body) {
			t.Errorf("body %d is not the recorded one", i)
		}
		got := h.headers[i]
		if got.Get("User-Agent") != "my-sdk/1" || !slices.Equal(got["X-Note"], []string{"a", "b"}) || got.Get("X-Team") != "search" ||
			got.Get("X-Api-Key") != "" || got.Get("Authorization") != "Bearer our-key" || got.Get("Content-Type") != "application/json" {
			t.Errorf("header %v", got)
		}
		if row := of[rows[i].RecordID]; row.RequestBody != nil || row.RequestBytes != int64(len(body)) {
			t.Errorf("the run's row keeps %d bytes of content, says %d", len(row.RequestBody), row.RequestBytes)
		}
	}
}

func TestChanges(t *testing.T) {
	chat := `{"model":"a","messages":[]}`
	for _, c := range []struct {
		name    string
		changes Changes
		api     string
		model   string
		body    string
		want    string
	}{
		{"none", Changes{}, schema.APIChat, "a", chat, chat},
		{"a model", Changes{Model: "b"}, schema.APIChat, "a", chat, `{"model":"b","messages":[]}`},
		{"a mapping", Changes{Model: "b", Models: map[string]string{"a": "c"}}, schema.APIChat, "a", chat, `{"model":"c","messages":[]}`},
		{"of another", Changes{Models: map[string]string{"x": "c"}}, schema.APIChat, "a", chat, chat},
		{"a model where none was named", Changes{Model: "b"}, schema.APIChat, "", `{}`, `{"model":"b"}`},
		{"not where the path names it", Changes{Model: "b"}, schema.APIGemini, "a", `{}`, `{}`},
		{"the same model leaves the body", Changes{Model: "a"}, schema.APIChat, "a", `{"model" : "\u0061"}`, `{"model" : "\u0061"}`},
		{"a stream", Changes{Stream: true}, schema.APIMessages, "a", `{"stream":false}`, `{"stream":true}`},
		{"a stream with its counts", Changes{Stream: true}, schema.APIChat, "a", `{}`, `{"stream":true,"stream_options":{"include_usage":true}}`},
		{"no stream of embeddings", Changes{Stream: true}, schema.APIEmbeddings, "a", `{}`, `{}`},
		{"fields come first", Changes{Stream: true, Fields: []Field{{"stream_options", []byte("{}")}}}, schema.APIChat, "a", `{}`, `{"stream_options":{},"stream":true}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			row := schema.Record{API: c.api, RequestModel: c.model, RequestBody: []byte(c.body)}
			if got := string(c.changes.edit(&row)); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// TestBodiesThatNameNoModel get the one that the target serves, with and without a trial
// request; others stay as they are.
func TestBodiesThatNameNoModel(t *testing.T) {
	bodies := map[string]string{
		`{"messages":[]}`:          `{"messages":[],"model":"test-model"}`,
		`{"model":"own","stop":1}`: `{"model":"own","stop":1}`, // whose row does not say so
		`no object`:                `no object`,
	}
	for _, noProbe := range []bool{false, true} {
		var h heard
		r, path := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/v1/models" {
				chat(1)(w, req)
				return
			}
			h.ServeHTTP(w, req)
		}), 0)
		var rows []schema.Record
		for body := range bodies {
			rows = append(rows, contentRow(0, body, func(r *schema.Record) { r.RequestModel = "" }))
		}
		r.Plan.Trace, r.NoProbe = traceOfRows(t, rows...), noProbe
		if _, err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for body, want := range bodies {
			if !slices.Contains(h.bodies, digest(want)) {
				t.Errorf("without a trial %v: %s was not sent as %s", noProbe, body, want)
			}
		}
		sent, _ := rowsOf(t, path)
		if !slices.ContainsFunc(sent, func(r *schema.Record) bool { return r.RequestModel == "test-model" }) {
			t.Error("no row says which model was asked for")
		}
	}
}

// TestMadeUpBodiesAreChangedToo for rows without content, and the trial request.
func TestMadeUpBodiesAreChangedToo(t *testing.T) {
	var mu sync.Mutex
	var bodies []string
	r, _ := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		mu.Lock()
		bodies = append(bodies, string(body))
		mu.Unlock()
		chat(2)(w, req)
	}), 0)
	r.Plan.Trace = traceOfRows(t, chatRow(0, nil), contentRow(1000, `{"model":"m"}`, nil))
	r.Models, r.Fields = map[string]string{"m": "other"}, []Field{{"priority", []byte("7")}}
	if _, err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(bodies) != 3 {
		t.Fatalf("%d requests, want a trial and two", len(bodies))
	}
	for _, body := range bodies {
		if !strings.Contains(body, `"model":"other"`) || !strings.Contains(body, `"priority":7`) {
			t.Errorf("sent %s", body)
		}
	}
}

// TestTrialOfARecordedRequest is made up: the recorded prompt is sent once.
func TestTrialOfARecordedRequest(t *testing.T) {
	var h heard
	r, _ := runner(t, &h, 0)
	r.Plan.Trace = traceOfRows(t, contentRow(0, `{"model":"m","messages":[]}`, nil))
	if _, err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(h.bodies) != 2 || h.bodies[0] == h.bodies[1] {
		t.Errorf("digests %v", h.bodies)
	}
}

func TestTargetThatIsDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, api := range []string{schema.APIChat, schema.APIOther} { // for the other no trial request can be made up
		r, path := runner(t, chat(1), 0)
		r.Targets = append(r.Targets, &url.URL{Scheme: "http", Host: l.Addr().String()})
		r.Plan.Trace = traceOfRows(t, contentRow(0, `{}`, func(r *schema.Record) { r.API = api }))
		_, err := r.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), l.Addr().String()+" cannot be reached") {
			t.Errorf("%s: %v", api, err)
		}
		if _, err := schema.Open(path); err == nil {
			t.Error("there is a file")
		}
	}
}

func TestSeveralTargets(t *testing.T) {
	for _, c := range []struct {
		spread Spread
		want   map[string]int64 // distinct targets of each session
	}{
		{SpreadRequest, map[string]int64{"": 2, "s": 2, "t": 2}},
		{SpreadSession, map[string]int64{"": 2, "s": 1, "t": 1}},
	} {
		var asked [2]atomic.Int64
		count := func(i int) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				asked[i].Add(1)
				chat(2)(w, req)
			})
		}
		r, path := runner(t, count(0), 0)
		second := httptest.NewServer(count(1))
		t.Cleanup(second.Close)
		u, err := url.Parse(second.URL)
		if err != nil {
			t.Fatal(err)
		}
		r.Targets, r.Spread = append(r.Targets, u), c.spread
		var rows []schema.Record
		for i := range int64(4) {
			rows = append(rows, chatRow(3*i, nil), turnRow(3*i+1, "s", 0), turnRow(3*i+2, "t", 0))
		}
		_, of := replayRows(t, r, path, rows...)
		targets, counts := map[string]map[string]bool{}, map[string]int64{}
		for _, row := range of {
			if targets[row.SessionID] == nil {
				targets[row.SessionID] = map[string]bool{}
			}
			targets[row.SessionID][row.Target] = true
			counts[row.Target]++
		}
		for session, want := range c.want {
			if got := int64(len(targets[session])); got != want {
				t.Errorf("%s: session %q has %d targets, want %d", c.spread, session, got, want)
			}
		}
		for i, u := range r.Targets {
			if got := counts[targetName(u)]; got != asked[i].Load() || got == 0 || c.spread == SpreadRequest && got != 6 {
				t.Errorf("%s: %d rows name %s, which was asked %d times", c.spread, got, u, asked[i].Load())
			}
		}
	}
}

// TestWarmConnections: what is opened ahead is not counted as new, with TLS and
// without, over HTTP/1.1 and HTTP/2.
func TestWarmConnections(t *testing.T) {
	for _, c := range []struct {
		name       string
		tls, http2 bool
		warm       int
		want       int64 // new connections; -1: some
		proto      string
	}{
		{"cold", false, false, 0, -1, "HTTP/1.1"},
		{"warm", false, false, 8, 0, "HTTP/1.1"},
		{"auto", false, false, WarmAuto, 0, "HTTP/1.1"},
		{"warm TLS", true, false, 8, 0, "HTTP/1.1"},
		{"HTTP/2", true, true, 1, 0, "HTTP/2.0"},
		{"HTTP/2 without TLS", false, true, WarmAuto, 0, "HTTP/2.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			const n = 4
			var arrived atomic.Int64
			all := make(chan struct{}) // closed when all are in flight at once
			answer := chat(3)
			r, path := runner(t, http.NotFoundHandler(), 0)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if body, _ := io.ReadAll(req.Body); strings.Contains(string(body), `"max_tokens":1,`) {
					answer(w, req) // the trial
					return
				}
				if req.Proto != c.proto {
					t.Errorf("spoken is %s", req.Proto)
				}
				if arrived.Add(1) == n {
					close(all)
				}
				<-all
				answer(w, req)
			}))
			server.EnableHTTP2 = true
			server.Config.Protocols = new(http.Protocols)
			server.Config.Protocols.SetHTTP1(true)
			server.Config.Protocols.SetHTTP2(true)
			server.Config.Protocols.SetUnencryptedHTTP2(true)
			if c.tls {
				server.StartTLS()
				r.Roots = x509.NewCertPool()
				r.Roots.AddCert(server.Certificate())
			} else {
				server.Start()
			}
			t.Cleanup(server.Close)
			u, err := url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			r.Targets, r.Warm, r.HTTP2, r.Timeout = []*url.URL{u}, c.warm, c.http2, time.Minute
			var rows []schema.Record
			for i := range int64(n) { // in flight for a second each, as recorded
				rows = append(rows, chatRow(i*1000, func(r *schema.Record) { r.End = new(int64(1e6)) }))
			}
			r.Plan.Trace = traceOfRows(t, rows...)
			s, err := r.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if s.Outcomes[schema.OutcomeOK] != n || c.want >= 0 && s.NewConnections != c.want || c.want < 0 && s.NewConnections == 0 {
				t.Errorf("%d new connections, want %d; %+v", s.NewConnections, c.want, s)
			}
			got, _ := rowsOf(t, path)
			for _, row := range got {
				if wrote := row.Wrote != nil && *row.Wrote <= *row.Headers; !wrote && !c.http2 { // which may tell it late
					t.Errorf("wrote %v, headers %v", row.Wrote, *row.Headers)
				}
				if row.Connected == nil || *row.Headers < *row.Connected || len(row.ChunkRead) != 5 || row.ChunkRead[0] < 0 {
					t.Errorf("row %+v", row)
				}
			}
		})
	}
}

// TestServerThatCloses after each answer gets no connections ahead: there may be
// a thread for each.
func TestServerThatCloses(t *testing.T) {
	r, _ := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Connection", "close")
		chat(2)(w, req)
	}), 0, 1000)
	r.Warm = WarmAuto
	s, err := r.Run(t.Context())
	if err != nil || s.NewConnections != 2 || s.Outcomes[schema.OutcomeOK] != 2 {
		t.Errorf("%v, %+v", err, s)
	}
}

// TestWarmConnectionsThatWereClosed meanwhile are passed over.
func TestWarmConnectionsThatWereClosed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := newClient(schema.NewClock(), false, nil)
	defer c.close()
	address := l.Addr().String()
	accept := func() net.Conn {
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	if err := c.warm.open(t.Context(), c.dials["http"], address, 2); err != nil {
		t.Fatal(err)
	}
	gone, kept := accept(), accept()
	defer kept.Close()
	gone.Close()
	first := c.warm.idle[address]
	if first[0].LocalAddr().String() != gone.RemoteAddr().String() {
		slices.Reverse(first)
	}
	for until := time.Now().Add(10 * time.Second); !stale(first[0]) && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
	if !stale(first[0]) {
		t.Skip("this system does not tell")
	}
	conn, err := c.transport.DialContext(context.Background(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if conn.LocalAddr().String() != kept.RemoteAddr().String() || c.warm.take(address) != nil {
		t.Errorf("got %v, want %v", conn.LocalAddr(), kept.RemoteAddr())
	}
}

// TestLostConnections: a request whose kept connection turns out closed is sent again, but
// not one that the server may have worked on: its row says how it failed.
func TestLostConnections(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
	for _, c := range []struct {
		name     string
		crossing time.Duration
		after    time.Duration // the server has the request, it closes
		said     string        // before
		reset    bool
		times    int64 // that the request comes
		outcome  string
		why      string
	}{
		{"the race", time.Hour, 0, "", false, 2, schema.OutcomeOK, ""},
		{"the race, with a reset", time.Hour, 0, "", true, 2, schema.OutcomeOK, ""},
		{"after a while", time.Millisecond, mostCrossing + 50*time.Millisecond, "", false, 1, schema.OutcomeTransportError, "eof"},
		{"after a while, with a reset", time.Millisecond, mostCrossing + 50*time.Millisecond, "", true, 1, schema.OutcomeTransportError, "reset"},
		{"with an answer begun", time.Hour, 0, "HTTP/1.1 200 OK\r\n", false, 1, schema.OutcomeTransportError, "eof"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			var seconds atomic.Int64 // times that the second request came
			serve := func(conn net.Conn) {
				defer conn.Close()
				for in := bufio.NewReader(conn); ; {
					req, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					io.Copy(io.Discard, req.Body)
					if req.URL.Path == "/second" && seconds.Add(1) == 1 {
						time.Sleep(c.after)
						io.WriteString(conn, c.said)
						if c.reset {
							conn.(*net.TCPConn).SetLinger(0)
						}
						return
					}
					io.WriteString(conn, answer)
				}
			}
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					go serve(conn)
				}
			}()
			client := newClient(schema.NewClock(), false, nil)
			client.crossing = c.crossing
			defer client.close()
			send := func(path string) *schema.Record {
				row := &schema.Record{StartTime: client.clock.NowUS()}
				m := message{target: &url.URL{Scheme: "http", Host: l.Addr().String()}, body: []byte("{}")}
				m.header = http.Header{"Idempotency-Key": {"recorded"}, "X-Idempotency-Key": {"recorded"}}
				x := exchange.Begin(row, exchange.Request{Method: http.MethodPost, Path: path, Body: m.body})
				return client.do(t.Context(), x, m, func(int64) {})
			}
			if row := send("/first"); row.Outcome != schema.OutcomeOK {
				t.Fatalf("the first: %s, %s", row.Outcome, row.ErrorMessage)
			}
			row := send("/second")
			if row.Outcome != c.outcome || row.ErrorType != c.why || seconds.Load() != c.times || *row.ConnectionReused == (c.times > 1) {
				t.Errorf("%s (%s: %s), reused %v, came %d times; want %s (%s), %d times", row.Outcome, row.ErrorType, row.ErrorMessage,
					*row.ConnectionReused, seconds.Load(), c.outcome, c.why, c.times)
			}
		})
	}
}

// TestLostEachTime: a request that its server dies of is not sent for ever.
func TestLostEachTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var came atomic.Int64
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if req, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					io.Copy(io.Discard, req.Body)
					came.Add(1)
				}
			}()
		}
	}()
	client := newClient(schema.NewClock(), false, nil)
	client.crossing = time.Hour
	defer client.close()
	if err := client.warm.open(t.Context(), client.dials["http"], l.Addr().String(), mostSends+2); err != nil {
		t.Fatal(err)
	}
	m := message{target: &url.URL{Scheme: "http", Host: l.Addr().String()}, body: []byte("{}"), header: http.Header{}}
	if _, _, err := client.send(t.Context(), http.MethodPost, "/v1/completions", m); err == nil || came.Load() != mostSends {
		t.Errorf("%v, after it came %d times, want %d", err, came.Load(), mostSends)
	}
}

func TestCrossed(t *testing.T) {
	for _, c := range []struct {
		m    exchange.Moments
		want bool
	}{
		{exchange.Moments{WroteUS: 1_000}, false}, // of a new connection
		{exchange.Moments{WroteUS: 1_000, Reused: true}, true},
		{exchange.Moments{WroteUS: 999, Reused: true}, false},
		{exchange.Moments{ConnectedUS: 1_000, Reused: true}, true}, // nothing to answer was there
		{exchange.Moments{ConnectedUS: 999, Reused: true}, false},  // the server has read some
	} {
		if got := crossed(c.m, 1_000+crossing.Microseconds(), crossing); got != c.want {
			t.Errorf("%+v: %v", c.m, got)
		}
	}
}

func TestHTTP2IsNotSpokenByAll(t *testing.T) {
	r, _ := runner(t, chat(1), 0)
	server := httptest.NewTLSServer(chat(1))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	r.Targets, r.HTTP2, r.Roots = []*url.URL{u}, true, x509.NewCertPool()
	r.Roots.AddCert(server.Certificate())
	r.Plan.Trace = traceOfRows(t, chatRow(0, nil))
	if _, err := r.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("got %v", err)
	}
}

func TestStopOnErrors(t *testing.T) {
	var asked atomic.Int64
	r, path := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if n := asked.Add(1); n == 1 || n > 2 { // a success between is no part of the row
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		chat(2)(w, req)
	}), 0)
	r.Plan.Mode, r.Plan.Users, r.StopOnErrors, r.NoProbe = Closed, 1, 3, true
	var rows []schema.Record
	for i := range int64(20) {
		rows = append(rows, chatRow(i, nil))
	}
	r.Plan.Trace, r.Prompt = traceOfRows(t, rows...), lengthPrompt{}
	s, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, _ := rowsOf(t, path)
	if s.StoppedOnErrors != 3 || s.Interrupted || s.Sent != 5 || len(got) != 5 || s.Outcomes[schema.OutcomeHTTPError] != 4 {
		t.Errorf("%d rows, %+v", len(got), s)
	}
	if err := Status(s, true); err == nil || !strings.Contains(err.Error(), "stopped after 3 failures in a row: 5 of 20") {
		t.Errorf("status %v", err)
	}
}

func TestAuthorize(t *testing.T) {
	const cloud = "/v1/projects/p/locations/l/publishers/google/models/m:generateContent"
	for _, c := range []struct {
		api, path string
		want      http.Header
	}{
		{schema.APIChat, "", http.Header{"Authorization": {"Bearer k"}}},
		{schema.APIMessages, "", http.Header{"X-Api-Key": {"k"}, "Anthropic-Version": {"2023-06-01"}}},
		{schema.APIGemini, "", http.Header{"X-Goog-Api-Key": {"k"}}},
		{schema.APIGemini, cloud, http.Header{"Authorization": {"Bearer k"}}},
		{schema.APIMessages, cloud, http.Header{"Authorization": {"Bearer k"}}},
	} {
		h := http.Header{}
		if authorize(h, c.api, c.path, "k"); !reflect.DeepEqual(h, c.want) {
			t.Errorf("%s: %v", c.api, h)
		}
	}
}
