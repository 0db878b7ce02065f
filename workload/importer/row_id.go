package importer

import (
	"crypto/sha1"
	"encoding/binary"
	"hash"

	"github.com/google/uuid"
)

// fileDigits is what a file's number, from 0, is shifted by in the ids of its rows.
const fileDigits = 1_000_000_000

// rowIDs makes the record_id of rows that bring none: a UUID of version 8
// whose last twelve digits are decimal, three of the number of the file, from 0,
// and nine of the row's number in it, as in 1b671a64-40d5-891e-99b0-000000000017.
// The others are a hash of the format, those numbers and the row's bytes. So the
// same file always gives the same ids, and the number outlives sorting.
type rowIDs struct {
	format string
	file   int64 // times fileDigits
	hash   hash.Hash
	sum    []byte
}

func newRowIDs(format string, in *input) *rowIDs {
	return &rowIDs{format: format, file: int64(in.number) * fileDigits, hash: sha1.New()}
}

func (s *rowIDs) id(number int64, row []byte) uuid.UUID {
	number += s.file
	s.hash.Reset()
	s.hash.Write([]byte(s.format))
	var n [9]byte // the leading 0 ends the name
	binary.BigEndian.PutUint64(n[1:], uint64(number))
	s.hash.Write(n[:])
	s.hash.Write(row)
	s.sum = s.hash.Sum(s.sum[:0])
	var id uuid.UUID
	copy(id[:10], s.sum)
	for i := len(id) - 1; i >= 10; i-- { // two decimal digits a byte
		id[i] = byte(number%10 | number/10%10<<4)
		number /= 100
	}
	id[6] = id[6]&0x0f | 0x80 // version 8: the rest is ours to define
	id[8] = id[8]&0x3f | 0x80
	return id
}
