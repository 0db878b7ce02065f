package capture

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"metron/internal/wire"
	"metron/schema"
)

// Recording says what is kept of the traffic, and where. Its zero value, but for
// Dir, is right for most.
type Recording struct {
	Dir string // folder of the trace files; made when it is not there

	RotateEvery time.Duration // start a new file after this long; 0: never
	RotateRows  int64         // or after this many rows; 0: never

	// RotateBytes starts a new file after about this many bytes; 0: never. They
	// are the journal's: the sealed file is some five times smaller.
	RotateBytes int64

	// MaxDisk bounds the bytes of the capture's files in Dir: the oldest sealed
	// ones are removed. 0: nothing is.
	MaxDisk int64

	// Flush is how long a finished row may stay in memory; 0: 200 ms.
	Flush time.Duration

	// Privacy is what may be kept of prompts and answers: schema.RecordedHash,
	// RecordedContent or RecordedLengths; "": RecordedHash.
	Privacy string

	// HashBlock is the size of the blocks that prompts are hashed by; 0: 256.
	// They are of bytes, or of tokens where Encode gives those of a text.
	HashBlock int
	Encode    func(text string) []int

	// KeepHeaders are header fields of requests that are kept with content,
	// beside those of KeptHeaders. None may carry a credential.
	KeepHeaders []string

	// MaxBody bounds each body that is kept; 0: 8 MiB. MaxMemory bounds what the
	// recorder holds in memory; 0: 256 MiB. What is over them keeps less, down to
	// no record.
	MaxBody, MaxMemory int64

	// Only says which requests are recorded, and which share of them.
	Only Selection

	// SessionBy says what names the session of a request, the surest first:
	// "header:NAME", "user" (the body's user, or Anthropic's metadata.user_id),
	// "conversation", "previous_response" (both of the Responses API), or
	// "prefix": the prompt goes on from that of an earlier request. Nil:
	// previous_response and prefix.
	SessionBy []string

	// SessionWindow is how long after an answer a request may go on from it; 0:
	// 30 minutes.
	SessionWindow time.Duration

	// CountBy gives a counter for the text of an answer whose tokens the server
	// does not tell; nil: they stay unknown. Tokenizer is its name.
	CountBy   func() wire.Counter
	Tokenizer string

	// Recovered is told what became of each journal that an earlier capture
	// left in Dir, or why nothing did. May be nil.
	Recovered func(schema.Recovery, error)

	// Sealed is told of each finished file, or why it is none yet: it is tried
	// again until Close. May be nil.
	Sealed func(path string, rows int64, err error)

	// Removed is told of each file that MaxDisk has removed, or why it could not
	// be. May be nil.
	Removed func(path string, err error)

	// Warn is told when rows stop reaching the disk, and nil when they do
	// again; the traffic goes on either way. The recorder waits for it, as for
	// Fault. May be nil.
	Warn func(error)

	// Fault is told of a record that was given up over a fault of ours, or that
	// breaks the schema's rules; what it was of is not told. May be nil.
	Fault func(error)

	metrics *metrics // nil: nobody asks for them
}

// defaults fills in what zero values stand for.
func (c Recording) defaults() Recording {
	c.Flush = cmp.Or(c.Flush, 200*time.Millisecond)
	c.Privacy = cmp.Or(c.Privacy, schema.RecordedHash)
	c.HashBlock = cmp.Or(c.HashBlock, 256)
	c.MaxBody = cmp.Or(c.MaxBody, 8<<20)
	c.MaxMemory = cmp.Or(c.MaxMemory, 256<<20)
	c.SessionWindow = cmp.Or(c.SessionWindow, 30*time.Minute)
	if c.SessionBy == nil {
		c.SessionBy = []string{byPreviousResponse, byPrefix}
	}
	if quarter := max(1, c.MaxDisk/4); c.MaxDisk > 0 && (c.RotateBytes == 0 || c.RotateBytes > quarter) {
		c.RotateBytes = quarter // else the file being written might be all there is room for
	}
	if c.Recovered == nil {
		c.Recovered = func(schema.Recovery, error) {}
	}
	if c.Sealed == nil {
		c.Sealed = func(string, int64, error) {}
	}
	if c.Removed == nil {
		c.Removed = func(string, error) {}
	}
	if c.Fault == nil {
		c.Fault = func(error) {}
	}
	if c.Warn == nil {
		c.Warn = func(error) {}
	}
	return c
}

// start makes the folder ready and begins to record; config is for the footers,
// beside what the recording itself has to say.
func (c Recording) start(clock schema.Clock, config map[string]any) (*recorder, error) {
	c = c.defaults()
	if err := probe(c.Dir); err != nil {
		return nil, fmt.Errorf("folder for the traces: %w", err)
	}
	left, err := schema.Journals(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("folder for the traces: %w", err)
	}
	config["rotate_every"], config["rotate_rows"], config["rotate_bytes"] = c.RotateEvery.String(), c.RotateRows, c.RotateBytes
	config["flush"], config["session_by"], config["tokenizer"] = c.Flush.String(), c.SessionBy, c.Tokenizer
	config["session_window"], config["max_disk"] = c.SessionWindow.String(), c.MaxDisk
	flags, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	names := newNames()
	meta := schema.Meta{Vantage: schema.VantageCapture, TimeZero: clock.ZeroUS(), Clock: "monotonic from one wall reading",
		Config: flags, Privacy: c.Privacy, KeyID: names.id, Kept: c.manifest()}
	f := &files{dir: c.Dir, every: c.RotateEvery, rows: c.RotateRows, bytes: c.RotateBytes, maxDisk: c.MaxDisk,
		out: schema.Config{Flush: -1}, meta: meta,
		sealed: c.Sealed, closed: make(chan struct{}), retry: sealRetry}
	r := newRecorder(clock, c, f, names)
	f.sealing.Go(func() { // beside the traffic, which comes first
		sealLeft(left, c.Recovered)
		f.makeRoom()
	})
	return r, nil
}

// round is how often the recorder takes what is queued and writes the rows that it
// makes, in what a row may take less what that takes. More often would cost more
// than the tokens do: a wake-up and a batch are dearer than all the parts in them.
func round(flush time.Duration) time.Duration { return max(time.Millisecond, flush/10*9) }

// probe makes a folder and sees that files can be written in it.
func probe(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".writable")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// sealLeft seals what an earlier capture left when it was cut off.
func sealLeft(journals []string, told func(schema.Recovery, error)) {
	for _, path := range journals {
		if r, err := schema.Recover(path); !errors.Is(err, schema.ErrLive) {
			told(r, err)
		}
	}
}

// manifest says in a footer what is kept.
func (c Recording) manifest() *schema.Manifest {
	m := &schema.Manifest{Privacy: c.Privacy, MaxBody: c.MaxBody, MaxMemory: c.MaxMemory,
		SampleRate: c.Only.rate(), SampleBy: c.Only.SampleBy, Filters: c.Only.filters(), Tenants: "keyed hash", Sessions: "keyed hash"}
	if c.Privacy != schema.RecordedLengths {
		m.BlockSize, m.BlockUnit = int64(c.HashBlock), c.blockUnit()
	}
	if c.Privacy == schema.RecordedContent {
		m.Headers = slices.Concat(KeptHeaders(), c.KeepHeaders)
	}
	return m
}

func (c Recording) blockUnit() string {
	if c.Encode != nil {
		return "tokens"
	}
	return "bytes"
}
