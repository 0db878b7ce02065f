package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// hold opens streams that begin and then say nothing, and sees what they take of
// the watched processes. It prints its result as JSON.
type hold struct {
	target  string
	streams int
	conns   int // of HTTP/2 that they share; 0: each has one of HTTP/1.1
	pids    []int
}

// held is what a hold saw.
type held struct {
	BeforeKB, ResidentKB int64 // resident memory of the watched processes
	Descriptors          int   // that the one of them with the most has open
}

func (h *hold) run() error {
	clients := make([]*http.Client, max(h.conns, 1))
	for i := range clients {
		t := &http.Transport{Protocols: new(http.Protocols), ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10}
		t.Protocols.SetHTTP1(h.conns == 0)
		t.Protocols.SetUnencryptedHTTP2(h.conns > 0)
		clients[i] = &http.Client{Transport: t}
	}
	r := held{BeforeKB: resident(h.pids)}
	var opened, left atomic.Int64
	end := make(chan struct{})
	var streams sync.WaitGroup
	for i := range h.streams {
		streams.Go(func() {
			defer left.Add(1)
			if err := h.open(clients[i%len(clients)], func() { opened.Add(1); <-end }); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		})
	}
	for deadline := time.Now().Add(2 * time.Minute); opened.Load() < int64(h.streams); time.Sleep(10 * time.Millisecond) {
		if left.Load() > 0 || time.Now().After(deadline) {
			return fmt.Errorf("%d of %d streams are open", opened.Load(), h.streams)
		}
	}
	time.Sleep(time.Second)
	r.ResidentKB = resident(h.pids)
	for _, pid := range h.pids {
		r.Descriptors = max(r.Descriptors, descriptors(pid))
	}
	if left.Load() > 0 {
		return fmt.Errorf("%d of %d streams were not held", left.Load(), h.streams)
	}
	close(end)
	streams.Wait()
	return json.NewEncoder(os.Stdout).Encode(r)
}

// open asks, reads the first token, and calls wait before it leaves.
func (h *hold) open(client *http.Client, wait func()) error {
	resp, err := client.Post("http://"+h.target+"/v1/chat/completions", "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	first := make([]byte, 1)
	if _, err := io.ReadFull(resp.Body, first); err != nil || resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return fmt.Errorf("%s: %s %w", resp.Status, bytes.TrimSpace(append(first, text...)), err)
	}
	wait()
	return nil
}
