package generate

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/google/uuid"

	"metron/internal/splitmix"
	"metron/schema"
)

// maker makes the rows of a trace, session by session. A request by itself is a
// session of one turn, without a name.
type maker struct {
	seed             uint64
	startUS, limitUS int64
	most             int64 // rows; 0: no end

	lengths      *Lengths
	draw         func(a arrival) (pair, error)
	turns, think numbers // nil: one turn, no pause
	tokenUS      float64 // of an answer
	maxContext   int64

	models, tenants       names
	prefixes              *prefixes // nil: rows carry no hashes
	aborts                *rand.Rand
	abortShare            float64
	abortAfter            numbers
	rows, sessions        int64
	aborted, ended, after int64 // clients that left, sessions at their longest, turns beyond the end of the trace

	row    schema.Record
	values rowValues
}

// rowValues are what pointers of the row point at: the writer keeps none of them.
type rowValues struct {
	turn, think, input, output, block, abort, asked int64
	ignoreEOS                                       bool
}

// maker opens everything but the arrivals.
func (g *Generator) maker(e env, paired bool) (*maker, error) {
	start := g.Start
	if start.IsZero() {
		start = DefaultStart()
	}
	m := &maker{seed: g.Seed, startUS: start.UnixMicro(), limitUS: e.limitUS, most: g.Requests, lengths: &g.Lengths,
		maxContext: g.MaxContext, aborts: rand.New(e.streams.of("--abort-share")), abortShare: g.AbortShare}
	m.tokenUS = float64(DefaultTokenTime.Microseconds())
	if g.TokenTime > 0 {
		m.tokenUS = float64(g.TokenTime.Nanoseconds()) / 1e3
	}
	var err error
	if m.draw, err = g.Lengths.draw(e.streams, paired, g.Arrival); err != nil {
		return nil, err
	}
	for _, n := range []struct {
		flag, text string
		isTime     bool
		to         *numbers
	}{{"--turns", g.Turns, false, &m.turns}, {"--think", g.Think, true, &m.think}, {"--abort-after", g.AbortAfter, true, &m.abortAfter}} {
		if n.text != "" {
			if *n.to, err = openNumbers(n.flag, n.text, n.isTime, e.streams); err != nil {
				return nil, err
			}
		}
	}
	if m.models, err = openMix("--models", g.Models, e.streams); err != nil {
		return nil, err
	}
	if m.tenants, err = openMix("--tenants", g.Tenants, e.streams); err != nil {
		return nil, err
	}
	if g.Structure.blocks() {
		m.prefixes, err = g.Structure.prefixes(g.Seed, e.streams, len(m.models.names))
	}
	return m, err
}

// session makes the requests that begin with arrival n.
func (m *maker) session(n int64, a arrival, put func(*schema.Record) error) error {
	m.sessions++
	model, tenant := m.models.draw(), m.tenants.draw()
	turns := int64(1)
	if m.turns != nil {
		turns = max(1, int64(math.Round(min(m.turns(), 1e9))))
	}
	var c conversation
	var parent uuid.UUID
	us, thinkUS := a.us, int64(0)
	for turn := int64(0); turn < turns && (m.most == 0 || m.rows < m.most); turn++ {
		lengths, err := m.draw(a)
		if err != nil {
			return err
		}
		if us >= m.limitUS {
			m.after += turns - turn
			return nil
		}
		r := m.newRow(us, m.models.names[model], m.tenants.names[tenant])
		if turn == 0 && m.prefixes != nil {
			c = m.prefixes.begin(n, model, lengths.input)
		}
		prompt := lengths.input
		if prompt >= 0 {
			prompt += c.tokens
		}
		if turn > 0 && m.maxContext > 0 && prompt+lengths.output > m.maxContext {
			m.ended++
			return nil
		}
		m.setLengths(r, pair{prompt, lengths.output})
		if m.prefixes != nil && prompt >= 0 {
			m.values.block = m.prefixes.block
			r.BlockSize, r.BlockUnit, r.Recorded = &m.values.block, "tokens", schema.RecordedHash
			r.BlockHashes = m.prefixes.hashes(&c, prompt)
		}
		if m.turns != nil {
			r.SessionID, r.Turn = fmt.Sprintf("%016x", splitmix.Hash(m.seed, sessionName, uint64(n))), &m.values.turn
			m.values.turn = turn
			if turn > 0 {
				m.values.think, r.ThinkTime, r.ParentRecordID = thinkUS, &m.values.think, parent
			}
		}
		leaves := m.abort(r)
		if err := put(r); err != nil {
			return err
		}
		if m.rows++; leaves {
			return nil // whoever left says nothing more
		}
		if m.think != nil {
			thinkUS = microseconds(m.think())
		}
		c.tokens, parent = prompt+lengths.output, r.RecordID
		us += int64(math.Round(float64(lengths.output)*m.tokenUS)) + thinkUS
	}
	return nil
}

// What a hash is of, so that no two kinds of things have one.
const (
	recordName = 1 + iota
	sessionName
	systemBlock
	ownBlock
	lastBlock
)

func (m *maker) newRow(us int64, model, tenant string) *schema.Record {
	m.row = schema.Record{
		RecordID: recordID(m.seed, m.rows), Phase: schema.PhaseMeasure, StartTime: m.startUS + us, RequestModel: model, Tenant: tenant,
		API: schema.APIChat, Method: "POST", Path: "/v1/chat/completions", Stream: true, ChoiceCount: 1,
		TokenSource: schema.TokenSourceTrace, Outcome: schema.OutcomeOK, Recorded: schema.RecordedLengths,
	}
	return &m.row
}

func (m *maker) setLengths(r *schema.Record, p pair) {
	m.values.input, m.values.output = p.input, p.output
	if p.input >= 0 {
		r.InputTokens = &m.values.input
	}
	if p.output >= 0 {
		r.OutputTokens = &m.values.output
	}
}

// abort lets the client leave, if it is one of those that do. What such a row has of an
// answer is not all that was asked for, so it says what was: without a length a server
// would go on until its model ends, or the client leaves.
func (m *maker) abort(r *schema.Record) bool {
	if m.abortShare == 0 || m.aborts.Float64() >= m.abortShare {
		return false
	}
	m.values.abort = max(1, microseconds(m.abortAfter()))
	r.Outcome, r.ClientAbort = schema.OutcomeClientAbort, &m.values.abort
	if r.OutputTokens != nil {
		m.values.asked, m.values.ignoreEOS = max(1, *r.OutputTokens), true // servers refuse a maximum of 0
		r.MaxTokens, r.MinTokens, r.IgnoreEOS = &m.values.asked, &m.values.asked, &m.values.ignoreEOS
	}
	m.aborted++
	return true
}

// counters are what the footer keeps.
func (m *maker) counters() map[string]int64 {
	return map[string]int64{"recorded": m.rows, "sessions": m.sessions, "lengths_clipped": m.lengths.clipped, "lengths_redrawn": m.lengths.redrawn,
		"lengths_raised": m.lengths.raised, "aborted": m.aborted, "sessions_at_max_context": m.ended, "turns_after_end": m.after}
}

// recordID names row n of a seed: a UUID of version 8, whose last twelve digits
// are the row's number, decimal, from 1, as those of imports are.
func recordID(seed uint64, n int64) uuid.UUID {
	var id uuid.UUID
	first, second := splitmix.Hash(seed, recordName, uint64(n)), splitmix.Hash(seed, recordName, uint64(n), 1)
	for i := range 8 {
		id[i] = byte(first >> (8 * i))
	}
	id[8], id[9] = byte(second), byte(second>>8)
	number := n + 1
	for i := len(id) - 1; i >= 10; i-- {
		id[i] = byte(number%10 | number/10%10<<4)
		number /= 100
	}
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return id
}
