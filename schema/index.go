package schema

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/google/uuid"
)

const (
	groupRows  = 1 << 14  // rows of a row group at most
	groupBytes = 12 << 20 // and about as many bytes in memory
	rowBytes   = 512      // what a row takes beside its chunks and content, about
	chunkBytes = 17       // what a chunk takes: time, kind, tokens, read
	hashBytes  = 8        // what a block hash takes
)

// place is where a row stands in a journal.
type place struct {
	id      uuid.UUID
	startUS int64
	batch   int32
	row     int32
	bytes   int32 // in memory, about
}

// journalIndex says where the last row of each record stands, by start_time.
// It takes 40 bytes a row.
type journalIndex struct {
	offsets []int64 // of batches
	end     int64   // of the last complete batch
	damaged int64   // bytes between batches that could not be read
	places  []place
}

// index reads a journal once. Damage is an error; what looks like a batch that
// was cut off is none at the end.
func (j *journalReader) index() (*journalIndex, error) { return j.indexPast(false) }

// indexPast reads a journal once; with damage it goes on behind what cannot be
// read, if a batch follows.
func (j *journalReader) indexPast(damage bool) (*journalIndex, error) {
	id, start := j.schema.FieldIndices("record_id"), j.schema.FieldIndices("start_time")
	if len(id) != 1 || len(start) != 1 {
		return nil, errors.New("journal has no record_id or start_time")
	}
	x := &journalIndex{end: int64(len(j.head))}
	at := x.end
	for {
		b, err := j.next(at)
		if disk := (*fs.PathError)(nil); err != nil && !errors.As(err, &disk) {
			b, at, err = j.nextBehind(at, err, damage)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		ids, ok := b.Column(id[0]).(*array.FixedSizeBinary)
		starts, also := b.Column(start[0]).(*array.Timestamp)
		if !ok || !also {
			return nil, errors.New("journal has a record_id or start_time of another type")
		}
		sizes := rowSizes(b.Record)
		for row := range int(b.NumRows()) {
			x.places = append(x.places, place{uuid.UUID(ids.Value(row)), int64(starts.Value(row)), int32(len(x.offsets)), int32(row), sizes[row]})
		}
		x.offsets = append(x.offsets, at)
		x.damaged += at - x.end
		x.end = b.to
		at = b.to
		b.Release()
	}
	x.places = lastOfEach(x.places)
	return x, nil
}

// nextBehind gives the batch that a reader goes on with, and where it begins,
// where next failed at offset at for the reason why. io.EOF says that none follows.
func (j *journalReader) nextBehind(at int64, why error, damage bool) (journalBatch, int64, error) {
	b, behind, err := j.resume(at)
	switch {
	case err == io.EOF && !damage:
		return journalBatch{}, at, why
	case err != nil:
		return journalBatch{}, at, err
	}
	// What was incomplete a moment ago its writer may have completed, and added
	// to, since.
	if now, err := j.next(at); err == nil {
		b.Release()
		return now, at, nil
	}
	if !damage {
		b.Release()
		return journalBatch{}, at, fmt.Errorf("the journal is damaged between bytes %d and %d; `metron recover` keeps what can be read", at, behind)
	}
	return b, behind, nil
}

// resume gives the first batch behind offset at, and where it begins.
func (j *journalReader) resume(at int64) (journalBatch, int64, error) {
	buffer := make([]byte, 64<<10)
	for at += 8; ; {
		n, err := j.file.ReadAt(buffer, at)
		for i := 0; i+8 <= n; i += 8 { // batches are aligned
			if binary.LittleEndian.Uint32(buffer[i:]) != 0xffffffff {
				continue
			}
			if b, err := j.next(at + int64(i)); err == nil {
				return b, at + int64(i), nil
			}
		}
		if err != nil {
			return journalBatch{}, at, err // io.EOF at the end
		}
		at += int64(n)
	}
}

// sizeOf is about what a row takes in memory, bytes; content is its bodies.
func sizeOf(chunks, hashes, content int) int {
	return rowBytes + chunkBytes*chunks + hashBytes*hashes + content
}

func (r *Record) bytes() int {
	return sizeOf(len(r.ChunkTime), len(r.BlockHashes), len(r.RequestBody)+len(r.ResponseBody))
}

// rowSizes is what Record.bytes gives for each row of a batch with all columns.
func rowSizes(b arrow.Record) []int32 {
	column := func(name string) arrow.Array { return b.Column(b.Schema().FieldIndices(name)[0]) }
	length := func(a *array.List, row int) int {
		from, to := a.ValueOffsets(row)
		return int(to - from)
	}
	chunks, hashes := column("chunk_time").(*array.List), column("block_hashes").(*array.List)
	request, response := column("request_body").(*array.Binary), column("response_body").(*array.Binary)
	sizes := make([]int32, b.NumRows())
	for row := range sizes {
		n := sizeOf(length(chunks, row), length(hashes, row), request.ValueLen(row)+response.ValueLen(row))
		sizes[row] = int32(min(n, math.MaxInt32))
	}
	return sizes
}

// lastOfEach keeps the last place of each record and sorts by start_time; rows
// of one moment stay in the order of the journal.
func lastOfEach(places []place) []place {
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(bytes.Compare(a.id[:], b.id[:]), -a.compareSeat(b))
	})
	places = slices.CompactFunc(places, func(a, b place) bool { return a.id == b.id })
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.startUS, b.startUS), a.compareSeat(b))
	})
	return places
}

// compareSeat orders places as they stand in the journal.
func (p place) compareSeat(q place) int {
	return cmp.Or(cmp.Compare(p.batch, q.batch), cmp.Compare(p.row, q.row))
}

// rowGroup is rows of a journal that belong together in a file, in order.
type rowGroup struct {
	rows []seat
}

// seat is a row of a batch.
type seat struct {
	batch arrow.Record
	row   int
}

// record reads row i, which shares the group's memory.
func (g *rowGroup) record(i int, cols []column, r *Record) {
	getRecord(g.rows[i].batch, cols, g.rows[i].row, r)
}

// groups yields the rows of an index in its order. For each group every batch
// with a row in it is read once, in whatever order the journal has them, and
// only the rows of the group are kept: memory is a group's and a batch's.
func (j *journalReader) groups(x *journalIndex, yield func(*rowGroup) error) error {
	for places := x.places; len(places) > 0; {
		n, bytes := 0, 0
		for n < len(places) && n < groupRows && (n == 0 || bytes+int(places[n].bytes) <= groupBytes) {
			bytes += int(places[n].bytes)
			n++
		}
		g, err := j.group(x, places[:n])
		if err == nil {
			err = yield(g)
		}
		if err != nil {
			return err
		}
		places = places[n:]
	}
	return nil
}

func (j *journalReader) group(x *journalIndex, places []place) (*rowGroup, error) {
	order := make([]int, len(places)) // by where they stand
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return places[a].compareSeat(places[b]) })
	g := &rowGroup{rows: make([]seat, len(places))}
	for from := 0; from < len(order); {
		batch := places[order[from]].batch
		var picked []int32
		to := from
		for ; to < len(order) && places[order[to]].batch == batch; to++ {
			picked = append(picked, places[order[to]].row)
		}
		b, err := j.next(x.offsets[batch])
		if err != nil {
			return nil, err
		}
		kept := b.Record
		if int64(len(picked)) < b.NumRows() {
			kept = gather(b.Record, picked)
		}
		for k, at := range order[from:to] {
			row := k
			if kept == b.Record {
				row = int(picked[k])
			}
			g.rows[at] = seat{kept, row}
		}
		from = to
	}
	return g, nil
}
