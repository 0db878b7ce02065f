package pcap

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// segment is what one packet says of a TCP connection.
type segment struct {
	from, to            netip.AddrPort
	seq, ack            uint32
	syn, fin, rst, acks bool // acks: ack means something
	data                []byte
	missing             int // bytes of it that were cut off when it was captured
	atUS                int64
}

// packets reads the packets of a pcap or pcapng file, or of gzip around a pcap.
type packets struct {
	read func() ([]byte, gopacket.CaptureInfo, error)
	link func(gopacket.CaptureInfo) layers.LinkType
}

func openPackets(in io.Reader) (*packets, error) {
	b := bufio.NewReaderSize(in, 1<<16)
	magic, err := b.Peek(4)
	if err == io.EOF {
		err = fmt.Errorf("it has %d bytes, no packet capture's beginning", len(magic))
	}
	if err != nil {
		return nil, err
	}
	if bytes.Equal(magic, []byte{0x0a, 0x0d, 0x0d, 0x0a}) {
		ng, err := pcapgo.NewNgReader(b, pcapgo.NgReaderOptions{WantMixedLinkType: true})
		if err != nil {
			return nil, fmt.Errorf("pcapng: %w", err)
		}
		return &packets{read: ng.ReadPacketData, link: func(ci gopacket.CaptureInfo) layers.LinkType {
			if len(ci.AncillaryData) > 0 {
				if t, ok := ci.AncillaryData[0].(layers.LinkType); ok {
					return t
				}
			}
			return ng.LinkType()
		}}, nil
	}
	r, err := pcapgo.NewReader(b)
	if err != nil {
		return nil, fmt.Errorf("neither pcap nor pcapng: %w", err)
	}
	return &packets{read: r.ReadPacketData, link: func(gopacket.CaptureInfo) layers.LinkType { return r.LinkType() }}, nil
}

// decoder takes packets apart, without an allocation each.
type decoder struct {
	ethernet layers.Ethernet
	vlan     layers.Dot1Q
	sll      layers.LinuxSLL
	sll2     layers.LinuxSLL2
	loopback layers.Loopback
	ip4      layers.IPv4
	ip6      layers.IPv6
	ip6more  layers.IPv6ExtensionSkipper
	tcp      layers.TCP

	found   []gopacket.LayerType
	parsers map[gopacket.LayerType]*gopacket.DecodingLayerParser
}

var (
	errNotTCP   = errors.New("not TCP over IP")
	errFragment = errors.New("an IP fragment")
)

// decode gives the segment in a packet.
func (d *decoder) decode(link layers.LinkType, data []byte, ci gopacket.CaptureInfo) (segment, error) {
	first := firstLayer(link, data)
	if first == gopacket.LayerTypeZero {
		return segment{}, errNotTCP
	}
	p := d.parsers[first]
	if p == nil {
		p = gopacket.NewDecodingLayerParser(first, &d.ethernet, &d.vlan, &d.sll, &d.sll2, &d.loopback, &d.ip4, &d.ip6, &d.ip6more, &d.tcp)
		p.IgnoreUnsupported = true
		if d.parsers == nil {
			d.parsers = map[gopacket.LayerType]*gopacket.DecodingLayerParser{}
		}
		d.parsers[first] = p
	}
	_ = p.DecodeLayers(data, &d.found) // where it fails, no TCP is found, though perhaps a fragment
	var from, to netip.Addr
	for _, layer := range d.found {
		switch layer {
		case layers.LayerTypeIPv4:
			from, _ = netip.AddrFromSlice(d.ip4.SrcIP)
			to, _ = netip.AddrFromSlice(d.ip4.DstIP)
			if d.ip4.FragOffset > 0 || d.ip4.Flags&layers.IPv4MoreFragments != 0 {
				return segment{}, errFragment
			}
		case layers.LayerTypeIPv6:
			from, _ = netip.AddrFromSlice(d.ip6.SrcIP)
			to, _ = netip.AddrFromSlice(d.ip6.DstIP)
			if isFragment(&d.ip6) {
				return segment{}, errFragment
			}
		case layers.LayerTypeTCP:
			t := &d.tcp
			return segment{from: netip.AddrPortFrom(from, uint16(t.SrcPort)), to: netip.AddrPortFrom(to, uint16(t.DstPort)),
				seq: t.Seq, ack: t.Ack, syn: t.SYN, fin: t.FIN, rst: t.RST, acks: t.ACK,
				data: t.Payload, missing: max(0, ci.Length-ci.CaptureLength), atUS: ci.Timestamp.UnixMicro()}, nil
		}
	}
	return segment{}, errNotTCP
}

// isFragment looks for a Fragment header among the extensions of a packet, of which a
// decoder tells no kinds. One of a packet in a single piece has neither an offset nor
// more to come.
func isFragment(ip *layers.IPv6) bool {
	next, p := ip.NextHeader, ip.Payload
	if ip.HopByHop != nil { // which is not in the payload
		next = ip.HopByHop.NextHeader
	}
	for len(p) >= 8 {
		switch next {
		case layers.IPProtocolIPv6Fragment:
			const reserved = 6
			return binary.BigEndian.Uint16(p[2:])&^reserved != 0
		case layers.IPProtocolIPv6Routing, layers.IPProtocolIPv6Destination:
			n := 8 + 8*int(p[1])
			if n > len(p) {
				return false
			}
			next, p = layers.IPProtocol(p[0]), p[n:]
		default:
			return false
		}
	}
	return false
}

// firstLayer is what a packet of a link begins with; zero for a link that is not
// known here.
func firstLayer(link layers.LinkType, data []byte) gopacket.LayerType {
	switch link {
	case layers.LinkTypeEthernet:
		return layers.LayerTypeEthernet
	case layers.LinkTypeLinuxSLL:
		return layers.LayerTypeLinuxSLL
	case layers.LinkTypeLinuxSLL2:
		return layers.LayerTypeLinuxSLL2
	case layers.LinkTypeNull, layers.LinkTypeLoop:
		return layers.LayerTypeLoopback
	case layers.LinkTypeRaw, layers.LinkTypeIPv4, layers.LinkTypeIPv6, 12: // 12: raw IP on most systems
		switch {
		case len(data) > 0 && data[0]>>4 == 4:
			return layers.LayerTypeIPv4
		case len(data) > 0 && data[0]>>4 == 6:
			return layers.LayerTypeIPv6
		}
	}
	return gopacket.LayerTypeZero
}
