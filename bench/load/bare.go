package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"syscall"
	"time"

	"metron/internal/alarm"
)

// bare is a client on net/http that sends at a steady rate as exactly as replay
// does, reads what comes, and does nothing with it.
type bare struct {
	target string
	tokens int
	rate   float64
	length time.Duration

	mu     sync.Mutex
	lags   []float64 // ns, from the moment it was due until it was written
	failed int
}

const body = `{"model":"m","stream":true,"max_tokens":16,"messages":[{"role":"user","content":"hello"}]}`

func (b *bare) run(ctx context.Context) error {
	transport := &http.Transport{MaxIdleConnsPerHost: 1 << 20, DisableCompression: true}
	var inFlight sync.WaitGroup
	paced := make(chan time.Duration)
	go func() { // the alarm keeps the thread of its goroutine
		wake := alarm.New()
		zero := time.Now().Add(50 * time.Millisecond)
		for i := range int(b.rate * b.length.Seconds()) {
			due := zero.Add(time.Duration(float64(i) / b.rate * 1e9))
			if !wake.Wait(due, ctx.Done()) {
				break
			}
			inFlight.Go(func() { b.ask(transport, due) })
		}
		inFlight.Wait()
		paced <- time.Since(zero)
	}()
	took := <-paced
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return err
	}
	cpu := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	tokens := len(b.lags) * b.tokens
	fmt.Printf("bare: %d requests, %d failed, lag p50 %s p99 %s max %s; %.0f tokens/s, CPU %s, %.2f us a token\n", len(b.lags), b.failed,
		rank(b.lags, 50), rank(b.lags, 99), rank(b.lags, 100), float64(tokens)/took.Seconds(), cpu.Round(time.Millisecond),
		float64(cpu.Microseconds())/float64(max(1, tokens)))
	return nil
}

func (b *bare) ask(t *http.Transport, due time.Time) {
	lag := time.Duration(-1)
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { lag = time.Since(due) }, // before the answer, so before it is read here
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.target+"/v1/chat/completions", strings.NewReader(body))
	if err == nil {
		var resp *http.Response
		if resp, err = t.RoundTrip(req); err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.failed++
		return
	}
	b.lags = append(b.lags, float64(lag))
}
