package view

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"metron/internal/term"
)

// Server serves one page and answers its questions:
//
//	GET /            the page
//	GET /api/answer  one JSON object a line: {"rows"} read so far while the answer is computed,
//	                 then {"answer"}, or {"error", "hint"}
//
// Compute answers a question and tells how many rows it has read. A request that its client
// gives up ends its computation. Check fails once answers, remembered ones too, are no longer
// those of the page; nil: they always are.
type Server struct {
	Page    []byte
	Check   func() error
	Compute func(ctx context.Context, q Question, progress func(rows int64)) (Answer, error)
}

// Handler is the server of a machine that goes by a name, which may be an address.
func (s *Server) Handler(name string) http.Handler {
	a := newAnswers(s.Compute)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(s.Page)
	})
	mux.HandleFunc("GET /api/answer", func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, a) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, fmt.Sprintf("there is no %s %s here", r.Method, r.URL.Path), "the page is at /")
	})
	return guard(name, mux)
}

// Serve answers at l, to a name beside the addresses, until ctx ends, and then lets go of what
// is in progress.
func (s *Server) Serve(ctx context.Context, l net.Listener, name string) error {
	server := &http.Server{
		Handler:           s.Handler(name),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          log.New(io.Discard, "", 0), // browsers hang up
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("view: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		server.Close()
	}
	<-ended
	return nil
}

// line is one line of an answer.
type line struct {
	Rows   int64  `json:"rows,omitempty"`
	Answer Answer `json:"answer,omitempty"`
	Error  string `json:"error,omitempty"`
	Hint   string `json:"hint,omitempty"`
}

// progressEvery is how often the page is told how far an answer is.
const progressEvery = 100 * time.Millisecond

func (s *Server) answer(w http.ResponseWriter, r *http.Request, a *answers) {
	q, err := ParseQuestion(r.URL.Query())
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error(), term.Hint(err))
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	put := func(l line) {
		if text, err := json.Marshal(l); err == nil {
			w.Write(append(text, '\n'))
			http.NewResponseController(w).Flush()
		}
	}
	if s.Check != nil {
		if err := s.Check(); err != nil {
			put(line{Error: err.Error(), Hint: term.Hint(err)})
			return
		}
	}
	rows, told := int64(0), time.Time{}
	answer, err := a.ask(r.Context(), q, func(more int64) {
		rows += more
		if now := time.Now(); now.Sub(told) >= progressEvery {
			told = now
			put(line{Rows: rows})
		}
	})
	switch {
	case r.Context().Err() != nil && errors.Is(err, context.Canceled): // nobody listens
	case err != nil:
		put(line{Error: err.Error(), Hint: term.Hint(err)})
	default:
		put(line{Answer: answer})
	}
}

// fail is an error that is known before anything is computed.
func fail(w http.ResponseWriter, status int, message, hint string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(line{Error: message, Hint: hint})
}
