package capture

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/descriptors"
	"metron/schema"
)

// identity is a certificate that signs itself, for 127.0.0.1.
func identity(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

// sides are the ways in: each test of a client's manners runs in all of them.
func sides(t *testing.T, test func(t *testing.T, change func(*Server), client *http.Client)) {
	own, roots := identity(t)
	for name, c := range map[string]struct {
		server       *tls.Config
		http1, http2 bool
		cleartext2   bool
	}{
		"HTTP/1.1":           {nil, true, false, false},
		"HTTP/1.1, TLS":      {&tls.Config{Certificates: []tls.Certificate{own}}, true, false, false},
		"HTTP/2, TLS":        {&tls.Config{Certificates: []tls.Certificate{own}}, false, true, false},
		"HTTP/2 without TLS": {nil, false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableCompression: true, Protocols: new(http.Protocols)}
			transport.Protocols.SetHTTP1(c.http1)
			transport.Protocols.SetHTTP2(c.http2)
			transport.Protocols.SetUnencryptedHTTP2(c.cleartext2)
			t.Cleanup(transport.CloseIdleConnections)
			test(t, func(s *Server) { s.TLS = c.server }, &http.Client{Transport: transport})
		})
	}
}

func request(t *testing.T, ctx context.Context, method, url string, body io.Reader) *http.Request {
	t.Helper()
	q, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// TestEveryWayIn: a request with trailers and a chunked body, and an answer with
// hints before it and trailers after it.
func TestEveryWayIn(t *testing.T) {
	sides(t, func(t *testing.T, change func(*Server), client *http.Client) {
		s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || string(body) != "some words" || r.ContentLength != -1 || r.Trailer.Get("T") != "v" || r.Header.Get("Te") != "trailers" {
				t.Errorf("the upstream got %q (%v), length %d, trailer %v, %v", body, err, r.ContentLength, r.Trailer, r.Header)
			}
			w.Header().Set("Link", "</x>")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("Trailer", "A")
			io.WriteString(w, "answer")
			w.(http.Flusher).Flush()
			w.Header().Set("A", "b")
			w.Header().Set(http.TrailerPrefix+"Late", "c")
		}), change)
		q := request(t, t.Context(), http.MethodPost, s.URL()+"/a?b", struct{ io.Reader }{strings.NewReader("some words")})
		q.Trailer = http.Header{"T": {"v"}}
		q.Header.Set("Te", "trailers")
		resp, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(body) != "answer" || resp.Trailer.Get("A") != "b" || resp.Trailer.Get("Late") != "c" {
			t.Errorf("the client got %q, %v, trailer %v", body, err, resp.Trailer)
		}
		client.CloseIdleConnections()
		if rows, _ := stop(t, s); len(rows) != 1 || rows[0].RequestBytes != 10 || *rows[0].ResponseBytes != 6 || rows[0].ClientStall != nil {
			t.Errorf("rows %+v", rows)
		}
	})
}

// TestLeaving: the upstream is told at once of a client that leaves, also while
// it says nothing.
func TestLeaving(t *testing.T) {
	sides(t, func(t *testing.T, change func(*Server), client *http.Client) {
		for _, silent := range []bool{true, false} {
			arrived, cancelled := make(chan struct{}), make(chan struct{})
			var left time.Time
			s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if !silent {
					io.WriteString(w, event("a"))
					w.(http.Flusher).Flush()
				}
				close(arrived)
				<-r.Context().Done()
				close(cancelled)
			}), change)
			ctx, leave := context.WithCancel(t.Context())
			go func() {
				<-arrived
				left = time.Now()
				leave()
			}()
			resp, err := client.Do(request(t, ctx, http.MethodPost, s.URL()+"/v1/chat/completions", strings.NewReader(chatRequest)))
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the client was told %v", err)
			}
			select {
			case <-cancelled:
				t.Logf("silent %v: the upstream was told after at most %v", silent, time.Since(left))
			case <-time.After(10 * time.Second):
				t.Fatal("the upstream still works for a client that left")
			}
			client.CloseIdleConnections()
			if rows, _ := stop(t, s); len(rows) != 1 || rows[0].Outcome != schema.OutcomeClientAbort || rows[0].ClientAbort == nil {
				t.Errorf("silent %v: rows %+v", silent, rows)
			}
		}
	})
}

// TestDyingUpstream: the client sees a broken stream, never a clean end.
func TestDyingUpstream(t *testing.T) {
	sides(t, func(t *testing.T, change func(*Server), client *http.Client) {
		for name, head := range map[string]string{"chunks": "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "length": "Content-Length: 10\r\n\r\nhello"} {
			server := newReplayer(t, []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"+head))
			s := startAt(t, "http://"+server.Addr().String(), change)
			resp, err := client.Do(request(t, t.Context(), http.MethodPost, s.URL()+"/v1/chat/completions", strings.NewReader(chatRequest)))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err == nil || string(text) != "hello" {
				t.Errorf("%s: the client got %q, %v", name, text, err)
			}
			client.CloseIdleConnections()
			if rows, _ := stop(t, s); len(rows) != 1 || rows[0].Outcome != schema.OutcomeTruncated {
				t.Errorf("%s: rows %+v", name, rows)
			}
			server.close()
		}
	})
}

// TestEarlyRefusal: an upstream that answers before it has read the body is
// heard, whether the body was read beforehand or is still on its way.
func TestEarlyRefusal(t *testing.T) {
	sides(t, func(t *testing.T, change func(*Server), client *http.Client) {
		for name, bound := range map[string]int64{"read beforehand": bodyCap, "streamed": 1 << 10} {
			s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Connection", "close")
				http.Error(w, "too much", http.StatusRequestEntityTooLarge)
			}), change)
			s.proxy.bodies.each = bound
			resp, err := client.Do(request(t, t.Context(), http.MethodPost, s.URL()+"/v1/chat/completions", bytes.NewReader(make([]byte, 8<<20))))
			if err != nil {
				// HTTP/1.1 clients may see the connection go while they still send.
				if name != "streamed" {
					t.Errorf("%s: %v", name, err)
				}
			} else {
				text, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != http.StatusRequestEntityTooLarge || string(text) != "too much\n" {
					t.Errorf("%s: %d %q %v", name, resp.StatusCode, text, err)
				}
			}
			client.CloseIdleConnections()
			rows, _ := stop(t, s)
			if len(rows) != 1 || rows[0].Outcome != schema.OutcomeHTTPError || *rows[0].HTTPStatus != 413 {
				t.Errorf("%s: rows %+v", name, rows)
			}
			if held := s.proxy.bodies.held.Load(); held != 0 {
				t.Errorf("%s: %d bytes of bodies are still counted", name, held)
			}
		}
	})
}

// TestBodiesBeyondTheBounds are streamed through, whole.
func TestBodiesBeyondTheBounds(t *testing.T) {
	sent := make([]byte, 3<<20)
	rand.Read(sent)
	sides(t, func(t *testing.T, change func(*Server), client *http.Client) {
		for name, bound := range map[string]func(*bodies){"each": func(b *bodies) { b.each = 100_000 }, "all": func(b *bodies) { b.all = 50_000 }, "none": func(*bodies) {}} {
			for _, chunked := range map[string][]bool{"each": {true}, "all": {false}, "none": {true}}[name] {
				s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					got, err := io.ReadAll(r.Body)
					// What HTTP/2 gave no length for gets one if it was read whole.
					unknown := chunked && (client.Transport.(*http.Transport).Protocols.HTTP1() || name != "none")
					if err != nil || !bytes.Equal(got, sent) || (r.ContentLength < 0) != unknown {
						t.Errorf("%s: the upstream got %d bytes, %v, said to be %d", name, len(got), err, r.ContentLength)
					}
				}), change)
				bound(&s.proxy.bodies)
				var body io.Reader = bytes.NewReader(sent)
				if chunked {
					body = struct{ io.Reader }{body}
				}
				resp, err := client.Do(request(t, t.Context(), http.MethodPut, s.URL()+"/", body))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				client.CloseIdleConnections()
				stop(t, s)
				if held := s.proxy.bodies.held.Load(); held != 0 {
					t.Errorf("%s: %d bytes of bodies are still counted", name, held)
				}
			}
		}
	})
}

// TestUpgrade passes a protocol of its own through, both ways, and half-closes.
func TestUpgrade(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Sec-Websocket-Key") != "k" {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		c, in, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-Websocket-Accept: a\r\n\r\nwelcome\n")
		io.Copy(c, in)
		io.WriteString(c, "bye\n")
	}), nil)
	dial := func() (net.Conn, *bufio.Reader) {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, "GET /v1/realtime HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\nearly\n")
		in := bufio.NewReader(c)
		resp, err := http.ReadResponse(in, nil)
		if err != nil || resp.StatusCode != 101 || resp.Header.Get("Upgrade") != "websocket" || resp.Header.Get("Sec-Websocket-Accept") != "a" {
			t.Fatalf("%+v, %v", resp, err)
		}
		for _, want := range []string{"welcome\n", "early\n"} {
			if line, err := in.ReadString('\n'); line != want {
				t.Fatalf("%q, %v", line, err)
			}
		}
		return c, in
	}
	c, in := dial()
	for i := range 100 {
		fmt.Fprintf(c, "%d\n", i)
		if line, err := in.ReadString('\n'); line != fmt.Sprintf("%d\n", i) {
			t.Fatalf("%q, %v", line, err)
		}
	}
	c.(*net.TCPConn).CloseWrite()
	if rest, err := io.ReadAll(in); string(rest) != "bye\n" || err != nil {
		t.Errorf("after the half-close: %q, %v", rest, err)
	}
	c.Close()
	// One that is broken off, and one that the end of the capture cuts.
	c, _ = dial()
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
	eventually(t, "the abort is recorded", func() bool { return s.recorder.counts.recorded.Load() == 2 })
	c, _ = dial()
	defer c.Close()
	s.Drain = 0
	rows, _ := stop(t, s)
	got := ""
	for _, r := range rows {
		got += fmt.Sprintln(r.Outcome, *r.HTTPStatus)
	}
	if got != "ok 101\nclient_abort 101\ntimeout 101\n" {
		t.Errorf("rows\n%s", got)
	}
}

// TestTLSOut: the server's certificate is checked, and ours is shown.
func TestTLSOut(t *testing.T) {
	ours, ourRoots := identity(t)
	upstream := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s to %s", r.Proto, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	upstream.EnableHTTP2 = true
	upstream.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ourRoots}
	upstream.Config.ErrorLog = nil
	upstream.StartTLS()
	defer upstream.Close()
	roots := x509.NewCertPool()
	roots.AddCert(upstream.Certificate())
	for name, c := range map[string]struct {
		config *tls.Config
		want   string
	}{
		"trusted":        {&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{ours}}, "HTTP/1.1 to test"},
		"a stranger":     {&tls.Config{RootCAs: ourRoots, Certificates: []tls.Certificate{ours}}, "not trusted"},
		"no certificate": {&tls.Config{RootCAs: roots}, "before it answered"},
		"the system's":   {nil, "not trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startAt(t, upstream.URL, func(s *Server) { s.UpstreamTLS = c.config })
			resp := post(t, s, chatRequest)
			text, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if !strings.Contains(string(text), c.want) {
				t.Errorf("%d %s, want %q", resp.StatusCode, text, c.want)
			}
			rows, _ := stop(t, s)
			if len(rows) != 1 || (rows[0].Outcome == schema.OutcomeTransportError) != (resp.StatusCode == 502) {
				t.Errorf("rows %+v", rows)
			}
		})
	}
}

// TestStop: requests in flight end in their own time, or are cut, and both ways
// the files are sealed.
func TestStop(t *testing.T) {
	for _, cut := range []bool{false, true} {
		t.Run(fmt.Sprintf("cut %v", cut), func(t *testing.T) {
			finish := make(chan struct{})
			s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "text/event-stream")
				io.WriteString(w, event("a"))
				w.(http.Flusher).Flush()
				select {
				case <-finish:
				case <-r.Context().Done():
				}
				io.WriteString(w, "data: [DONE]\n\n")
			}), func(s *Server) { s.Drain = time.Hour })
			resp := post(t, s, chatRequest)
			defer resp.Body.Close()
			closed := make(chan error, 1)
			go func() { closed <- s.Close() }()
			eventually(t, "new connections are refused", func() bool {
				c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
				if err == nil {
					c.Close()
				}
				return err != nil
			})
			if cut {
				s.Cut()
				s.Cut() // once is enough
			} else {
				close(finish)
			}
			_, err := io.ReadAll(resp.Body)
			if (err != nil) != cut {
				t.Errorf("the client was told %v", err)
			}
			if err := <-closed; err != nil {
				t.Fatal(err)
			}
			files, err := Files(s.Dir)
			if err != nil || len(files) != 1 {
				t.Fatalf("files %v, %v", files, err)
			}
			f, err := schema.Open(files[0])
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			want := map[bool]string{false: schema.OutcomeOK, true: schema.OutcomeTimeout}[cut]
			for r, err := range f.Records() {
				if err != nil || r.Outcome != want {
					t.Errorf("%+v, %v", r, err)
				}
			}
		})
	}
}

// TestSlowClientIsStall: it holds up its own stream, and its row says how long.
func TestSlowClientIsStall(t *testing.T) {
	const size = 64 << 20 // more than the kernel's buffers take
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		block := make([]byte, 1<<20)
		for range size / len(block) {
			w.Write(block)
		}
	}), nil)
	resp := post(t, s, chatRequest)
	time.Sleep(50 * time.Millisecond) // the wait that must be seen
	n, err := io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if n != size || err != nil {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if rows, _ := stop(t, s); len(rows) != 1 || rows[0].ClientStall == nil || *rows[0].ClientStall < 10_000 || *rows[0].ClientStall > *rows[0].End {
		t.Errorf("rows %+v", rows)
	}
}

// TestUnrecorded forwards, and writes nothing.
func TestUnrecorded(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }), func(s *Server) {
		s.Unrecorded, s.Dir = true, "/no/such/folder"
	})
	resp := post(t, s, chatRequest)
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if string(text) != "hello" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if n := s.recorder.counts.values(); n["seen"] != 1 || n["recorded"] != 0 {
		t.Errorf("counts %v", n)
	}
}

// TestManyIdleStreams: as many as the system's limit allows here, up to 10,000.
func TestManyIdleStreams(t *testing.T) {
	streams := 10_000
	if limit, known := descriptors.Limit(); known { // four descriptors a stream, since all ends are in this process
		streams = min(streams, int(limit)/4-100)
	}
	if testing.Short() {
		streams = min(streams, 200)
	}
	if raceDetector {
		streams = min(streams, 1000) // it bounds goroutines
	}
	// The ends are bare connections: what is held is the proxy's.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conns := make(chan net.Conn, streams)
	go func() {
		defer close(conns)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns <- c
		}
	}()
	s := startAt(t, "http://"+l.Addr().String(), nil)
	clients := make([]net.Conn, streams)
	for i := range clients {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
		if err != nil {
			t.Fatalf("stream %d: %v", i, err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(chatRequest), chatRequest)
		clients[i] = c
	}
	answer := "data: [DONE]\n\n"
	servers := make([]net.Conn, streams)
	for i := range servers { // none is answered before all are open
		c := <-conns
		defer c.Close()
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			t.Fatal(err)
		}
		servers[i] = c
	}
	if n := s.recorder.counts.inFlight.Load(); n != int64(streams) {
		t.Errorf("%d in flight, want %d", n, streams)
	}
	for _, c := range servers {
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer)
	}
	for i, c := range clients {
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("stream %d: %v", i, err)
		}
		if text, err := io.ReadAll(resp.Body); string(text) != answer || err != nil {
			t.Fatalf("stream %d: %q, %v", i, text, err)
		}
		c.Close()
	}
	l.Close()
	rows, _ := stop(t, s)
	ok := 0
	for _, r := range rows {
		if r.Outcome == schema.OutcomeOK {
			ok++
		}
	}
	if ok != streams {
		t.Errorf("%d rows are ok, want %d", ok, streams)
	}
}

// TestNothingIsAdded to a bare answer, nor to a bare request.
func TestNothingIsAdded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const bare = "GET /x HTTP/1.1\r\nHost: %s\r\n\r\n"
	want := fmt.Sprintf(bare, l.Addr())
	got := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		text := make([]byte, len(want))
		io.ReadFull(c, text)
		got <- string(text)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	}()
	s := startAt(t, "http://"+l.Addr().String(), nil)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, bare, "me")
	if text := <-got; text != want {
		t.Errorf("the upstream got %q", text)
	}
	answer := make([]byte, len("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	io.ReadFull(c, answer)
	if string(answer) != "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" {
		t.Errorf("the client got %q", answer)
	}
	stop(t, s)
}

// TestExpectation: a client that waits for leave to send its body gets it, once.
func TestExpectation(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s, %s", r.Header.Get("Expect"), body)
	}), nil)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	in := bufio.NewReader(c)
	for _, want := range []int{100, 200} {
		resp, err := http.ReadResponse(in, nil)
		if err != nil || resp.StatusCode != want {
			t.Fatalf("%+v, %v; want %d", resp, err, want)
		}
		if want == 100 {
			fmt.Fprint(c, "hi")
			continue
		}
		if text, err := io.ReadAll(resp.Body); string(text) != "100-continue, hi" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
	}
	stop(t, s)
}

// TestForwardingFlags are checked before anything starts.
func TestForwardingFlags(t *testing.T) {
	base := []string{"metron", "capture", "--upstream", "https://127.0.0.1:1", "--out", filepath.Join(t.TempDir(), "never")}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--cert", empty}, "go together"},
		{[]string{"--upstream-key", empty}, "go together"},
		{[]string{"--cert", empty, "--key", empty}, "--cert, --key"},
		{[]string{"--upstream-ca", empty}, "no certificate"},
		{[]string{"--upstream-ca", "none.pem"}, "none.pem"},
		{[]string{"--upstream", "http://127.0.0.1:1", "--upstream-ca", empty}, "no certificate"},
		{[]string{"--streams", "0"}, "--streams"},
	} {
		app := &cli.App{Commands: []*cli.Command{Command()}, Writer: io.Discard, ErrWriter: io.Discard}
		if err := app.Run(append(base, c.args...)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.args, err, c.want)
		}
	}
}

// TestTarget keeps the client's own spelling.
func TestTarget(t *testing.T) {
	for _, c := range []struct{ base, uri, want string }{
		{"http://h", "/a%2Fb?q=%20&b", "/a%2Fb?q=%20&b"},
		{"http://h/", "/a", "/a"},
		{"http://h/base/", "/a?", "/base/a?"},
		{"http://h/b%2Fc", "//a/../b", "/b%2Fc//a/../b"},
		{"http://h", "*", "*"},
		{"http://h", "http://other/a?b", "/a?b"},
		{"http://h/base", "http://other", "/base/"},
		{"http://h", "http://other?b", "/?b"},
	} {
		u, err := url.Parse(c.base)
		if err != nil {
			t.Fatal(err)
		}
		if got := target(u, c.uri); got != c.want {
			t.Errorf("%s before %s: %q, want %q", c.base, c.uri, got, c.want)
		}
	}
}
