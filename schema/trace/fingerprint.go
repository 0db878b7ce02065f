package trace

import (
	"crypto/sha256"
	"encoding/binary"
	"reflect"

	"github.com/google/uuid"

	"metron/schema"
)

// fingerprint tells rows apart by all that they say.
type fingerprint [sha256.Size]byte

// fingerprintOf is the same for the same row in two files: the numbers of its
// socket reads are each file's own, and its sample_rate is the sample's.
func fingerprintOf(r *schema.Record) fingerprint {
	same := *r
	same.SampleRate = nil
	same.ChunkRead = make([]int32, len(r.ChunkRead))
	for i := 1; i < len(r.ChunkRead); i++ {
		same.ChunkRead[i] = same.ChunkRead[i-1]
		if r.ChunkRead[i] != r.ChunkRead[i-1] {
			same.ChunkRead[i]++
		}
	}
	var b []byte
	v := reflect.ValueOf(same)
	for i := range v.NumField() {
		b = appendValue(b, v.Field(i))
	}
	return sha256.Sum256(b)
}

// appendValue writes a value so that no other one reads the same.
func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, 0)
		}
		return appendValue(append(b, 1), v.Elem())
	case reflect.String:
		return append(binary.AppendUvarint(b, uint64(v.Len())), v.String()...)
	case reflect.Slice:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		if v.Type().Elem().Kind() == reflect.String {
			for i := range v.Len() {
				b = appendValue(b, v.Index(i))
			}
			return b
		}
	}
	b, err := binary.Append(b, binary.LittleEndian, v.Interface())
	if err != nil {
		panic("trace: a column of a type that is new: " + err.Error())
	}
	return b
}

// id is a record_id for a row whose own is taken, the same one every time.
func (f fingerprint) id(taken uuid.UUID) uuid.UUID {
	sum := sha256.Sum256(append(taken[:], f[:]...))
	return idOf(sum[:])
}

// idOf makes a UUID of version 8, whose bits are ours to define, of a hash.
func idOf(sum []byte) uuid.UUID {
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}
