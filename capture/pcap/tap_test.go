package pcap

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"metron/internal/exchange"
	"metron/schema"
)

const (
	clientISN = 0xffff_fff0 // so that numbers wrap
	serverISN = 7000
	beginUS   = 1_700_000_000_000_000
	stepUS    = 1000 // between packets
)

// talk makes the segments of a connection, each stepUS after the one before.
type talk struct {
	client, server netip.AddrPort
	seq, ack       uint32 // the client's next, the server's next
	atUS           int64
	segments       []segment
}

func newTalk() *talk {
	return &talk{client: netip.MustParseAddrPort("10.0.0.1:4711"), server: netip.MustParseAddrPort("10.0.0.2:8000"),
		seq: clientISN, ack: serverISN, atUS: beginUS}
}

func (k *talk) add(s segment) {
	s.atUS = k.atUS
	k.atUS += stepUS
	k.segments = append(k.segments, s)
}

// shake is the handshake.
func (k *talk) shake() *talk {
	k.add(segment{from: k.client, to: k.server, seq: k.seq, syn: true})
	k.seq++
	k.add(segment{from: k.server, to: k.client, seq: k.ack, ack: k.seq, syn: true, acks: true})
	k.ack++
	k.add(segment{from: k.client, to: k.server, seq: k.seq, ack: k.ack, acks: true})
	return k
}

// ask sends pieces from the client, answer from the server, each acknowledged.
func (k *talk) ask(pieces ...string) *talk {
	for _, p := range pieces {
		k.add(segment{from: k.client, to: k.server, seq: k.seq, ack: k.ack, acks: true, data: []byte(p)})
		k.seq += uint32(len(p))
	}
	return k
}

func (k *talk) answer(pieces ...string) *talk {
	for _, p := range pieces {
		k.add(segment{from: k.server, to: k.client, seq: k.ack, ack: k.seq, acks: true, data: []byte(p)})
		k.ack += uint32(len(p))
	}
	return k
}

// acked is the client's acknowledgement alone.
func (k *talk) acked() *talk {
	k.add(segment{from: k.client, to: k.server, seq: k.seq, ack: k.ack, acks: true})
	return k
}

// leave ends the client's direction, close the server's.
func (k *talk) leave(reset bool) *talk {
	k.add(segment{from: k.client, to: k.server, seq: k.seq, ack: k.ack, acks: true, fin: !reset, rst: reset})
	k.seq++
	return k
}

func (k *talk) close(reset bool) *talk {
	k.add(segment{from: k.server, to: k.client, seq: k.ack, ack: k.seq, acks: true, fin: !reset, rst: reset})
	k.ack++
	return k
}

// lose takes a segment back, by its number among those so far.
func (k *talk) lose(i int) *talk {
	k.segments = slices.Delete(k.segments, i, i+1)
	return k
}

// open is a door that keeps what may always be kept.
type open struct{}

func (open) Begin(row *schema.Record, r *http.Request, body []byte) Kept {
	return exchange.Begin(row, exchange.Request{Method: r.Method, Path: r.URL.Path, Body: body})
}
func (open) Meta() schema.Meta          { return schema.Meta{Vantage: schema.VantageCapture} }
func (open) Counters() map[string]int64 { return nil }

// complainer is what testing's T and rapid's have in common.
type complainer interface {
	Helper()
	Error(...any)
	Errorf(string, ...any)
}

// read gives the rows of segments, by start, each checked.
func read(t complainer, segments []segment) ([]*schema.Record, *counts) {
	t.Helper()
	var rows []*schema.Record
	r := &Reader{Door: open{}, Put: func(row *schema.Record) { rows = append(rows, row) }}
	for _, s := range segments {
		r.segment(&s)
		r.nowUS = max(r.nowUS, s.atUS)
		r.sweep()
	}
	r.finish()
	if r.memory != 0 {
		t.Errorf("%d bytes are still counted as held", r.memory)
	}
	for _, row := range rows {
		if err := row.Check(); err != nil {
			t.Error(err)
		}
	}
	slices.SortStableFunc(rows, func(a, b *schema.Record) int { return int(a.StartTime - b.StartTime) })
	return rows, &r.counts
}

// file writes segments as a capture of a link.
func file(t testing.TB, link layers.LinkType, format string, segments []segment) []byte {
	t.Helper()
	var b bytes.Buffer
	var write func(gopacket.CaptureInfo, []byte) error
	done := func() error { return nil }
	switch format {
	case "pcapng":
		w, err := pcapgo.NewNgWriter(&b, link)
		if err != nil {
			t.Fatal(err)
		}
		write, done = func(ci gopacket.CaptureInfo, p []byte) error { return w.WritePacket(ci, p) }, w.Flush
	default:
		w := pcapgo.NewWriter(&b)
		if format == "ns" {
			w = pcapgo.NewWriterNanos(&b)
		}
		if err := w.WriteFileHeader(1<<18, link); err != nil {
			t.Fatal(err)
		}
		write = w.WritePacket
	}
	for _, s := range segments {
		p := packetOf(t, link, s)
		if err := write(gopacket.CaptureInfo{Timestamp: time.UnixMicro(s.atUS), CaptureLength: len(p) - s.missing, Length: len(p)}, p[:len(p)-s.missing]); err != nil {
			t.Fatal(err)
		}
	}
	if err := done(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// packetOf is a segment as a packet of a link.
func packetOf(t testing.TB, link layers.LinkType, s segment) []byte {
	t.Helper()
	tcp := &layers.TCP{SrcPort: layers.TCPPort(s.from.Port()), DstPort: layers.TCPPort(s.to.Port()), Seq: s.seq, Ack: s.ack,
		SYN: s.syn, FIN: s.fin, RST: s.rst, ACK: s.acks, PSH: len(s.data) > 0, Window: 500}
	var ip gopacket.SerializableLayer
	etherType := layers.EthernetTypeIPv4
	if s.from.Addr().Is4() {
		ip4 := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: s.from.Addr().AsSlice(), DstIP: s.to.Addr().AsSlice()}
		_ = tcp.SetNetworkLayerForChecksum(ip4)
		ip = ip4
	} else {
		etherType = layers.EthernetTypeIPv6
		ip6 := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: s.from.Addr().AsSlice(), DstIP: s.to.Addr().AsSlice()}
		_ = tcp.SetNetworkLayerForChecksum(ip6)
		ip = ip6
	}
	stack := []gopacket.SerializableLayer{ip, tcp, gopacket.Payload(s.data)}
	var head []byte
	mac := []byte{2, 0, 0, 0, 0, 1}
	switch link {
	case layers.LinkTypeEthernet:
		stack = slices.Insert(stack, 0, gopacket.SerializableLayer(&layers.Ethernet{SrcMAC: mac, DstMAC: mac, EthernetType: etherType}))
	case linkVLAN:
		stack = slices.Insert(stack, 0, gopacket.SerializableLayer(&layers.Ethernet{SrcMAC: mac, DstMAC: mac, EthernetType: layers.EthernetTypeDot1Q}),
			gopacket.SerializableLayer(&layers.Dot1Q{VLANIdentifier: 7, Type: etherType}))
	case layers.LinkTypeLinuxSLL:
		head = binary.BigEndian.AppendUint16(append([]byte{0, 0, 0, 1, 0, 6}, 2, 0, 0, 0, 0, 1, 0, 0), uint16(etherType))
	case layers.LinkTypeLinuxSLL2:
		head = append(binary.BigEndian.AppendUint16(nil, uint16(etherType)), 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0)
	case layers.LinkTypeNull:
		family := byte(2)
		if etherType == layers.EthernetTypeIPv6 {
			family = 30
		}
		head = []byte{family, 0, 0, 0}
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		t.Fatal(err)
	}
	return append(head, b.Bytes()...)
}

// linkVLAN is Ethernet whose frames carry a tag.
const linkVLAN = layers.LinkType(255)

// wait lets time pass.
func (k *talk) wait(us int64) { k.atUS += us }
