package pcap

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/layers"
	"pgregory.net/rapid"

	"metron/schema"
)

// said is what does not depend on how bytes were cut and in what order they came.
func said(rows []*schema.Record) (all []string) {
	for _, r := range rows {
		all = append(all, fmt.Sprint(r.API, r.Outcome, r.ErrorType, r.ChunkKind, r.ChunkTokens, r.RequestBytes, r.ResponseBytes != nil && *r.ResponseBytes > 0, r.RequestModel, r.ResponseID))
	}
	return all
}

// TestEveryOrder: segments cut, sent again, overlapping and out of order give the
// rows that they give in order.
func TestEveryOrder(t *testing.T) {
	requests := post(chatBody) + post(chatBody)
	first := "HTTP/1.1 100 Continue\r\n\r\n" + sseHead + chunk(token) + chunk(token) + chunk(done) + lastOne
	answers := first + "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + token + done
	inOrder := newTalk().shake().ask(post(chatBody)).answer(first).ask(post(chatBody)).answer(answers[len(first):]).leave(false).close(false)
	rows, _ := read(t, inOrder.segments)
	want := said(rows)
	if len(want) != 2 {
		t.Fatalf("%q", want)
	}
	rapid.Check(t, func(t *rapid.T) {
		k := newTalk().shake()
		shaken := len(k.segments)
		for side, text := range []string{requests, answers} {
			for from := 0; from < len(text); {
				to := min(len(text), from+rapid.IntRange(1, 200).Draw(t, "size"))
				back := min(from, rapid.SampledFrom([]int{0, 0, 0, 1, 30}).Draw(t, "overlap"))
				seq, ack := uint32(clientISN+1), uint32(serverISN+1)
				if from > len(post(chatBody))-1 { // the second request acknowledges the first answer
					ack += uint32(len(first))
				}
				s := segment{from: k.client, to: k.server, seq: seq + uint32(from-back), ack: ack, acks: true, data: []byte(text[from-back : to])}
				if side == 1 {
					s = segment{from: k.server, to: k.client, seq: uint32(serverISN+1) + uint32(from-back), ack: seq, acks: true, data: s.data}
				} else if from < len(post(chatBody)) && to > len(post(chatBody)) { // requests do not share a packet
					to = len(post(chatBody))
					s.data = []byte(text[from-back : to])
				}
				for range rapid.SampledFrom([]int{1, 1, 1, 2, 3}).Draw(t, "copies") {
					k.segments = append(k.segments, s)
				}
				from = to
			}
		}
		k.segments = append(k.segments,
			segment{from: k.client, to: k.server, seq: clientISN + 1 + uint32(len(requests)), fin: true},
			segment{from: k.server, to: k.client, seq: serverISN + 1 + uint32(len(answers)), fin: true})
		shuffled := rapid.Permutation(k.segments[shaken:]).Draw(t, "order")
		segments := slices.Concat(k.segments[:shaken], shuffled)
		for i := range segments {
			segments[i].atUS = beginUS + int64(i)
		}
		got, n := read(t, segments)
		if !slices.Equal(said(got), want) || n.gaps != 0 {
			t.Fatalf("rows %q, want %q; %+v", said(got), want, n)
		}
	})
}

// TestEveryCut cuts both directions at every byte.
func TestEveryCut(t *testing.T) {
	for name, response := range map[string]string{
		"chunked": sseHead + chunk(token) + chunk(token) + chunk(done) + "0\r\nX: y\r\n\r\n",
		"length":  fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n%s", len(token+done), token+done),
		"closed":  "HTTP/1.1 200 OK\nContent-Type: text/event-stream\n\n" + token + done,
	} {
		request := post(chatBody)
		rows, _ := read(t, newTalk().shake().ask(request).answer(response).close(false).segments)
		want := said(rows)
		if len(want) != 1 || rows[0].Outcome != schema.OutcomeOK {
			t.Fatalf("%s: %q", name, want)
		}
		for i := 1; i < len(response); i++ {
			j := min(i, len(request)-1)
			rows, _ := read(t, newTalk().shake().ask(request[:j], request[j:]).answer(response[:i], response[i:]).close(false).segments)
			if !slices.Equal(said(rows), want) {
				t.Fatalf("%s cut at %d: %q, want %q", name, i, said(rows), want)
			}
		}
	}
}

// FuzzSplitter: cutting never matters, and where net/http reads a response whole
// the splitter reads the same body.
func FuzzSplitter(f *testing.F) {
	for _, s := range []string{sseHead + chunk(token) + lastOne, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.0 200 OK\n\nabc", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n"} {
		f.Add([]byte(s), uint16(7))
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint16) {
		whole, wholeErr := split(data)
		cutAt := int(at) % (len(data) + 1)
		pieces, piecesErr := split(data[:cutAt], data[cutAt:])
		if whole != pieces || (wholeErr == nil) != (piecesErr == nil) {
			t.Fatalf("%q (%v), cut at %d %q (%v)", whole, wholeErr, cutAt, pieces, piecesErr)
		}
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(data)), nil)
		if err != nil {
			return
		}
		body, err := io.ReadAll(resp.Body)
		if err == nil && wholeErr == nil && resp.StatusCode >= 200 && !strings.HasPrefix(whole, fmt.Sprintf("[head %d][%s]", resp.StatusCode, body)) {
			t.Fatalf("net/http reads %q, we %q", body, whole)
		}
	})
}

// split runs a splitter over responses and says what it saw.
func split(pieces ...[]byte) (string, error) {
	var log, body strings.Builder
	s := splitter{
		head: func(head []byte) (framing, error) {
			resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), nil)
			if err != nil {
				return framing{}, err
			}
			fmt.Fprintf(&log, "[head %d]", resp.StatusCode)
			return bodyOf(resp), nil
		},
		body: func(p []byte) { body.Write(p) },
	}
	s.end = func() {
		fmt.Fprintf(&log, "[%s]", body.String())
		body.Reset()
	}
	for _, p := range pieces {
		for len(p) > 0 {
			n, err := s.feed(p)
			if err != nil {
				return log.String() + body.String(), err
			}
			if n == 0 {
				return "", errors.New("it does not go on")
			}
			p = p[n:]
		}
	}
	s.close()
	return log.String() + body.String(), nil
}

// FuzzFile: no capture, whatever is in it, does more than fail.
func FuzzFile(f *testing.F) {
	k := newTalk().shake().exchangeOf().exchangeOf().leave(false).close(true)
	for _, link := range []layers.LinkType{layers.LinkTypeEthernet, layers.LinkTypeLinuxSLL2, layers.LinkTypeRaw} {
		f.Add(file(f, link, "us", k.segments))
		f.Add(file(f, link, "pcapng", k.segments))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &Reader{Door: open{}, Put: func(row *schema.Record) {
			if err := row.Check(); err != nil {
				t.Error(err)
			}
		}}
		_ = r.Read(t.Context(), bytes.NewReader(data))
		if r.memory != 0 {
			t.Errorf("%d bytes are still counted as held", r.memory)
		}
	})
}

// FuzzConnection: neither does what two sides say to each other, in segments of any
// size, order and number.
func FuzzConnection(f *testing.F) {
	f.Add([]byte(post(chatBody)+post(chatBody)), []byte(sseHead+chunk(token)+lastOne+sseHead+chunk(done)+lastOne), []byte{10, 200, 33, 4, 129, 7})
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), []byte("HTTP/1.1 101 x\r\n\r\nabc"), []byte{255, 0, 1, 90})
	f.Fuzz(func(t *testing.T, requests, answers, script []byte) {
		k := newTalk()
		if len(script) > 0 && script[0]&1 == 0 {
			k.shake()
		}
		var sent [2]int
		for i, b := range script[:min(len(script), 500)] {
			side := int(b >> 7)
			text := [][]byte{requests, answers}[side]
			from := max(0, min(len(text), sent[side]+int(int8(b<<1))/8))
			to := min(len(text), from+1+int(b&0x3f))
			sent[side] = to
			s := segment{from: k.client, to: k.server, seq: clientISN + 1 + uint32(from), ack: serverISN + 1 + uint32(sent[1]), acks: b&3 != 3, data: text[from:to]}
			if side == 1 {
				s.from, s.to, s.seq, s.ack = k.server, k.client, serverISN+1+uint32(from), clientISN+1+uint32(sent[0])
			}
			s.fin, s.rst = b == 0x55, b == 0x66
			s.atUS = beginUS + int64(i)*int64(b)*10_000
			k.segments = append(k.segments, s)
		}
		read(t, k.segments)
	})
}
