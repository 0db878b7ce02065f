package pcap

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"metron/schema"
)

const (
	chatBody = `{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}`
	token    = `data: {"id":"r1","choices":[{"index":0,"delta":{"content":"a"}}]}` + "\n\n"
	done     = "data: [DONE]\n\n"
	sseHead  = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
	lastOne  = "0\r\n\r\n"
)

func post(body string, fields ...string) string {
	return fmt.Sprintf("POST /v1/chat/completions?key=sk-secret HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n%s", len(body), strings.Join(fields, ""), body)
}

func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

// exchangeOf is a request and its streamed answer.
func (k *talk) exchangeOf() *talk {
	return k.ask(post(chatBody)).answer(sseHead, chunk(token), chunk(token), chunk(done)+lastOne).acked()
}

// TestLinks reads the same connection from every kind of file and link.
func TestLinks(t *testing.T) {
	six := newTalk()
	six.client, six.server = netip.MustParseAddrPort("[fd00::1]:4711"), netip.MustParseAddrPort("[fd00::2]:8000")
	for version, k := range map[string]*talk{"IPv4": newTalk(), "IPv6": six} {
		k.shake().exchangeOf().leave(false).close(false)
		for _, link := range []layers.LinkType{layers.LinkTypeEthernet, linkVLAN, layers.LinkTypeLinuxSLL, layers.LinkTypeLinuxSLL2, layers.LinkTypeNull, layers.LinkTypeRaw} {
			for _, format := range []string{"us", "ns", "pcapng"} {
				t.Run(fmt.Sprintf("%s %d %s", version, link, format), func(t *testing.T) {
					var rows []*schema.Record
					r := &Reader{Door: open{}, Put: func(row *schema.Record) { rows = append(rows, row) }}
					bytesOf := file(t, link, format, k.segments)
					if link == linkVLAN {
						bytesOf = bytes.Replace(bytesOf, []byte{255, 0, 0, 0}, []byte{1, 0, 0, 0}, 1)
						if format == "pcapng" {
							bytesOf = bytes.Replace(file(t, linkVLAN, format, k.segments), []byte{255, 0, 0, 0}, []byte{1, 0, 0, 0}, 1)
						}
					}
					if err := r.Read(t.Context(), bytes.NewReader(bytesOf)); err != nil {
						t.Fatal(err)
					}
					if len(rows) != 1 || rows[0].Outcome != schema.OutcomeOK || rows[0].StartTime != beginUS+3*stepUS || *rows[0].End != 4*stepUS {
						t.Fatalf("%d rows %+v, %+v", len(rows), rows, r.counts)
					}
					if r.counts.otherPackets != 0 || r.counts.strays != 0 {
						t.Errorf("%+v", r.counts)
					}
				})
			}
		}
	}
}

// TestTimes holds every time of two rows of a connection against the packets'.
func TestTimes(t *testing.T) {
	k := newTalk().shake() // packets 0 to 2
	head, body, _ := strings.Cut(post(chatBody), "\r\n\r\n")
	k.ask(head+"\r\n", "\r\n"+body[:9], body[9:])                                                                              // 3 to 5
	k.answer(sseHead[:30], sseHead[30:]+chunk(token), chunk(token)[:20], chunk(token)[20:]+chunk(token), chunk(done), lastOne) // 6 to 11
	k.exchangeOf()                                                                                                             // 12 on
	rows, _ := read(t, k.segments)
	if len(rows) != 2 {
		t.Fatalf("%d rows", len(rows))
	}
	r := rows[0]
	got := fmt.Sprint(r.StartTime-beginUS, *r.Connected, *r.ConnectionReused, *r.Wrote, *r.Headers, *r.End, r.ChunkTime, r.ChunkRead, r.ChunkKind)
	if want := fmt.Sprint(4000, 0, false, 1000, 3000, 7000, []int64{3000, 5000, 5000, 6000}, []int32{1, 3, 3, 4}, []int8{0, 0, 0, 9}); got != want {
		t.Errorf("start, connected, reused, wrote, headers, end, chunks\n got %s\nwant %s", got, want)
	}
	r = rows[1]
	got = fmt.Sprint(r.StartTime-beginUS, *r.ConnectionReused, *r.Wrote, *r.Headers, *r.End, r.ChunkTime, r.ChunkRead)
	if want := fmt.Sprint(12000, true, 0, 1000, 4000, []int64{2000, 3000, 4000}, []int32{1, 2, 3}); got != want {
		t.Errorf("second row\n got %s\nwant %s", got, want)
	}
}

// TestEndings is how exchanges end, and what their rows say.
func TestEndings(t *testing.T) {
	length := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 35\r\n\r\n"
	whole := `{"choices":[{"message":{},"x":1  }]}`[:35]
	for _, c := range []struct {
		name string
		talk *talk
		want []string // outcome, error_type and chunks of each row
	}{
		{"whole", newTalk().shake().exchangeOf(), []string{"ok  3"}},
		{"a body of a length", newTalk().shake().ask(post(chatBody)).answer(length+whole[:10], whole[10:]), []string{"truncated no_terminal 0"}},
		{"until it is closed", newTalk().shake().ask(post(chatBody)).answer("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"+token, done).close(false), []string{"ok  2"}},
		{"closed amid chunks", newTalk().shake().ask(post(chatBody)).answer(sseHead, chunk(token)).close(false), []string{"truncated unexpected_eof 1"}},
		{"reset by the server", newTalk().shake().ask(post(chatBody)).answer(sseHead, chunk(token)).close(true), []string{"transport_error reset 1"}},
		{"closed without an answer", newTalk().shake().ask(post(chatBody)).close(false), []string{"transport_error eof 0"}},
		{"reset by the client", newTalk().shake().ask(post(chatBody)).answer(sseHead, chunk(token)).leave(true), []string{"client_abort  1"}},
		{"the client closes, the server too", newTalk().shake().ask(post(chatBody)).answer(sseHead, chunk(token)).leave(false).close(false), []string{"client_abort  1"}},
		{"the client closes, more comes, it resets", newTalk().shake().ask(post(chatBody)).answer(sseHead, chunk(token)).leave(false).answer(chunk(token)).leave(true), []string{"client_abort  2"}},
		{"the client sends no more, and reads", newTalk().shake().ask(post(chatBody)).leave(false).answer(sseHead, chunk(token), chunk(done)+lastOne).close(false), []string{"ok  2"}},
		{"the client closes, the server ends its chunks", newTalk().shake().ask(post(chatBody)).answer(sseHead, chunk(token)).leave(false).answer(lastOne).close(false), []string{"client_abort  1"}},
		{"the client leaves amid its request", newTalk().shake().ask(post(chatBody)[:100]).leave(true), []string{"client_abort  0"}},
		{"an answer before the request is whole", newTalk().shake().ask(post(chatBody)[:100]).answer("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").close(false), []string{"http_error Request Entity Too Large 0"}},
		{"the capture ends amid it", newTalk().shake().ask(post(chatBody)).answer(sseHead, chunk(token)), []string{"unknown capture_end 1"}},
		{"100 Continue", newTalk().shake().ask(post(chatBody, "Expect: 100-continue\r\n")[:130]).answer("HTTP/1.1 100 Continue\r\n\r\n").ask(post(chatBody, "Expect: 100-continue\r\n")[130:]).answer(sseHead, chunk(done)+lastOne), []string{"ok  1"}},
		{"HEAD", newTalk().shake().ask("HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n").answer("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n").exchangeOf(), []string{"ok  0", "ok  3"}},
		{"204", newTalk().shake().ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").answer("HTTP/1.1 204 No Content\r\n\r\n").exchangeOf(), []string{"ok  0", "ok  3"}},
		{"304", newTalk().shake().ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").exchangeOf(), []string{"ok  0", "ok  3"}},
		{"101, and what follows is something else", newTalk().shake().ask("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").answer("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi").ask("\x81\x02ho"), []string{"ok  0"}},
		{"pipelined", newTalk().shake().ask(post(chatBody)+post(chatBody)).answer(sseHead+chunk(token)+chunk(done)+lastOne+sseHead, chunk(done)+lastOne), []string{"ok  2", "ok  1"}},
		{"a chunked request", newTalk().shake().ask("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"+chunk(chatBody[:20])+chunk(chatBody[20:])+lastOne).answer(sseHead, chunk(token)+chunk(done)+lastOne), []string{"ok  2"}},
		{"trailers", newTalk().shake().ask(post(chatBody)).answer(sseHead, chunk(done)+"0\r\nX-Sum: 1\r\n\r\n").exchangeOf(), []string{"ok  1", "ok  3"}},
		{"no chunk size", newTalk().shake().ask(post(chatBody)).answer(sseHead, chunk(token)+"zz\r\n"), []string{"transport_error transport 1"}},
		{"TLS", newTalk().shake().ask("\x16\x03\x01 hello\r\n\r\n"), nil},
		{"HTTP/2", newTalk().shake().ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), nil},
		{"refused", newTalk().shake().lose(2).lose(1).close(true), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, _ := read(t, c.talk.segments)
			if got := brief(rows); !slices.Equal(got, c.want) {
				t.Errorf("rows %q, want %q", got, c.want)
			}
		})
	}
}

func brief(rows []*schema.Record) (all []string) {
	for _, r := range rows {
		all = append(all, fmt.Sprintf("%s %s %d", r.Outcome, r.ErrorType, len(r.ChunkKind)))
	}
	return all
}

// TestGaps loses packets: what they carried is not guessed, and what follows on
// the connection is read again.
func TestGaps(t *testing.T) {
	two := func() *talk { return newTalk().shake().exchangeOf().exchangeOf() } // request 3, answer 4 to 7, ack 8; request 9, answer 10 to 13
	three := func() *talk { return two().exchangeOf() }
	for _, c := range []struct {
		name string
		talk *talk
		want []string
		gaps int64
	}{
		{"amid the first answer", three().lose(5), []string{"truncated capture_gap 0", "ok  3", "ok  3"}, 1},
		{"a chunk later", three().lose(6), []string{"truncated capture_gap 1", "ok  3", "ok  3"}, 1},
		{"the head of an answer", three().lose(4), []string{"unknown capture_gap 0", "ok  3", "ok  3"}, 1},
		{"the end of an answer and the next one's head", three().lose(10).lose(7), []string{"truncated capture_gap 2", "unknown capture_gap 0", "ok  3"}, 1},
		{"a whole answer", three().lose(7).lose(6).lose(5).lose(4), []string{"unknown capture_gap 0", "ok  3", "ok  3"}, 1},
		{"a request", three().lose(9), []string{"ok  3", "ok  3"}, 1},
		{"a request and its answer", three().lose(13).lose(12).lose(11).lose(10).lose(9), []string{"ok  3", "ok  3"}, 2},
		{"all of the second but its answer's end", three().lose(11).lose(10).lose(9), []string{"ok  3", "ok  3"}, 2},
		{"the SYN", three().lose(0), []string{"ok  3", "ok  3", "ok  3"}, 0},
		{"the SYN and its answer", three().lose(1).lose(0), []string{"ok  3", "ok  3", "ok  3"}, 0},
		{"the handshake and the first request", three().lose(3).lose(2).lose(1).lose(0), []string{"ok  3", "ok  3"}, 0},
		{"amid a request", newTalk().shake().ask(post(chatBody)[:90], post(chatBody)[90:120], post(chatBody)[120:]).answer(sseHead, chunk(done)+lastOne).exchangeOf().lose(4),
			[]string{"unknown capture_gap 1", "ok  3"}, 1},
		{"the last packet, then the end", newTalk().shake().exchangeOf().leave(false).close(false).lose(7), []string{"truncated capture_gap 2"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, n := read(t, c.talk.segments)
			if got := brief(rows); !slices.Equal(got, c.want) {
				t.Errorf("rows %q, want %q", got, c.want)
			}
			if n.gaps != c.gaps {
				t.Errorf("%d gaps, want %d", n.gaps, c.gaps)
			}
			// The same with minutes between the packets: holes are given up as it goes.
			slow := slices.Clone(c.talk.segments)
			for i := range slow {
				slow[i].atUS += int64(i) * 100_000_000
			}
			if rows, _ := read(t, slow); !slices.Equal(brief(rows), c.want) {
				t.Errorf("slowly: rows %q, want %q", brief(rows), c.want)
			}
		})
	}
}

// TestFilledHole: bytes that overtook others were readable when those came.
func TestFilledHole(t *testing.T) {
	k := newTalk().shake().ask(post(chatBody)).answer(sseHead, chunk(token), chunk(token), chunk(done)+lastOne)
	late := k.segments[5] // the first token
	k.lose(5)
	late.atUS = k.atUS
	k.segments = append(k.segments, late)
	rows, n := read(t, k.segments)
	if len(rows) != 1 || rows[0].Outcome != schema.OutcomeOK || n.gaps != 0 || n.reordered != 2 {
		t.Fatalf("%v, %+v", brief(rows), n)
	}
	if got, want := fmt.Sprint(rows[0].ChunkTime, rows[0].ChunkRead), fmt.Sprint([]int64{5000, 5000, 5000}, []int32{1, 1, 1}); got != want {
		t.Errorf("chunks %s, want %s", got, want)
	}
}

// TestMidStream: an answer that was under way is left out, the next request not.
func TestMidStream(t *testing.T) {
	k := newTalk().shake().exchangeOf().exchangeOf()
	rows, n := read(t, k.segments[5:])
	if got := brief(rows); !slices.Equal(got, []string{"ok  3"}) || n.taken != 1 || n.strays != 3 {
		t.Errorf("%q, %+v", got, n)
	}
	if rows[0].Connected != nil || rows[0].ConnectionReused != nil {
		t.Error("it is said when a connection began that was not seen")
	}
}

// TestFirstRequestLost: whether what was lost before a request was one, too, is not known;
// what was seen before it is.
func TestFirstRequestLost(t *testing.T) {
	rows, _ := read(t, newTalk().shake().exchangeOf().exchangeOf().exchangeOf().lose(3).segments)
	if len(rows) != 2 || rows[0].Connected == nil || rows[0].ConnectionReused != nil || rows[1].ConnectionReused == nil || !*rows[1].ConnectionReused {
		t.Errorf("%q: reused %v", brief(rows), rows[0].ConnectionReused)
	}
}

// TestPortsUsedAgain: a SYN that differs is another connection.
func TestPortsUsedAgain(t *testing.T) {
	first := newTalk().shake().ask(post(chatBody)).answer(sseHead, chunk(token))
	again := newTalk()
	again.seq, again.ack, again.atUS = 12345, 99, first.atUS
	again.shake().exchangeOf().leave(false).close(false)
	rows, n := read(t, slices.Concat(first.segments, again.segments, again.segments))
	if got := brief(rows); !slices.Equal(got, []string{"unknown capture_end 1", "ok  3"}) || n.connections != 2 {
		t.Errorf("%q, %+v", got, n)
	}
}

func TestServers(t *testing.T) {
	var b bytes.Buffer
	b.Write(file(t, layers.LinkTypeEthernet, "us", newTalk().shake().exchangeOf().segments))
	for server, want := range map[string]int{"10.0.0.2:8000": 1, "0.0.0.0:8000": 1, "10.0.0.1:8000": 0, "0.0.0.0:4711": 0} {
		rows := 0
		r := &Reader{Servers: []netip.AddrPort{netip.MustParseAddrPort(server)}, Door: open{}, Put: func(*schema.Record) { rows++ }}
		if err := r.Read(t.Context(), bytes.NewReader(b.Bytes())); err != nil {
			t.Fatal(err)
		}
		if rows != want {
			t.Errorf("%s: %d rows, want %d", server, rows, want)
		}
	}
}

// TestIPv6Fragments: a piece of a packet is none, wherever among the headers it says so,
// and a packet in one piece is whole.
func TestIPv6Fragments(t *testing.T) {
	k := newTalk()
	k.client, k.server = netip.MustParseAddrPort("[fd00::1]:4711"), netip.MustParseAddrPort("[fd00::2]:8000")
	k.ask(post(chatBody))
	whole := packetOf(t, layers.LinkTypeRaw, k.segments[0])
	const hopByHop, fragment, destination, tcp = 0, 44, 60, 6
	padding := func(next byte) []byte { return []byte{next, 0, 1, 4, 0, 0, 0, 0} }
	piece := func(at, more byte) []byte { return []byte{tcp, 0, 0, at<<3 | more, 0, 0, 0, 7} }
	for _, c := range []struct {
		name    string
		first   byte // next header of the fixed one
		headers []byte
		rest    []byte
		want    error
	}{
		{"atomic", fragment, piece(0, 0), whole[40:], nil},
		{"the first", fragment, piece(0, 1), whole[40:], errFragment},
		{"a later one", fragment, piece(5, 1), whole[80:], errFragment},
		{"the last, of few bytes", fragment, piece(5, 0), []byte("end"), errFragment},
		{"behind other headers", hopByHop, slices.Concat(padding(destination), padding(fragment), piece(0, 1)), whole[40:], errFragment},
		{"atomic behind other headers", hopByHop, slices.Concat(padding(destination), padding(fragment), piece(0, 0)), whole[40:], nil},
		{"other headers alone", destination, padding(tcp), whole[40:], nil},
		{"a header that is cut", destination, []byte{fragment, 200, 0, 0}, nil, errNotTCP},
	} {
		p := slices.Concat(whole[:40], c.headers, c.rest)
		binary.BigEndian.PutUint16(p[4:], uint16(len(p)-40))
		p[6] = c.first
		s, err := new(decoder).decode(layers.LinkTypeRaw, p, gopacket.CaptureInfo{CaptureLength: len(p), Length: len(p)})
		if err != c.want || err == nil && string(s.data) != post(chatBody) {
			t.Errorf("%s: %v, %d bytes; want %v", c.name, err, len(s.data), c.want)
		}
	}
}

// TestWithoutTimes: pcapng has packets without a time, of which no row can be made; those
// beside them are read, and the file begins with the first of these.
func TestWithoutTimes(t *testing.T) {
	k := newTalk().shake().exchangeOf()
	head := file(t, layers.LinkTypeEthernet, "pcapng", nil)
	var undated []byte
	for _, s := range newTalk().shake().exchangeOf().segments {
		p := packetOf(t, layers.LinkTypeEthernet, s)
		padded := append(bytes.Clone(p), make([]byte, -len(p)&3)...)
		size := uint32(16 + len(padded))
		for _, n := range []uint32{3, size, uint32(len(p))} { // a Simple Packet Block
			undated = binary.LittleEndian.AppendUint32(undated, n)
		}
		undated = binary.LittleEndian.AppendUint32(append(undated, padded...), size)
	}
	dated := file(t, layers.LinkTypeEthernet, "pcapng", k.segments)[len(head):]
	for _, c := range []struct {
		name string
		body []byte
		rows []string
		want int64
	}{
		{"all", undated, nil, 9},
		{"the first", slices.Concat(undated, dated), []string{"ok  3"}, 9},
		{"the last", slices.Concat(dated, undated), []string{"ok  3"}, 9},
		{"none", dated, []string{"ok  3"}, 0},
	} {
		var rows []*schema.Record
		var opened []int64
		r := &Reader{Door: open{}, Put: func(row *schema.Record) { rows = append(rows, row) },
			Opened: func(startUS int64) error { opened = append(opened, startUS); return nil }}
		if err := r.Read(t.Context(), bytes.NewReader(slices.Concat(head, c.body))); err != nil {
			t.Fatal(err)
		}
		if got := brief(rows); !slices.Equal(got, c.rows) || r.counts.undated != c.want || r.counts.clockSteps != 0 || len(opened) != len(c.rows) {
			t.Errorf("%s: %q, opened at %v, %+v", c.name, got, opened, r.counts)
		}
		for _, at := range opened {
			if at != beginUS {
				t.Errorf("%s: opened at %d", c.name, at)
			}
		}
		if told := strings.Contains(r.Summary(), "no time"); told != (c.want > 0) || r.Counts()["undated_packets"] != c.want {
			t.Errorf("%s: %s\n%v", c.name, r.Summary(), r.Counts())
		}
	}
}

// TestSnapLength: packets that were cut are counted, and their answers too.
func TestSnapLength(t *testing.T) {
	k := newTalk().shake().exchangeOf().exchangeOf()
	k.segments[5].missing = 30
	rows := 0
	var outcomes []string
	r := &Reader{Door: open{}, Put: func(row *schema.Record) { rows++; outcomes = append(outcomes, row.Outcome+" "+row.ErrorType) }}
	if err := r.Read(t.Context(), bytes.NewReader(file(t, layers.LinkTypeEthernet, "us", k.segments))); err != nil {
		t.Fatal(err)
	}
	if slices.Sort(outcomes); !slices.Equal(outcomes, []string{"ok ", "truncated capture_gap"}) || r.counts.truncated != 1 {
		t.Errorf("%q, %+v", outcomes, r.counts)
	}
	if !strings.Contains(r.Summary(), "tcpdump -s 0") {
		t.Errorf("summary says nothing of it:\n%s", r.Summary())
	}
}

// TestCutOff: a file that ends amid a packet is read up to there.
func TestCutOff(t *testing.T) {
	whole := file(t, layers.LinkTypeEthernet, "us", newTalk().shake().exchangeOf().exchangeOf().segments)
	rows := 0
	r := &Reader{Door: open{}, Put: func(*schema.Record) { rows++ }}
	if err := r.Read(t.Context(), bytes.NewReader(whole[:len(whole)-70])); err != nil || rows != 2 || !r.counts.cutOff {
		t.Errorf("%v, %d rows, %+v", err, rows, r.counts)
	}
	for _, bad := range []string{"", "no", "no packet capture at all"} {
		r := &Reader{Door: open{}, Put: func(*schema.Record) { t.Error("a row of nothing") }}
		if err := r.Read(t.Context(), strings.NewReader(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// TestInterrupted: what was complete is kept when it is stopped, though its input
// says no more.
func TestInterrupted(t *testing.T) {
	in, out := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	k := newTalk().shake().exchangeOf().ask(post(chatBody))
	var outcomes []string
	r := &Reader{Door: open{}, Put: func(row *schema.Record) {
		if outcomes = append(outcomes, row.Outcome); row.Outcome == schema.OutcomeOK {
			stop()
		}
	}}
	go out.Write(file(t, layers.LinkTypeEthernet, "us", k.segments))
	if err := r.Read(ctx, in); err != context.Canceled {
		t.Error(err)
	}
	out.Close()
	if len(outcomes) == 0 || outcomes[0] != schema.OutcomeOK {
		t.Errorf("%q", outcomes)
	}
}

// TestBounded: what cannot be delivered does not grow without end.
func TestBounded(t *testing.T) {
	k := newTalk().shake().ask(post(chatBody)).answer(sseHead).lose(4)
	big := strings.Repeat("x", 60_000)
	for range 2 * maxPending / len(big) {
		k.answer(big)
	}
	r := &Reader{Door: open{}, Put: func(*schema.Record) {}}
	for _, s := range k.segments {
		r.segment(&s)
		if r.memory > maxPending+maxHeld+len(big) {
			t.Fatalf("%d bytes wait", r.memory)
		}
	}
	r.finish()
	if r.counts.gaps != 1 || r.memory != 0 {
		t.Errorf("%+v, %d bytes held", r.counts, r.memory)
	}
}

// TestManyPieces: pieces of a byte, each before the one that came last, cost what they
// take, and are given up when that is too much.
func TestManyPieces(t *testing.T) {
	k := newTalk().shake().ask(post(chatBody)).answer(sseHead)
	r := &Reader{Door: open{}, Put: func(*schema.Record) {}}
	for _, s := range k.segments {
		r.segment(&s)
	}
	const pieces = 20_000
	waited := 0
	for i := range uint32(pieces) {
		s := segment{from: k.server, to: k.client, seq: k.ack + pieces - i, ack: k.seq, acks: true, data: []byte("x"), atUS: k.atUS}
		r.segment(&s)
		for _, c := range r.order {
			waited = max(waited, len(c.responses.pending))
		}
		if r.memory < len(r.order[0].responses.pending)*pieceCost {
			t.Fatalf("%d pieces wait, and %d bytes are counted", len(r.order[0].responses.pending), r.memory)
		}
	}
	if waited > maxPending/pieceCost || r.counts.gaps == 0 {
		t.Errorf("%d pieces waited, %d gaps", waited, r.counts.gaps)
	}
	r.finish()
	if r.memory != 0 {
		t.Errorf("%d bytes held", r.memory)
	}
}

// picky is a door that takes every other request.
type picky struct {
	open
	asked *int
}

func (p picky) Begin(row *schema.Record, r *http.Request, body []byte) Kept {
	if *p.asked++; *p.asked%2 == 0 {
		return nil
	}
	return p.open.Begin(row, r, body)
}

// TestUnwanted: requests that are not recorded keep their place beside those that are.
func TestUnwanted(t *testing.T) {
	k := newTalk().shake().exchangeOf().exchangeOf().exchangeOf().ask(post(chatBody)).answer(sseHead, chunk(token)).leave(true)
	var rows []*schema.Record
	r := &Reader{Door: picky{asked: new(int)}, Put: func(row *schema.Record) { rows = append(rows, row) }}
	for _, s := range k.segments {
		r.segment(&s)
	}
	r.finish()
	if got := brief(rows); !slices.Equal(got, []string{"ok  3", "ok  3"}) || r.counts.requests != 4 || *rows[1].ConnectionReused != true {
		t.Errorf("%q of %d requests", got, r.counts.requests)
	}
}

// TestNoMemory: a request that there is no room for is said to be unknown, its
// neighbours are not touched; a connection whose holes take too much is given up.
func TestNoMemory(t *testing.T) {
	k := newTalk().shake().exchangeOf().exchangeOf()
	var rows []*schema.Record
	r := &Reader{Door: open{}, Put: func(row *schema.Record) { rows = append(rows, row) }}
	for i, s := range k.segments {
		r.memory = 0
		if i == 3 {
			r.memory = maxMemory - 5
		}
		r.segment(&s)
	}
	r.memory = 0
	r.finish()
	if got := brief(rows); !slices.Equal(got, []string{"unknown capture_limit 3", "ok  3"}) {
		t.Errorf("%q", got)
	}
	rows = nil
	k = newTalk().shake().ask(post(chatBody)).answer(sseHead, chunk(token), chunk(token), chunk(done)+lastOne).lose(5)
	for i, s := range k.segments {
		if i == 5 {
			r.memory = maxMemory - 5
		}
		r.segment(&s)
	}
	if got := brief(rows); !slices.Equal(got, []string{"unknown capture_limit 0"}) || r.counts.overLimit != 1 || r.memory != maxMemory-5 {
		t.Errorf("%q, %+v, %d bytes", got, r.counts, r.memory)
	}
}
