package wire

import (
	"bytes"
	"math"
	"net/http"
	"strings"
)

// Bounds of what is held for one response.
const (
	maxDocument = 16 << 20 // a body that is not streamed
	maxErrors   = 64 << 10 // the body of an error of an API without a dialect
	maxEvents   = 1 << 20  // events listed
	maxMetrics  = 64 << 10 // what a server tells of its own work
)

// Decoder turns the bytes of one response body into events. Feed it every read
// in order, then call Finish once. It is not safe for concurrent use.
//
// Where thousands of answers take turns, what one of them needs has left the caches before
// it is its turn again, so that an event costs what is fetched for it: the fields that all
// events need stand first and together.
type Decoder struct {
	dialect     dialect
	choiceCount int64
	framing     framing
	begun       bool
	listed      bool // the last block became an entry
	terminal    bool // it said so itself, not by its finish reasons
	failed      bool
	opaque      bool
	read        int32
	at          int64 // of the read that brought the last bytes
	bodyBytes   int64

	say        func(text string) // gets the text of the answer; nil: nobody wants it
	newCounter func() Counter    // nil: no tokenizer
	inflater   *inflater         // nil: the body is as it was sent
	tee        func(p []byte)    // gets the body without its codings; nil: nobody wants it
	event      *event            // scratch, while bytes are read
	reader     reader            // of a framing that has events
	inner      reader            // of what the messages of an event stream carry; nil: nothing came yet
	sse        sseReader         // the reader, most often
	entries    entryList
	tally      tally
	id, model  string

	status       int
	mediaType    string
	serverTiming string
	lined        bool     // a body that begins with an object is lines
	arrayed      bool     // and one that begins with an array is its objects
	codings      []string // that the body was put through

	head   []byte // first bytes, until the framing is known
	doc    []byte
	docMax int

	usage     usage
	usageOf   int64 // choices that the last usage stood beside; 0: it is the response's
	timings   []byte
	metrics   []byte
	errorType string
	errorText string
	tornBytes int64
	unread    int64
}

// NewDecoder returns a decoder for the body of the response to req that has
// this status and header.
func NewDecoder(req Request, status int, header http.Header) *Decoder {
	d := &Decoder{
		dialect:      dialectOf(req.API),
		choiceCount:  max(1, req.ChoiceCount),
		status:       status,
		mediaType:    mediaType(header),
		serverTiming: strings.Join(header.Values("Server-Timing"), ", "),
		docMax:       maxDocument,
		usage:        noUsage(),
	}
	if req.API == apiBedrock {
		d.usage = usageHeaders(header)
	}
	d.lined, d.arrayed = lined(req, d.mediaType), arrayed(req)
	_, unknown := d.dialect.(other)
	d.opaque = unknown
	if unknown && status >= 400 {
		d.docMax = maxErrors
	}
	codings, ok := contentCodings(header)
	if d.codings = codings; !ok {
		d.opaque, d.framing = true, blind
	} else if len(codings) > 0 && !(d.opaque && status < 400) {
		d.inflater = newInflater(codings)
	}
	return d
}

// Tee has the bytes of the body handed to a function, without their content
// coding and as long as that is sound; false: the coding is not known, and they
// are not. It is called before the first Feed.
func (d *Decoder) Tee(to func(p []byte)) bool {
	if d.framing == blind {
		return false
	}
	if d.tee = to; len(d.codings) > 0 && d.inflater == nil {
		d.inflater = newInflater(d.codings)
	}
	return true
}

// Held is about how many bytes the decoder holds, and grows by.
func (d *Decoder) Held() int64 {
	n := d.entries.held() + int64(cap(d.doc)+cap(d.timings)+cap(d.metrics))
	for _, r := range []reader{d.reader, d.inner} {
		if r != nil {
			n += r.held()
		}
	}
	if d.inflater != nil {
		n += d.inflater.held()
	}
	return n
}

// CountBy has the tokens of the answer's text counted: new gives a counter for
// each choice. It is called before the first Feed.
func (d *Decoder) CountBy(new func() Counter) { d.newCounter = new }

// Say has the text of the first choice handed to a function, piece by piece: its content,
// without reasoning and calls of tools. It is called before the first Feed.
func (d *Decoder) Say(to func(text string)) { d.say = to }

// tell hands on the text of an event or a document that is nothing but content.
func (d *Decoder) tell(e *event) {
	if d.say == nil || e.choice != 0 || e.choices > 1 || e.unsaid || !e.kinds.has(Content) || e.kinds.has(Reasoning) || e.kinds.has(Tool) {
		return
	}
	for _, raw := range e.text {
		d.say(unquote(raw))
	}
}

// Feed takes body bytes, de-chunked, that one socket read completed: at is its
// stamp, us after start_time, read its number. p is not kept after the call.
func (d *Decoder) Feed(p []byte, at int64, read int32) {
	if len(p) == 0 {
		return
	}
	d.bodyBytes += int64(len(p))
	d.at, d.read = at, read
	d.event = eventPool.Get().(*event)
	if d.inflater == nil {
		d.plain(p)
	} else {
		d.inflated(d.inflater.feed(p, d.plain))
	}
	d.event.free()
	d.event = nil
}

// Abandon ends what undoes the content coding of a body that is decoded no further, after a
// panic too; nothing but that is done.
func (d *Decoder) Abandon() {
	if d.inflater != nil {
		defer func() { _ = recover() }() // what panicked is told already
		d.inflater.stop()
	}
}

// plain takes bytes without an encoding.
func (d *Decoder) plain(p []byte) {
	if d.tee != nil {
		d.tee(p)
	}
	if d.framing == undecided {
		p = d.decide(p)
	}
	d.consume(p)
}

// inflated ends the reading of a body at a fault in its encoding: what comes
// after it nobody can tell.
func (d *Decoder) inflated(err error) {
	if err != nil {
		d.framing, d.opaque = blind, true
		d.unread++
	}
}

func (d *Decoder) consume(p []byte) {
	switch d.framing {
	case document:
		d.hold(p)
	case stream, lines, array, frames:
		d.split(d.reader, p)
	}
}

// split has a reader cut bytes into blocks.
func (d *Decoder) split(r reader, p []byte) {
	sse, _ := r.(*sseReader)
	for len(p) > 0 {
		if sse != nil && sse.late(p) {
			p = p[1:]
			if d.listed {
				d.entries.at(d.entries.n-1).bytes++
			}
			continue
		}
		b, n, ok := r.next(p)
		if p = p[n:]; ok {
			d.block(b)
		}
	}
}

// part takes a piece of what the messages of an event stream carry.
func (d *Decoder) part(p []byte) {
	if d.inner == nil {
		if p = bytes.TrimLeft(p, " \r\n"); len(p) == 0 {
			return
		}
		d.inner = &sseReader{limit: maxEvent}
		if p[0] == '{' || p[0] == '[' {
			d.inner = &lineReader{limit: maxLine}
		}
	}
	d.split(d.inner, p)
}

// hold keeps the bytes of a document that somebody will read.
func (d *Decoder) hold(p []byte) {
	if d.opaque && d.status < 400 {
		return
	}
	room := d.docMax - len(d.doc)
	if len(p) > room {
		p = p[:room]
		d.unread = 1
	}
	d.doc = append(d.doc, p...)
}

// block takes a whole block: of an event stream, a line, an object, a message.
func (d *Decoder) block(b block) {
	if b.hasData && isPart(d.dialect, b) {
		d.part(b.data)
		return
	}
	d.event.reset()
	kind := Other
	switch {
	case b.tooLong:
		d.unread++
	case b.failed:
		d.event.kinds.put(Error, true)
		d.event.failure, d.event.failureType = b.data, b.name
		kind = Error
	case !b.hasData && !b.fields:
		kind = Ping
	case b.hasData:
		if d.dialect.event(b.name, b.data, d.event) {
			kind = d.event.kinds.lowest()
		} else {
			d.event.reset()
		}
	}
	d.list(kind, b.bytes)
}

// list adds an entry for the event that was just read.
func (d *Decoder) list(kind Kind, size int64) {
	e := d.event
	d.countText(e)
	d.tell(e)
	tokens := d.tally.add(e, kind)
	d.take(e)
	if d.listed = d.entries.n < maxEvents; !d.listed {
		d.unread++
		return
	}
	d.entries.add(entry{
		at: d.at, read: d.read, tokens: tokens, kind: kind,
		bytes:  int32(min(size, math.MaxInt32-1)),
		choice: int16(min(max(e.choice, 0), math.MaxInt16)),
	})
}

// countText has an event's text counted by the tokenizer, if there is one.
func (d *Decoder) countText(e *event) {
	if d.newCounter == nil || e.choices == 0 || e.unsaid {
		return
	}
	c := d.tally.choice(e.choice)
	if c == nil {
		return
	}
	if c.counter == nil {
		c.counter = d.newCounter()
	}
	n := 0
	for _, raw := range e.text {
		n += c.counter.Add(unquote(raw))
	}
	e.report(byTokenizer, int64(n))
}

// take adds what an event or a document told about the response.
func (d *Decoder) take(e *event) {
	d.tally.finish(e.finish)
	d.terminal = d.terminal || e.kinds.has(Done)
	if e.kinds.has(Usage) {
		if e.inputUnsure && d.usage.input >= 0 {
			e.usage.input = -1
		}
		d.usage.join(e.usage)
		if d.usageOf = int64(e.choices); e.usageOfAll {
			d.usageOf = 0
		}
	}
	if d.id == "" && len(e.id) > 0 {
		d.id = label(e.id)
	}
	if d.model == "" && len(e.model) > 0 {
		d.model = label(e.model)
	}
	if len(e.timings) > 0 && len(e.timings) <= maxMetrics {
		d.timings = append(d.timings[:0], e.timings...)
	}
	if len(e.metrics) > 0 && len(e.metrics) <= maxMetrics {
		d.metrics = append(d.metrics[:0], e.metrics...)
	}
	if e.kinds.has(Error) && !d.failed { // the first error is the cause
		d.failed = true
		d.errorType, d.errorText = readFailure(e.failure)
		if d.errorType == "" {
			d.errorType = label(e.failureType)
		}
	}
}

// Tokens returns how many tokens were seen so far, content events where the
// tokens are unknown: for progress.
func (d *Decoder) Tokens() int64 { return d.tally.progress() }
