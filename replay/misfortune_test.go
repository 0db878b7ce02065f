package replay

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"metron/schema"
)

// at sends r to another address, without asking it anything first.
func at(t *testing.T, r *Runner, target string) {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r.Targets, r.Model, r.NoProbe = []*url.URL{u}, "m", true
}

// TestNameThatIsNone: before the run it is an error, in it every row says so.
func TestNameThatIsNone(t *testing.T) {
	const nowhere = "http://no..such.host:80" // which no resolver has to be asked for
	r, _ := runner(t, chat(1), 0, 1_000)
	at(t, r, nowhere)
	r.NoProbe = false
	if _, err := r.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("with a trial request: %v", err)
	}
	r, path := runner(t, chat(1), 0, 1_000)
	at(t, r, nowhere)
	s, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := rowsOf(t, path)
	for _, row := range rows {
		if row.Outcome != schema.OutcomeTransportError || row.ErrorType != "dns" || row.Wrote != nil {
			t.Errorf("%s, %s, %s", row.Outcome, row.ErrorType, row.ErrorMessage)
		}
	}
	if len(rows) != 2 || s.Sent != 2 || s.Verdict.Status != schema.VerdictInvalid {
		t.Errorf("%d rows, %+v", len(rows), s)
	}
}

// TestTargetThatDies in the middle: what comes after it is sent all the same, and
// says what it met.
func TestTargetThatDies(t *testing.T) {
	var asked atomic.Int64
	answer := chat(2)
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if asked.Add(1) == 3 {
			io.Copy(io.Discard, req.Body)
			server.Listener.Close()
			go server.CloseClientConnections() // this one's too
			select {
			case <-req.Context().Done():
			case <-time.After(time.Minute):
			}
			return
		}
		answer(w, req)
	}))
	t.Cleanup(server.Close)
	r, path := runner(t, chat(1), 0, 1_000, 2_000, 3_000, 4_000)
	at(t, r, server.URL)
	r.Plan.Mode, r.Plan.Users = ASAP, 1 // one after the other, so that it is known who comes after
	s, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := rowsOf(t, path)
	if len(rows) != 5 || s.Sent != 5 || s.Outcomes[schema.OutcomeOK] != 2 || s.Outcomes[schema.OutcomeTransportError] != 3 {
		t.Fatalf("%d rows, %+v", len(rows), s)
	}
	for _, row := range rows[3:] {
		if row.ErrorType != "refused" {
			t.Errorf("after its end: %s, %s", row.ErrorType, row.ErrorMessage)
		}
	}
}

// TestHandshakeThatNeverEnds holds up its own request, until that's deadline.
func TestHandshakeThatNeverEnds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() }) // it listens, and says nothing
		}
	}()
	r, path := runner(t, chat(1), 0, 1_000)
	at(t, r, "https://"+l.Addr().String())
	r.Timeout = 200 * time.Millisecond
	s, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := rowsOf(t, path)
	if len(rows) != 2 || s.Outcomes[schema.OutcomeTimeout] != 2 || rows[0].Wrote != nil || rows[1].Wrote != nil {
		t.Errorf("%d rows, %+v", len(rows), s)
	}
}

// TestSlowHandshake: requests that need it wait, and their lag says so; it is no
// failure.
func TestSlowHandshake(t *testing.T) {
	const slow = 30 * time.Millisecond
	server := httptest.NewUnstartedServer(chat(2))
	server.Listener = slowListener{server.Listener, slow}
	server.StartTLS()
	t.Cleanup(server.Close)
	r, path := runner(t, chat(1), 0)
	at(t, r, server.URL)
	r.Roots = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	s, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := rowsOf(t, path)
	if len(rows) != 1 || s.Outcomes[schema.OutcomeOK] != 1 || *rows[0].Connected < slow.Microseconds() || s.Verdict.SendLagMaxUS < slow.Microseconds() || s.NewConnections != 1 {
		t.Errorf("%d rows, connected %v, %+v, %+v", len(rows), rows[0].Connected, s, s.Verdict)
	}
}

// slowListener has connections whose first read takes a while.
type slowListener struct {
	net.Listener
	by time.Duration
}

func (l slowListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	time.Sleep(l.by)
	return c, err
}

// TestStalledStream: an answer that stops in its middle until every other one is there
// moves none, and keeps its gap.
func TestStalledStream(t *testing.T) {
	var asked atomic.Int64
	release := make(chan struct{})
	answer := chat(2)
	r, path := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/v1/models" && asked.Add(1) == 1 {
			io.Copy(io.Discard, req.Body)
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, `data: {"choices":[{"index":0,"delta":{"content":"a"}}]}`+"\n\n")
			w.(http.Flusher).Flush()
			<-release
		}
		answer(w, req)
	}), 0, 20_000, 40_000, 60_000)
	r.NoProbe = true
	go func() {
		for until := time.Now().Add(time.Minute); r.done.Load() < 3 && time.Now().Before(until); {
			time.Sleep(time.Millisecond)
		}
		close(release)
	}()
	s, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := rowsOf(t, path)
	if len(rows) != 4 || s.Outcomes[schema.OutcomeOK] != 4 {
		t.Fatalf("%d rows, %+v", len(rows), s)
	}
	first, last := rows[0], rows[3]
	if first.ChunkTime[0] >= *last.Wrote+last.StartTime-first.StartTime || first.ChunkTime[1] <= *last.End+last.StartTime-first.StartTime {
		t.Errorf("chunks at %d us, the last other answer at %d", first.ChunkTime, *last.End+last.StartTime-first.StartTime)
	}
}

// TestTooFewDescriptors is found before the first request.
func TestTooFewDescriptors(t *testing.T) {
	var asked atomic.Int64
	r, _ := runner(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }), 0)
	r.Warm = 1 << 40
	_, err := r.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the limit of open files is ") || !strings.Contains(err.Error(), "need 1,099,511,627,840") || asked.Load() > 0 {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}
}
