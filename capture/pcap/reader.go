package pcap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync/atomic"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"metron/internal/term"
	"metron/schema"
)

// maxMemory bounds the bytes that wait, of all connections.
const maxMemory = 512 << 20

// Reader turns a packet capture into rows. Fill the fields, then Read once.
type Reader struct {
	// Servers are the addresses that answer; an address without a host stands for
	// any. None: whoever gets requests.
	Servers []netip.AddrPort

	// Door decides what is kept of each request.
	Door Door

	// Put takes each row as its request ends, in that order.
	Put func(*schema.Record)

	// Opened is told the time of the first packet that has one, before any row. May be nil.
	Opened func(startUS int64) error

	counts  counts
	shown   struct{ packets, rows atomic.Int64 } // for Progress
	conns   map[pair]*conn
	order   []*conn // as they began
	memory  int
	nowUS   int64
	sweptUS int64
}

// Read reads a capture to its end, or until ctx is done. Whatever happens, what was
// complete until then has been put.
func (r *Reader) Read(ctx context.Context, in io.Reader) error {
	p, err := openPackets(in)
	if err != nil {
		return err
	}
	packets, failed := make(chan packet, 256), make(chan error, 1)
	ctx, stop := context.WithCancel(ctx)
	defer stop() // a read that hangs ends with its input
	go func() {
		defer close(packets)
		failed <- feed(ctx, p, packets)
	}()
	d := &decoder{}
	defer r.finish()
	for {
		select {
		case next, more := <-packets:
			if more {
				if err := r.packet(d, next); err != nil {
					return err
				}
				continue
			}
			err := <-failed
			if errors.Is(err, io.ErrUnexpectedEOF) { // whoever wrote it was killed
				r.counts.cutOff = true
				err = nil
			}
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// packet is one packet as it stands in the file.
type packet struct {
	data []byte
	info gopacket.CaptureInfo
	link layers.LinkType
}

// feed reads packets ahead.
func feed(ctx context.Context, p *packets, to chan<- packet) error {
	for {
		data, info, err := p.read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a packet: %w", err)
		}
		select {
		case to <- packet{data, info, p.link(info)}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// packet takes the next one.
func (r *Reader) packet(d *decoder, p packet) error {
	r.counts.packets++
	r.shown.packets.Add(1)
	if p.info.Timestamp.IsZero() { // a row is its times
		r.counts.undated++
		return nil
	}
	atUS := p.info.Timestamp.UnixMicro()
	if r.counts.packets-r.counts.undated == 1 && r.Opened != nil {
		if err := r.Opened(atUS); err != nil {
			return err
		}
	}
	if atUS < r.nowUS-1_000_000 {
		r.counts.clockSteps++
	}
	r.nowUS = max(r.nowUS, atUS)
	if p.info.CaptureLength < p.info.Length {
		r.counts.truncated++
	}
	s, err := d.decode(p.link, p.data, p.info)
	switch err {
	case nil:
		r.segment(&s)
	case errFragment:
		r.counts.fragments++
	default:
		r.counts.otherPackets++
	}
	if r.nowUS-r.sweptUS >= sweepUS {
		r.sweptUS = r.nowUS
		r.sweep()
	}
	return nil
}

// Progress is the live line.
func (r *Reader) Progress() string {
	return fmt.Sprintf("packets %s  rows %s", term.Count(r.shown.packets.Load()), term.Count(r.shown.rows.Load()))
}

// Counts are what was seen, for a footer; once Read has returned.
func (r *Reader) Counts() map[string]int64 { return r.counts.all() }

// Summary says it in words.
func (r *Reader) Summary() string { return r.counts.text() }

func (r *Reader) put(row *schema.Record) {
	r.counts.rows++
	r.shown.rows.Add(1)
	r.Put(row)
}

// hold takes a share of the memory; false: there is none left.
func (r *Reader) hold(n int) bool {
	if r.memory+n > maxMemory {
		return false
	}
	r.memory += n
	return true
}

func (r *Reader) release(n int) { r.memory -= n }
