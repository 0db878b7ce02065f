package llmsim

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Server is a simulated LLM server in real time. New makes one to be mounted
// somewhere, Start one that listens; Close ends either.
type Server struct {
	config   Config
	mux      *http.ServeMux
	loop     *loop
	requests atomic.Uint64 // that were understood

	closing   chan struct{}
	closeOnce sync.Once

	listener net.Listener // nil without Start
	http     *http.Server
	serving  sync.WaitGroup
}

// New checks the configuration and starts an idle server without a listener.
func New(c Config) (*Server, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("simulated server: %w", err)
	}
	engine, err := NewEngine(c.Engine)
	if err != nil {
		return nil, fmt.Errorf("simulated server: %w", err)
	}
	s := &Server{config: c, mux: http.NewServeMux(), loop: startLoop(engine), closing: make(chan struct{})}
	s.mux.HandleFunc("GET /health", func(http.ResponseWriter, *http.Request) {})
	s.mux.HandleFunc("GET /v1/models", s.models)
	s.mux.HandleFunc("POST /tokenize", s.tokenize)
	s.mux.HandleFunc("POST /detokenize", s.detokenize)
	s.mux.HandleFunc("POST /v1/chat/completions", s.generate(c.parseChat, newChat, eventStream()))
	s.mux.HandleFunc("POST /v1/completions", s.generate(c.parseText, newText, eventStream()))
	s.mux.HandleFunc("POST /v1/responses", s.generate(c.parseResponses, newResponses, typedEvents()))
	s.mux.HandleFunc("POST /v1/messages", s.generate(c.parseAnthropic, newAnthropic, namedEvents()))
	s.mux.HandleFunc("POST /api/generate", s.generate(c.parseOllamaText, newOllamaText, objectLines()))
	s.mux.HandleFunc("POST /api/chat", s.generate(c.parseOllama, newOllama, objectLines()))
	s.mux.HandleFunc("POST /generate", s.generate(c.parseTGI, newTGI, dataLines()))
	s.mux.HandleFunc("POST /generate_stream", s.generate(c.parseTGIStream, newTGI, dataLines()))
	s.mux.HandleFunc("POST /v1beta/models/{call}", s.gemini)
	s.mux.HandleFunc("POST /model/{model}/converse", s.bedrock(false, c.parseConverse, newConverse))
	s.mux.HandleFunc("POST /model/{model}/converse-stream", s.bedrock(true, c.parseConverse, newConverse))
	s.mux.HandleFunc("POST /model/{model}/invoke", s.bedrock(false, c.parseInvoke, newAnthropic))
	s.mux.HandleFunc("POST /model/{model}/invoke-with-response-stream", s.bedrock(true, c.parseInvoke, newInvoked))
	s.mux.HandleFunc("POST /endpoints/{name}/invocations", s.sagemaker)
	s.mux.HandleFunc("POST /endpoints/{name}/invocations-response-stream", s.sagemaker)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		statusError(http.StatusNotFound, fmt.Sprintf("no such endpoint: %s %s", r.Method, r.URL.Path)).write(w)
	})
	return s, nil
}

// Start runs a server on an address, for example "127.0.0.1:0".
func Start(c Config, addr string) (*Server, error) {
	s, err := New(c)
	if err != nil {
		return nil, err
	}
	s.listener, err = net.Listen("tcp", addr)
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("simulated server: %w", err)
	}
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // broken connections are this server's trade
	}
	s.serving.Go(func() { s.http.Serve(s.listener) }) // always ErrServerClosed: Close ends it
	return s, nil
}

// URL is where a started server listens, without a slash at the end.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Stats is what the server did so far. A step counts just after its tokens
// went out; after Close nothing is missing.
func (s *Server) Stats() Stats {
	s.loop.mu.Lock()
	defer s.loop.mu.Unlock()
	stats := s.loop.stats
	stats.Requests = int64(s.requests.Load())
	return stats
}

// Close stops the server at once; streams in flight are cut off. It may be
// called more than once.
func (s *Server) Close() error {
	var err error
	s.closeOnce.Do(func() {
		close(s.closing)
		if s.http != nil {
			err = s.http.Close()
		}
		s.serving.Wait()
		s.loop.close()
	})
	return err
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.config.APIKey != "" && r.URL.Path != "/health" {
		key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok { // Anthropic's way, and Google's
			key, ok = r.Header.Get("X-Api-Key")+r.Header.Get("X-Goog-Api-Key"), true
		}
		if !ok || subtle.ConstantTimeCompare([]byte(key), []byte(s.config.APIKey)) != 1 {
			e := statusError(http.StatusUnauthorized, "the API key is missing or wrong: send it as `Authorization: Bearer KEY`")
			e.Code = "invalid_api_key"
			e.write(w)
			return
		}
	}
	s.mux.ServeHTTP(w, r)
}
