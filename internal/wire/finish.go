package wire

// Finish ends the body, however it ended, and returns what it said. It is
// called once; Feed no more after it.
func (d *Decoder) Finish() Response {
	d.event = eventPool.Get().(*event)
	defer func() {
		d.event.free()
		d.event = nil
	}()
	if d.inflater != nil {
		d.inflated(d.inflater.close(d.plain))
	}
	if d.framing == undecided && len(d.head) > 0 {
		head := d.head
		d.framing = document
		d.consume(head)
	}
	switch d.framing {
	case stream, lines, array, frames:
		if d.inner != nil {
			d.endStream(d.inner.rest())
		}
		d.endStream(d.reader.rest())
	case document:
		d.endDocument()
	}
	r := Response{
		FinishReasons: d.tally.reasons(),
		ID:            d.id, Model: d.model,
		ServerMetrics: serverMetrics(d.timings, d.metrics, d.serverTiming),
		Terminal:      d.terminal || d.tally.over(d.choiceCount),
		Unsure:        d.tally.again && !d.terminal,
		Opaque:        d.opaque,
		Failed:        d.failed || d.status >= 400,
		ErrorType:     d.errorType, ErrorMessage: d.errorText,
		BodyBytes: d.bodyBytes, TornBytes: d.tornBytes, Unread: d.unread,
	}
	d.columns(&r)
	d.totals(&r)
	return r
}

// endStream takes the block that nothing completed. By the standard of SSE it
// is no event, but clients that read line by line see it, and servers do end
// with a bare [DONE] line: so it is one if its data is whole, else it is torn.
func (d *Decoder) endStream(b block, ok bool) {
	if !ok {
		return
	}
	d.event.reset()
	if b.hasData && !b.tooLong && d.dialect.event(b.name, b.data, d.event) {
		d.list(d.event.kinds.lowest(), b.bytes)
		return
	}
	d.tornBytes += b.bytes
}

func (d *Decoder) endDocument() {
	if d.opaque && d.status < 400 {
		return
	}
	if d.status >= 400 {
		d.failed = true
		d.errorType, d.errorText = readFailure(d.doc)
	}
	if d.unread > 0 {
		d.opaque = true // whether it was whole, nobody has seen
		return
	}
	d.event.reset()
	if d.dialect.document(d.doc, d.event) {
		d.take(d.event)
		d.tell(d.event)
		d.terminal = true
	}
}

// columns spreads the entries over the lists, and frees them.
func (d *Decoder) columns(r *Response) {
	source := d.tally.source()
	r.TokenSource = "chunks"
	switch {
	case source < sources:
		r.TokenSource = sourceNames()[source]
	case d.usage.output >= 0:
		r.TokenSource = "usage"
	}
	n := d.entries.n
	if n == 0 {
		return
	}
	r.Time, r.Kind = make([]int64, n), make([]int8, n)
	r.Read, r.Bytes = make([]int32, n), make([]int32, n)
	if d.choiceCount > 1 {
		r.Choice = make([]int16, n)
	}
	if source < sources {
		r.Tokens = make([]int32, n)
	}
	for i := range n {
		e := d.entries.at(i)
		r.Time[i], r.Kind[i], r.Read[i], r.Bytes[i] = e.at, e.kind, e.read, e.bytes
		if r.Choice != nil {
			r.Choice[i] = e.choice
		}
		if r.Tokens != nil {
			r.Tokens[i] = e.tokens[source]
		}
	}
	d.entries.free()
}

// totals fills in the reported usage, the last that there was.
func (d *Decoder) totals(r *Response) {
	u := d.usage
	if u.output >= 0 && d.usageOf > 0 && d.choiceCount > 1 && d.framing == stream {
		u.output = d.tally.output() // beside a choice the count is that choice's alone
	}
	for _, t := range []struct {
		to *(*int64)
		n  int64
	}{
		{&r.InputTokens, u.input}, {&r.CachedInputTokens, u.cached},
		{&r.OutputTokens, u.output}, {&r.ReasoningTokens, u.reasoning},
	} {
		if t.n >= 0 {
			*t.to = &t.n
		}
	}
}
