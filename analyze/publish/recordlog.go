package publish

import (
	"encoding/binary"
	"hash/crc32"
)

// recordLog is LevelDB's log format as W&B writes it: blocks of 32 KiB, in which a record
// is one part or several, each with its checksum, length and place in the record. Unlike
// LevelDB's the checksum is IEEE's, not masked, and the file begins with a name.
type recordLog struct{ bytes []byte }

const (
	logBlock  = 32 << 10
	logHeader = 7 // checksum, length, place
)

// Places of a part in its record.
const (
	partWhole = iota + 1
	partFirst
	partMiddle
	partLast
)

func newRecordLog() *recordLog {
	return &recordLog{[]byte(":W&B\xe1\xbe\x00")} // name, magic number, version 0
}

func (l *recordLog) add(record []byte) {
	for first := true; first || len(record) > 0; first = false {
		room := logBlock - len(l.bytes)%logBlock
		if room < logHeader { // no part begins so near to the end of a block
			l.bytes = append(l.bytes, make([]byte, room)...)
			room = logBlock
		}
		part := record[:min(len(record), room-logHeader)]
		record = record[len(part):]
		place := byte(partMiddle)
		switch last := len(record) == 0; {
		case first && last:
			place = partWhole
		case first:
			place = partFirst
		case last:
			place = partLast
		}
		sum := crc32.Update(crc32.ChecksumIEEE([]byte{place}), crc32.IEEETable, part)
		l.bytes = binary.LittleEndian.AppendUint32(l.bytes, sum)
		l.bytes = binary.LittleEndian.AppendUint16(l.bytes, uint16(len(part)))
		l.bytes = append(append(l.bytes, place), part...)
	}
}
