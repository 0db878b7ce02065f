package wire

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// flusher is a writer of a coding that gives out what it has when told to.
type flusher interface {
	io.WriteCloser
	Flush() error
}

// codings are those that servers put bodies through, by the value of
// Content-Encoding; "deflate" has two forms.
func codings() map[string]func(io.Writer) flusher {
	return map[string]func(io.Writer) flusher{
		"gzip":    func(w io.Writer) flusher { return gzip.NewWriter(w) },
		"deflate": func(w io.Writer) flusher { return zlib.NewWriter(w) },
		"deflate, raw": func(w io.Writer) flusher {
			f, _ := flate.NewWriter(w, 6) // the level is a good one
			return f
		},
		"br": func(w io.Writer) flusher { return brotli.NewWriter(w) },
		"zstd": func(w io.Writer) flusher {
			z, _ := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)) // so are the options
			return z
		},
		"identity, gzip": func(w io.Writer) flusher { return gzip.NewWriter(w) },
	}
}

func encodedHeader(coding string) http.Header {
	h := eventStream()
	if coding == "deflate, raw" {
		coding = "deflate"
	}
	h.Set("Content-Encoding", coding)
	return h
}

// encode gives the pieces of a body as a server sends them that flushes at each.
func encode(t testing.TB, open func(io.Writer) flusher, pieces [][]byte) (sent [][]byte) {
	t.Helper()
	var out bytes.Buffer
	w := open(&out)
	for i, p := range pieces {
		_, err := w.Write(p)
		if i == len(pieces)-1 && err == nil {
			err = w.Close()
		} else if err == nil {
			err = w.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, bytes.Clone(out.Bytes()))
		out.Reset()
	}
	return sent
}

// TestInflaterHeld holds what an inflater says that it holds against the heap.
func TestInflaterHeld(t *testing.T) {
	const each = 8
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	many := codings()
	many["zstd, small window"] = func(w io.Writer) flusher {
		z, _ := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(128<<10))
		return z
	}
	for coding, open := range many {
		for _, size := range []int{200, 3 << 20} {
			name, _, _ := strings.Cut(coding, ",")
			if coding == "identity, gzip" {
				name = "gzip"
			}
			sent := encode(t, open, [][]byte{bytes.Repeat([]byte("data: {}\n\n"), size/10), nil})[0]
			before := heap()
			var all []*inflater
			for range each {
				f := newInflater([]string{name})
				if err := f.feed(sent, func([]byte) {}); err != nil {
					t.Fatal(err)
				}
				all = append(all, f)
			}
			got, want := all[0].held(), (heap()-before)/each
			if got < want*7/10-32<<10 || got > want*13/10+32<<10 {
				t.Errorf("%s, %d bytes: says %d KiB, the heap %d", coding, size, got>>10, want>>10)
			}
			for _, f := range all {
				_ = f.close(func([]byte) {}) // not at its end
			}
		}
	}
}

// TestHalfReadIsHeld: what of an event has come counts while its end has not.
func TestHalfReadIsHeld(t *testing.T) {
	half := bytes.Repeat([]byte("x"), 200<<10)
	for _, c := range []struct {
		api, mediaType, begins string
	}{
		{"openai.chat", "text/event-stream", "data: "},
		{"ollama.chat", "application/x-ndjson", `{"a":"`},
		{"gemini.generate", "application/json", `[{"a":"`},
		{"openai.chat", "application/json", `{"a":"`},
	} {
		d := NewDecoder(Request{API: c.api, Stream: true}, http.StatusOK, http.Header{"Content-Type": {c.mediaType}})
		before := d.Held()
		d.Feed(append([]byte(c.begins), half...), 0, 0)
		if got := d.Held() - before; got < int64(len(half)) || got > 2*int64(len(half)) {
			t.Errorf("%s: %d bytes of an event are held as %d", c.mediaType, len(half), got)
		}
	}
}

// inClear is a response as far as a coding does not change it.
func inClear(r Response) Response {
	r.BodyBytes = 0
	return r
}

// TestInflateStamps holds a stream through each coding against the same stream
// without one: every event has the stamp of the read that brought its last byte.
func TestInflateStamps(t *testing.T) {
	chunks, _ := chatChunks(200)
	chunks = append(chunks, events("[DONE]"))
	plain := NewDecoder(chatRequest(1), 200, eventStream())
	for i, p := range chunks {
		plain.Feed(p, int64(i), int32(i))
	}
	want := inClear(plain.Finish())
	for name, open := range codings() {
		t.Run(name, func(t *testing.T) {
			sent := encode(t, open, chunks)
			d := NewDecoder(chatRequest(1), 200, encodedHeader(name))
			for i, p := range sent {
				p = bytes.Clone(p)
				d.Feed(p, int64(i), int32(i))
				clear(p)
			}
			got := d.Finish()
			if want := int64(len(bytes.Join(sent, nil))); got.BodyBytes != want {
				t.Errorf("body of %d bytes, sent %d", got.BodyBytes, want)
			}
			if got = inClear(got); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		})
	}
}

// TestInflateSplits cuts encoded bodies anywhere, and ends them anywhere: no cut
// changes a row, and no end is taken for the proper one.
func TestInflateSplits(t *testing.T) {
	chunks, _ := chatChunks(6)
	chunks = append(chunks, events("[DONE]"))
	for name, open := range codings() {
		t.Run(name, func(t *testing.T) {
			sent := encode(t, open, chunks)
			body := bytes.Join(sent, nil)
			header := encodedHeader(name)
			want := unstamped(decodeAt(chatRequest(1), 200, header, body))
			if len(want.Kind) != len(chunks) || !want.Terminal {
				t.Fatalf("whole: %+v", want)
			}
			last := len(body) - len(sent[len(sent)-1])
			for cut := range len(body) {
				if got := unstamped(decodeAt(chatRequest(1), 200, header, body, cut)); !reflect.DeepEqual(got, want) {
					t.Fatalf("cut at %d: %+v, whole %+v", cut, got, want)
				}
				torn := decodeAt(chatRequest(1), 200, header, body[:cut])
				if cut <= last && (torn.Terminal || len(torn.Kind) >= len(chunks)) || torn.Opaque {
					t.Fatalf("ended at %d of %d: %+v", cut, len(body), torn)
				}
			}
			every := make([]int, len(body))
			for i := range every {
				every[i] = i
			}
			if got := unstamped(decodeAt(chatRequest(1), 200, header, body, every...)); !reflect.DeepEqual(got, want) {
				t.Fatalf("byte by byte: %+v, whole %+v", got, want)
			}
		})
	}
}

// TestInflateDocument reads a document and an error through two codings.
func TestInflateDocument(t *testing.T) {
	header := contentType("application/json")
	header.Add("Content-Encoding", "br")
	header.Add("Content-Encoding", "gzip")
	body := []byte(`{"error":{"message":"too many","type":"rate"}}`)
	inner := encode(t, codings()["br"], [][]byte{body})
	outer := encode(t, codings()["gzip"], inner)
	r := decodeAt(chatRequest(1), 429, header, bytes.Join(outer, nil))
	if r.ErrorMessage != "too many" || r.ErrorType != "rate" || !r.Failed {
		t.Errorf("got %+v", r)
	}
}

// TestInflateFaults damages bodies: what was read before the damage stays, and
// nothing after it is believed.
func TestInflateFaults(t *testing.T) {
	chunks, _ := chatChunks(50)
	random := rand.New(rand.NewPCG(1, 2))
	for name, open := range codings() {
		body := bytes.Join(encode(t, open, chunks), nil)
		for range 200 {
			damaged := bytes.Clone(body)
			damaged[random.IntN(len(body))] ^= byte(1 + random.IntN(255))
			r := decodeAt(chatRequest(1), 200, encodedHeader(name), damaged, len(body)/3)
			if r.BodyBytes != int64(len(body)) || len(r.Kind) > len(chunks)*4 || r.Opaque != (r.Unread > 0) {
				t.Fatalf("%s: %d events, opaque %v, unread %d", name, len(r.Kind), r.Opaque, r.Unread)
			}
		}
	}
}

// TestInflateBomb feeds a body that inflates a thousandfold: it is read to a
// bound of memory, and its coroutine ends with it.
func TestInflateBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it inflates 64 MiB of each coding")
	}
	before := runtime.NumGoroutine()
	for name, open := range codings() {
		zeros := make([]byte, 64<<20)
		body := bytes.Join(encode(t, open, [][]byte{[]byte("data: "), zeros, []byte("\n\ndata: [DONE]\n\n")}), nil)
		var from, to runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&from)
		r := decodeAt(chatRequest(1), 200, encodedHeader(name), body)
		runtime.ReadMemStats(&to)
		if got := fmt.Sprint(kindNames(r.Kind)); got != "[other done]" || r.Unread != 1 {
			t.Errorf("%s: %s, unread %d", name, got, r.Unread)
		}
		if spent := to.TotalAlloc - from.TotalAlloc; spent > 64<<20 {
			t.Errorf("%s: %d MiB allocated for a body of %d bytes", name, spent>>20, len(body))
		}
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, before it were %d", after, before)
	}
}

func FuzzInflate(f *testing.F) {
	chunks, _ := chatChunks(3)
	names := []string{"gzip", "deflate", "deflate, raw", "br", "zstd"}
	for i, name := range names {
		f.Add(bytes.Join(encode(f, codings()[name], chunks), nil), uint8(i), uint16(40))
	}
	f.Fuzz(func(t *testing.T, body []byte, coding uint8, cut uint16) {
		header := encodedHeader(names[int(coding)%len(names)])
		want := decodeAt(chatRequest(1), 200, header, body)
		got := decodeAt(chatRequest(1), 200, header, body, min(int(cut), len(body)))
		// At a fault a reader may keep back what it had read before it, more
		// or less of it as the bytes came.
		if want.Opaque != got.Opaque || !want.Opaque && !reflect.DeepEqual(unstamped(got), unstamped(want)) {
			t.Fatalf("cut: %+v\nwhole: %+v", got, want)
		}
	})
}

func BenchmarkDecodeGzip(b *testing.B) {
	chunks, size := chatChunks(benchEvents)
	sent := encode(b, codings()["gzip"], chunks)
	header := encodedHeader("gzip")
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		d := NewDecoder(chatRequest(1), 200, header)
		for i, p := range sent {
			d.Feed(p, int64(i), int32(i))
		}
		if r := d.Finish(); len(r.Kind) != benchEvents {
			b.Fatalf("%d events", len(r.Kind))
		}
	}
	b.ReportMetric(float64(b.N)*benchEvents/b.Elapsed().Seconds(), "events/s")
}

// TestAbandonEndsCoroutine, where who reads what was inflated has panicked; and no bytes of a
// read are kept until the next.
func TestAbandonEndsCoroutine(t *testing.T) {
	chunks, _ := chatChunks(3)
	for name, open := range codings() {
		body := bytes.Join(encode(t, open, chunks), nil)
		d := NewDecoder(chatRequest(1), 200, encodedHeader(name))
		d.Feed(body[:len(body)/2], 0, 0)
		if d.inflater.in != nil {
			t.Errorf("%s: %d bytes of a read are kept", name, cap(d.inflater.in))
		}
		d.Say(func(string) { panic("a fault") })
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: nothing was said", name)
				}
			}()
			d.Feed(body[len(body)/2:], 0, 0)
		}()
		d.Abandon()
		if _, more := d.inflater.next(); more {
			t.Errorf("%s: its coroutine stands still", name)
		}
	}
}
