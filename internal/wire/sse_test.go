package wire

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// plainBlock is a block with its bytes copied out.
type plainBlock struct {
	Name, Data               string
	Bytes                    int64
	HasData, Fields, TooLong bool
}

// readBlocks runs the reader over pieces; the last block is the one that
// nothing completed, if there is one.
func readBlocks(limit int, pieces ...[]byte) (blocks []plainBlock, torn bool) {
	r := sseReader{limit: limit}
	add := func(b block) {
		p := plainBlock{string(b.name), string(b.data), b.bytes, b.hasData, b.fields, b.tooLong}
		if p.TooLong {
			p.Name, p.Data = "", "" // nobody reads them
		}
		blocks = append(blocks, p)
	}
	for _, piece := range pieces {
		p := bytes.Clone(piece)
		for len(p) > 0 {
			if r.late(p) {
				blocks[len(blocks)-1].Bytes++
				p = p[1:]
				continue
			}
			b, n, ok := r.next(p)
			if ok {
				add(b)
			}
			clear(p[:n])
			p = p[n:]
		}
	}
	b, torn := r.rest()
	if torn {
		add(b)
	}
	return blocks, torn
}

// referenceBlocks does the same in the plainest way: all lines first.
func referenceBlocks(limit int, body []byte) (blocks []plainBlock, torn bool) {
	lines := regexp.MustCompile(`[^\r\n]*(\r\n|\r|\n)|[^\r\n]+$`).FindAll(body, -1)
	var b plainBlock
	var data []string
	finish := func() {
		b.Data = strings.Join(data, "\n")
		b.TooLong = b.TooLong || len(b.Data) > limit
		if b.TooLong {
			b.Name, b.Data = "", ""
		}
		blocks = append(blocks, b)
		b, data = plainBlock{}, nil
	}
	for _, raw := range lines {
		line := strings.TrimRight(string(raw), "\r\n")
		if line == "" {
			if b.Bytes > 0 {
				b.Bytes += int64(len(raw))
				finish()
			}
			continue
		}
		b.Bytes += int64(len(raw))
		if len(line) > limit {
			b.TooLong, b.Fields = true, true
			continue
		}
		if strings.HasPrefix(line, ":") {
			continue
		}
		b.Fields = true
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "data":
			b.HasData = true
			data = append(data, value)
		case "error":
			b.HasData, b.Name = true, "error"
			data = append(data, value)
		case "event":
			b.Name = value[:min(len(value), maxName)]
		}
	}
	if torn = b.Bytes > 0; torn {
		finish()
	}
	return blocks, torn
}

func TestSSE(t *testing.T) {
	type blocks = []plainBlock
	one := func(data string, bytes int64) blocks {
		return blocks{{Data: data, Bytes: bytes, HasData: true, Fields: true}}
	}
	for _, test := range []struct {
		name, body string
		want       blocks
		torn       bool
	}{
		{name: "nothing"},
		{name: "blank lines are no events", body: "\n\r\n\r\r\n\n"},
		{name: "LF", body: "data: x\n\n", want: one("x", 9)},
		{name: "CR", body: "data: x\r\r", want: one("x", 9)},
		{name: "CRLF", body: "data: x\r\n\r\n", want: one("x", 11)},
		{name: "CR then LF is one line end", body: "data: x\r\ndata: y\n\n", want: one("x\ny", 18)},
		{name: "LF then CR are two", body: "data: x\n\rdata: y\n\n", want: blocks{
			{Data: "x", Bytes: 9, HasData: true, Fields: true}, {Data: "y", Bytes: 9, HasData: true, Fields: true}}},
		{name: "CRLF closes a block begun with LF", body: "data: x\n\r\n", want: one("x", 10)},
		{name: "no space", body: "data:x\n\n", want: one("x", 8)},
		{name: "only one space goes", body: "data:  x \n\n", want: one(" x ", 11)},
		{name: "several data lines", body: "data: a\ndata:\ndata: b\n\n", want: one("a\n\nb", 23)},
		{name: "data without colon", body: "data\n\n", want: one("", 6)},
		{name: "a space before the name is another name", body: " data: x\n\n", want: blocks{{Bytes: 10, Fields: true}}},
		{name: "colon in the value", body: "data: a: b\n\n", want: one("a: b", 12)},
		{name: "comment", body: ": ping\n\n", want: blocks{{Bytes: 8}}},
		{name: "bare comment", body: ":\n\n", want: blocks{{Bytes: 3}}},
		{name: "comments of one block", body: ": a\n: b\n\n", want: blocks{{Bytes: 9}}},
		{name: "comment beside data", body: ": a\ndata: x\n\n", want: one("x", 13)},
		{name: "id and retry", body: "id: 7\nretry: 100\n\n", want: blocks{{Bytes: 18, Fields: true}}},
		{name: "name", body: "event: ping\ndata: {}\n\n", want: blocks{{Name: "ping", Data: "{}", Bytes: 22, HasData: true, Fields: true}}},
		{name: "the name does not last", body: "event: a\ndata: 1\n\ndata: 2\n\n", want: blocks{
			{Name: "a", Data: "1", Bytes: 18, HasData: true, Fields: true}, {Data: "2", Bytes: 9, HasData: true, Fields: true}}},
		{name: "error field", body: "error: {}\n\n", want: blocks{{Name: "error", Data: "{}", Bytes: 11, HasData: true, Fields: true}}},
		{name: "unterminated", body: "data: x\n\ndata: y", torn: true, want: blocks{
			{Data: "x", Bytes: 9, HasData: true, Fields: true}, {Data: "y", Bytes: 7, HasData: true, Fields: true}}},
		{name: "no blank line", body: "data: x\n", torn: true, want: one("x", 8)},
		{name: "long line", body: "data: " + strings.Repeat("x", 59) + "\n\ndata: y\n\n", want: blocks{
			{Bytes: 67, HasData: false, Fields: true, TooLong: true}, {Data: "y", Bytes: 9, HasData: true, Fields: true}}},
		{name: "line at the limit", body: "data: " + strings.Repeat("x", 58) + "\n\n", want: one(strings.Repeat("x", 58), 66)},
		{name: "much data", body: strings.Repeat("data: 0123456789\n", 7) + "\n", want: blocks{
			{Bytes: 120, HasData: true, Fields: true, TooLong: true}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for cut := range len(test.body) + 1 {
				got, torn := readBlocks(64, []byte(test.body[:cut]), []byte(test.body[cut:]))
				if !reflect.DeepEqual(got, test.want) || torn != test.torn {
					t.Fatalf("cut at %d: %+v torn %v, want %+v torn %v", cut, got, torn, test.want, test.torn)
				}
			}
		})
	}
}

// FuzzSSE: any bytes, cut anywhere, give the blocks of the plain reader.
func FuzzSSE(f *testing.F) {
	f.Add([]byte("data: x\r\n\r\n: c\r\rdata:y\n\nevent: e\nid\ndata\n\ndata: torn"), uint64(1))
	f.Add([]byte("error: a\r\ndata: 012345678901234567890123456789\n\n\n\r\n"), uint64(2))
	f.Fuzz(func(t *testing.T, body []byte, seed uint64) {
		const limit = 24 // so that small inputs reach it
		want, wantTorn := referenceBlocks(limit, body)
		for _, pieces := range [][][]byte{{body}, cutAtRandom(body, seed)} {
			got, torn := readBlocks(limit, pieces...)
			if !reflect.DeepEqual(got, want) || torn != wantTorn {
				t.Fatalf("%q in %d pieces: %+v torn %v, want %+v torn %v", body, len(pieces), got, torn, want, wantTorn)
			}
		}
	})
}

// cutAtRandom cuts a body into pieces, some of them empty.
func cutAtRandom(body []byte, seed uint64) (pieces [][]byte) {
	random := rand.New(rand.NewPCG(seed, 1))
	longest := 1 + random.IntN(40)
	for len(body) > 0 {
		n := min(random.IntN(longest+1), len(body))
		pieces = append(pieces, body[:n])
		body = body[n:]
	}
	return pieces
}

// TestLongLineMemory: a line of any length costs no more than the limit.
func TestLongLineMemory(t *testing.T) {
	d := NewDecoder(chatRequest(1), 200, eventStream())
	d.Feed([]byte("data: \""), 0, 0)
	piece := bytes.Repeat([]byte("x"), 64<<10)
	for range 1024 {
		d.Feed(piece, 1, 1)
		if held := cap(d.reader.(*sseReader).line) + cap(d.reader.(*sseReader).data); held > 4*maxEvent {
			t.Fatalf("%d bytes held after %d", held, d.bodyBytes)
		}
	}
	d.Feed([]byte("\"\n\ndata: [DONE]\n\n"), 2, 2)
	r := d.Finish()
	if got := fmt.Sprint(kindNames(r.Kind)); got != "[other done]" || r.Unread != 1 || !r.Terminal {
		t.Errorf("kinds %s, %d unread, terminal %v; want [other done], 1, true", got, r.Unread, r.Terminal)
	}
}
