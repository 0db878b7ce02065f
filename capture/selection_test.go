package capture

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"metron/schema"
)

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"/v1/chat/completions", "/v1/chat/completions", true}, {"/v1/*", "/v1/chat/completions", true}, {"/v1/*", "/v2/chat", false},
		{"llama-*", "llama-8b", true}, {"llama-*", "meta/llama-8b", false}, {"*", "", true}, {"*/completions", "/v1/completions", false},
		{"/*/*/completions", "/v1/chat/completions", true}, {"m?", "m1", true}, {"[ab]*", "bc", true}, {"x", "", false},
	} {
		if got := matches(c.pattern, c.text); got != c.want {
			t.Errorf("%q matches %q: %v", c.pattern, c.text, got)
		}
	}
}

func TestShareOf(t *testing.T) {
	for text, want := range map[string]float64{"10%": 0.1, "0.1": 0.1, "100%": 1, "1": 1, "0.5%": 0.005,
		"0": 0, "-1": 0, "101%": 0, "2": 0, "": 0, "%": 0, "NaN": 0, "ten": 0, "Inf": 0} {
		if got, ok := shareOf(text); ok != (want > 0) || ok && (got-want > 1e-12 || want-got > 1e-12) {
			t.Errorf("%q is %v, %v", text, got, ok)
		}
	}
}

// send has clients of some tenants hold conversations of some turns.
func send(t *testing.T, s *Server, tenants, talks, turns int) {
	t.Helper()
	for tenant := range tenants {
		for talk := range talks {
			var messages []string
			for turn := range turns {
				messages = append(messages, fmt.Sprintf(`{"role":"user","content":"tenant %d talk %d turn %d"}`, tenant, talk, turn))
				req, err := http.NewRequest(http.MethodPost, s.URL()+"/v1/chat/completions", strings.NewReader(`{"model":"m","messages":[`+strings.Join(messages, ",")+`]}`))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", fmt.Sprintf("Bearer tenant-%d", tenant))
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		}
	}
}

func completion(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}]}`)
}

// TestSamples: about the share that was asked for is recorded, sessions and tenants
// whole, and the rest is counted.
func TestSamples(t *testing.T) {
	const tenants, talks, turns = 40, 2, 2 // so many that chance takes none of the bounds below
	for _, by := range []string{"", sampleBySession, sampleByTenant, sampleByRequest} {
		t.Run(by, func(t *testing.T) {
			s := start(t, http.HandlerFunc(completion), func(s *Server) { s.Only = Selection{Sample: 0.5, SampleBy: by} })
			send(t, s, tenants, talks, turns)
			c := settled(t, s)
			rows, metas := stop(t, s)
			const all = tenants * talks * turns
			if c.seen != all || int(c.recorded) != len(rows) || c.sampledOut != all-c.recorded || c.recorded < all/10 || c.recorded > all/10*9 {
				t.Errorf("counted %+v, %d rows", c, len(rows))
			}
			if m := metas[0]; m.Counters["sampled_out"]+m.Counters["recorded"] != m.Counters["seen"] || m.Kept.SampleRate != 0.5 {
				t.Errorf("footer %v, manifest %+v", m.Counters, m.Kept)
			}
			sessions, byTenant := map[string]int{}, map[string]int{}
			for _, r := range rows {
				if r.SampleRate == nil || *r.SampleRate != 0.5 {
					t.Fatalf("row %+v", r)
				}
				sessions[r.SessionID]++
				byTenant[r.Tenant]++
			}
			for id, n := range sessions {
				if by != sampleByRequest && n != turns {
					t.Errorf("session %s has %d turns of %d", id, n, turns)
				}
			}
			for id, n := range byTenant {
				if by == sampleByTenant && n != talks*turns {
					t.Errorf("tenant %s has %d requests of %d", id, n, talks*turns)
				}
			}
		})
	}
}

// TestDraws: the share is what was asked for, to within six standard deviations.
func TestDraws(t *testing.T) {
	const n = 20_000
	for _, share := range []float64{0.01, 0.1, 0.5, 0.9, 1} {
		names, drawn := newNames(), 0
		for i := range n {
			if (Selection{Sample: share}).draws(names, fmt.Sprint(i)) {
				drawn++
			}
		}
		if off := math.Abs(float64(drawn) - n*share); off > 6*math.Sqrt(n*share*(1-share)) {
			t.Errorf("%d of %d are drawn for a share of %v", drawn, n, share)
		}
	}
}

// TestNotSampledIsNotRead: of an answer that is left out nothing is queued.
func TestNotSampledIsNotRead(t *testing.T) {
	s := start(t, http.HandlerFunc(completion), func(s *Server) { s.Only = Selection{Models: []string{"other"}} })
	ask(t, s, 1)
	if c := settled(t, s); c.filtered != 1 {
		t.Errorf("counted %+v", c)
	}
	f := s.recorder.begin(0, chatHead(), []byte(chatRequest))
	eventually(t, "it is not wanted", f.unwanted.Load)
	eventually(t, "its beginning is forgotten", func() bool { return s.recorder.budget.held.Load() == 0 })
	f.head(200, nil, 1)
	f.body(make([]byte, 1000), 1, 1)
	if held := s.recorder.budget.held.Load(); held != 0 {
		t.Errorf("%d bytes of it are queued", held)
	}
	stop(t, s)
}

func TestFilters(t *testing.T) {
	type request struct{ path, model, team string }
	all := []request{{"/v1/chat/completions", "llama-8b", "search"}, {"/v1/chat/completions", "mixtral", "search"},
		{"/v1/completions", "llama-8b", "ads"}, {"/v1/models", "", "search"}}
	for _, c := range []struct {
		name string
		only Selection
		want []int
	}{
		{"all", Selection{}, []int{0, 1, 2, 3}},
		{"path", Selection{Paths: []string{"/v1/chat/*", "/v1/models"}}, []int{0, 1, 3}},
		{"model", Selection{Models: []string{"llama-*"}}, []int{0, 2}},
		{"header", Selection{Headers: []Header{{"X-Team", "se*"}}}, []int{0, 1, 3}},
		{"all three", Selection{Paths: []string{"/v1/*"}, Models: []string{"llama-*"}, Headers: []Header{{"x-team", "search"}}}, []int{0}},
		{"nothing", Selection{Models: []string{"gpt"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, http.HandlerFunc(completion), func(s *Server) { s.Only = c.only })
			for _, r := range all {
				req, err := http.NewRequest(http.MethodPost, s.URL()+r.path, strings.NewReader(fmt.Sprintf(`{"model":%q,"messages":[]}`, r.model)))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("X-Team", r.team)
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			}
			n := settled(t, s)
			rows, metas := stop(t, s)
			var got []int
			for _, row := range rows {
				got = append(got, slices.IndexFunc(all, func(r request) bool {
					return r.path == row.Path && (r.model == row.RequestModel || row.API == schema.APIOther)
				}))
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) || int(n.filtered) != len(all)-len(c.want) {
				t.Errorf("recorded %v, want %v; counted %+v", got, c.want, n)
			}
			if len(metas) > 0 && len(metas[0].Kept.Filters) != len(c.only.filters()) {
				t.Errorf("manifest %+v", metas[0].Kept)
			}
		})
	}
}

// TestSampledChains: conversations of the Responses API stay whole in a sample.
func TestSampledChains(t *testing.T) {
	n := 0
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		fmt.Fprintf(w, `{"id":"resp_%d","object":"response","status":"completed","model":"m","output":[]}`, n)
	}), func(s *Server) { s.Only.Sample, s.Flush = 0.3, 2*time.Millisecond })
	const chains, turns = 20, 3
	for range chains {
		previous := ""
		for turn := range turns {
			resp, err := http.Post(s.URL()+"/v1/responses", "application/json", strings.NewReader(fmt.Sprintf(`{"model":"m","input":"turn %d of %d","previous_response_id":%q}`, turn, n, previous)))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			previous = fmt.Sprintf("resp_%d", n)
			settled(t, s)
		}
	}
	rows, _ := stop(t, s)
	per := map[string]int{}
	for _, r := range rows {
		per[r.SessionID]++
	}
	for session, rows := range per {
		if rows != turns {
			t.Errorf("session %s has %d of its %d turns", session, rows, turns)
		}
	}
	if len(per) == 0 || len(per) == chains {
		t.Errorf("%d of %d sessions are in the sample", len(per), chains)
	}
}
