package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"metron/internal/alarm"
)

// server sends tokens that carry the moment they were sent. One goroutine paces
// and writes them all, so that it takes little of the cores it shares.
type server struct {
	listen string
	tokens int
	rate   int
	faults float64

	mu    sync.Mutex
	slots [slots][]*stream
	next  int
}

// slots divide the time between two tokens of a stream.
const slots = 100

type stream struct {
	conn net.Conn
	left int
	cut  bool          // ends without its end
	done chan struct{} // closed after the last token
}

func (s *server) run() error {
	l, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	if s.rate > 0 {
		go s.pace()
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go s.serve(c)
	}
}

// serve answers the requests of a connection.
func (s *server) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReaderSize(c, 1<<10)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		if rand.Float64() < s.faults {
			if _, err := io.WriteString(c, "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: 34\r\n\r\n"+`{"error":{"message":"on purpose"}}`); err != nil {
				return
			}
			continue
		}
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"); err != nil {
			return
		}
		st := &stream{conn: c, left: 1 + rand.IntN(2*s.tokens), done: make(chan struct{}), cut: rand.Float64() < s.faults}
		if st.cut {
			st.left /= 2
		}
		if s.rate == 0 {
			_ = st.token() // and nothing more until the other end leaves
			_, _ = in.ReadByte()
			return
		}
		s.mu.Lock()
		s.slots[s.next] = append(s.slots[s.next], st)
		s.next = (s.next + 37) % slots // spread
		s.mu.Unlock()
		<-st.done
		if st.cut {
			return
		}
	}
}

// pace goes round the slots.
func (s *server) pace() {
	a := alarm.New()
	step := time.Second / time.Duration(s.rate*slots)
	for i, at := 0, time.Now(); ; i, at = (i+1)%slots, at.Add(step) {
		a.Wait(at, nil)
		s.mu.Lock()
		kept := s.slots[i][:0]
		for _, st := range s.slots[i] {
			if st.left--; st.left < 0 || st.token() != nil {
				if !st.cut {
					_, _ = io.WriteString(st.conn, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
				}
				close(st.done)
				continue
			}
			kept = append(kept, st)
		}
		s.slots[i] = kept
		s.mu.Unlock()
	}
}

// token writes one event of a usual length.
func (st *stream) token() error {
	event := fmt.Sprintf(`data: {"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1700000000,"model":"m","t":%d,`+
		`"choices":[{"index":0,"delta":{"content":" token"},"logprobs":null,"finish_reason":null}]}`+"\n\n", time.Now().UnixNano())
	_, err := fmt.Fprintf(st.conn, "%x\r\n%s\r\n", len(event), event)
	return err
}
