package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load holds streams open and measures each token from its sending to its
// arrival. It prints its result as JSON.
type load struct {
	target  string
	streams int
	warm    time.Duration
	length  time.Duration
	aborts  float64
	lenient bool
	pids    []int

	counting atomic.Bool
	opened   atomic.Int64 // answers that have begun
	answers  atomic.Int64
	broken   atomic.Int64
	refused  atomic.Int64 // answers other than 200
}

// result is what a load saw. Times are us.
type result struct {
	Tokens   int64
	P50, P99 float64
	Answers  int64
	Broken   int64 // connections that broke, and answers that ended too early
	Refused  int64
	CPU      float64 // us a token, of the watched processes
}

func (l *load) run() error {
	end := make(chan struct{})
	lists := make([][]int64, l.streams)
	var clients sync.WaitGroup
	for i := range l.streams {
		clients.Go(func() { lists[i] = l.client(end) })
	}
	time.Sleep(l.warm)
	for range 30_000 { // at most half a minute more
		if l.opened.Load() >= int64(l.streams) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	l.counting.Store(true)
	cpu := cpuTime(l.pids)
	time.Sleep(l.length)
	l.counting.Store(false)
	used := cpuTime(l.pids) - cpu
	close(end)
	clients.Wait()
	all := slices.Concat(lists...)
	slices.Sort(all)
	r := result{Tokens: int64(len(all)), Answers: l.answers.Load(), Broken: l.broken.Load(), Refused: l.refused.Load()}
	if len(all) > 0 {
		r.P50, r.P99 = float64(all[len(all)/2])/1e3, float64(all[len(all)*99/100])/1e3
		r.CPU = float64(used.Microseconds()) / float64(len(all))
	}
	if !l.lenient && r.Broken+r.Refused > 0 {
		return fmt.Errorf("%d answers broke and %d were no answers", r.Broken, r.Refused)
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

const body = `{"model":"m","stream":true,"messages":[{"role":"user","content":"hello there, how are you today"}]}`

// client asks again and again on one connection, and gives each token's time in ns.
func (l *load) client(end <-chan struct{}) (ns []int64) {
	for {
		c, err := net.Dial("tcp", l.target)
		if err != nil {
			l.broken.Add(1)
			time.Sleep(10 * time.Millisecond)
		} else {
			stop := make(chan struct{})
			go func() { // the end of the load ends what is read
				select {
				case <-end:
				case <-stop:
				}
				c.Close()
			}()
			for err == nil {
				ns, err = l.ask(c, ns)
			}
			close(stop)
		}
		select {
		case <-end:
			return ns
		default:
			if err != errLeft {
				l.broken.Add(1)
			}
		}
	}
}

var errLeft = fmt.Errorf("left on purpose")

// ask sends one request and reads its answer.
func (l *load) ask(c net.Conn, ns []int64) ([]int64, error) {
	if _, err := fmt.Fprintf(c, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		return ns, err
	}
	leave := -1
	if rand.Float64() < l.aborts {
		leave = rand.IntN(100)
	}
	buf, kept := make([]byte, 8<<10), 0
	marker := []byte(`"t":`)
	head := true
	for seen := 0; ; {
		n, err := c.Read(buf[kept:])
		now := time.Now().UnixNano()
		if err != nil {
			return ns, err
		}
		text := buf[:kept+n]
		if head && bytes.Contains(text, []byte("\r\n\r\n")) {
			if head = false; !bytes.HasPrefix(text, []byte("HTTP/1.1 200")) {
				l.refused.Add(1)
				return ns, errLeft // the rest of an error is of no interest
			}
			l.opened.Add(1)
		}
		ended := bytes.Contains(text, []byte("[DONE]")) && bytes.HasSuffix(text, []byte("0\r\n\r\n"))
		for {
			i := bytes.Index(text, marker)
			if i < 0 || i+len(marker)+20 > len(text) {
				break
			}
			digits := text[i+len(marker) : i+len(marker)+19]
			if sent, err := strconv.ParseInt(string(digits), 10, 64); err == nil && l.counting.Load() {
				ns = append(ns, now-sent)
			}
			seen++
			text = text[i+len(marker)+19:]
		}
		if ended {
			l.answers.Add(1)
			return ns, nil
		}
		if seen == leave {
			return ns, errLeft
		}
		kept = copy(buf, text[max(0, len(text)-200):]) // a marker, or an end, that is not whole yet
	}
}
