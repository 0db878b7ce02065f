package replay

import (
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
