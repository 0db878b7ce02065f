package wire

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// transcripts is where the recordings of real servers lie.
const transcripts = "../../../shared/sse"

// transcript is one recorded exchange.
type transcript struct {
	name   string // server/name
	path   string // of its files, without the ending
	req    Request
	status int
	header http.Header
	reads  []read
	body   []byte
}

// read is what one socket read brought of the body.
type read struct {
	p  []byte
	at int64
	n  int32
}

// loadTranscripts reads all recordings; the test is skipped where there are none.
func loadTranscripts(t testing.TB) []transcript {
	t.Helper()
	paths, err := filepath.Glob(transcripts + "/*/*.wire.bin")
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Skipf("no transcripts under %s", transcripts)
	}
	var all []transcript
	for _, path := range paths {
		all = append(all, loadTranscript(t, strings.TrimSuffix(path, ".wire.bin")))
	}
	return all
}

func loadTranscript(t testing.TB, path string) transcript {
	t.Helper()
	tr := transcript{path: path, name: filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)}
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(mustRead(t, path+".req.http"))))
	if err != nil {
		t.Fatalf("%s: request: %v", tr.name, err)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		t.Fatalf("%s: request body: %v", tr.name, err)
	}
	tr.req = ParseRequest(request.Method, request.URL.RequestURI(), body)

	wire := mustRead(t, path+".wire.bin")
	head := bytes.Index(wire, []byte("\r\n\r\n")) + 4
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(wire)), request)
	if err != nil {
		t.Fatalf("%s: response: %v", tr.name, err)
	}
	tr.status, tr.header = response.StatusCode, response.Header
	pieces := []span{{head, len(wire)}}
	if len(response.TransferEncoding) > 0 {
		pieces = dechunk(t, wire, head)
	}
	for _, r := range readTable(t, path+".reads.tsv") {
		for _, s := range pieces {
			if lo, hi := max(s.from, r.from), min(s.to, r.to); lo < hi {
				tr.reads = append(tr.reads, read{wire[lo:hi], r.at, r.n})
				tr.body = append(tr.body, wire[lo:hi]...)
			}
		}
	}
	if sse := mustRead(t, path+".sse"); !bytes.Equal(sse, tr.body) {
		t.Fatalf("%s: the reads give a body of %d bytes, the recording's has %d", tr.name, len(tr.body), len(sse))
	}
	return tr
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// span is a range of the wire's bytes.
type span struct{ from, to int }

// dechunk returns where the data of the HTTP chunks stands; the wire may end anywhere.
func dechunk(t testing.TB, wire []byte, at int) (data []span) {
	t.Helper()
	for at < len(wire) {
		n := bytes.Index(wire[at:], []byte("\r\n"))
		if n <= 0 { // cut in the size line
			break
		}
		size, err := strconv.ParseInt(string(wire[at:at+n]), 16, 32)
		if err != nil {
			t.Fatalf("chunk size at %d: %v", at, err)
		}
		at += n + 2
		data = append(data, span{at, min(at+int(size), len(wire))})
		at += int(size) + 2
	}
	return data
}

// tableRow is a line of NAME.reads.tsv.
type tableRow struct {
	span
	at int64
	n  int32
}

func readTable(t testing.TB, path string) (rows []tableRow) {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(mustRead(t, path)))
	r.Comma = '\t'
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range lines[1:] {
		var v [3]int64
		for j := range v {
			if v[j], err = strconv.ParseInt(line[j], 10, 64); err != nil {
				t.Fatalf("%s: line %d: %v", path, i+2, err)
			}
		}
		rows = append(rows, tableRow{span{int(v[1]), int(v[1] + v[2])}, v[0], int32(i)})
	}
	return rows
}

func (tr transcript) decode() Response {
	d := NewDecoder(tr.req, tr.status, tr.header)
	for _, r := range tr.reads {
		d.Feed(r.p, r.at, r.n)
	}
	return d.Finish()
}

// recordedEvent is a line of NAME.events.jsonl: what another reader made of
// the same bytes when they arrived.
type recordedEvent struct {
	AtUS     int64  `json:"t_us"`
	Complete bool   `json:"complete"`
	Raw      string `json:"raw"`
}

func (tr transcript) recordedEvents(t *testing.T) (events []recordedEvent) {
	t.Helper()
	f, err := os.Open(tr.path + ".events.jsonl")
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for dec := json.NewDecoder(f); ; {
		var e recordedEvent
		if err := dec.Decode(&e); err == io.EOF {
			return events
		} else if err != nil {
			t.Fatal(fmt.Errorf("%s: %w", f.Name(), err))
		}
		events = append(events, e)
	}
}
