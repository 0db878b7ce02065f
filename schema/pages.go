package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	mathbits "math/bits"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// pageCheck goes over the pages of a column chunk before parquet-go decodes
// them, and sees that no size, count, run or codec in them makes more than the
// chunk's metadata says. Of what is stored without a codec it reads the headers,
// the levels and the counts, a few kilobytes a page.
type pageCheck struct {
	at, end int64 // what is not checked yet
	file    window
	codec   format.CompressionCodec
	kind    parquet.Kind
	width   int  // of values in plain encoding, bytes; 0: they vary
	maxRep  byte // levels
	maxDef  byte
	holes   bool  // elements of its lists may be null
	values  int64 // that the data pages still have to hold
	pages   int
	dict    bool // a dictionary was seen
	unpack  unpacker
}

// checkPages checks the pages of one of our columns.
func (f *File) checkPages(leaf parquet.LeafColumn, group parquet.RowGroup) error {
	m := &f.parquet.Metadata().RowGroups[slices.Index(f.parquet.RowGroups(), group)].Columns[leaf.ColumnIndex].MetaData
	p := &pageCheck{
		file: window{r: f.file}, codec: m.Codec, kind: leaf.Node.Type().Kind(), values: m.NumValues,
		maxRep: byte(leaf.MaxRepetitionLevel), maxDef: byte(leaf.MaxDefinitionLevel), holes: leaf.MaxRepetitionLevel > 0 && leaf.Node.Optional(),
	}
	switch p.kind {
	case parquet.Int32:
		p.width = 4
	case parquet.Int64, parquet.Double:
		p.width = 8
	case parquet.FixedLenByteArray:
		p.width = leaf.Node.Type().Length()
	}
	p.at, p.end = chunkRange(m)
	p.file.end = p.end
	for p.at < p.end {
		if err := p.next(); err != nil {
			return fmt.Errorf("page %d at byte %d: %w", p.pages, p.at, err)
		}
		p.pages++
	}
	if p.values != 0 {
		return fmt.Errorf("its pages lack %d of %d values; the file is damaged", p.values, m.NumValues)
	}
	return nil
}

// pageHeader is what of a page's header sizes depend on. The fields of the three
// kinds of page that mean the same have one place.
type pageHeader struct {
	kind                  format.PageType
	size, stored          int64 // of the page, bytes: without and with the codec
	values                int64
	nulls                 int64 // version 2
	encoding              format.Encoding
	repEncoding           format.Encoding // version 1
	defEncoding           format.Encoding
	repLength, defLength  int64 // of the levels, bytes: version 2
	plain                 bool  // the values are stored without the codec: version 2
	hasV1, hasDict, hasV2 bool
}

func (h *pageHeader) set(path uint64, kind byte, n int64) error {
	if kind != thriftI32 && kind != thriftTrue {
		return nil
	}
	switch path {
	case 0x1_01:
		h.kind = format.PageType(n)
	case 0x1_02:
		h.size = n
	case 0x1_03:
		h.stored = n
	}
	// A page has one of the headers; of a page with several parquet-go reads
	// the one of its type.
	switch path >> 8 {
	case 0x1_05:
		h.hasV1 = true
	case 0x1_07:
		h.hasDict = true
	case 0x1_08:
		h.hasV2 = true
	default:
		return nil
	}
	switch path {
	case 0x1_05_01, 0x1_07_01, 0x1_08_01:
		h.values = n
	case 0x1_05_02, 0x1_07_02, 0x1_08_04:
		h.encoding = format.Encoding(n)
	case 0x1_05_03:
		h.defEncoding = format.Encoding(n)
	case 0x1_05_04:
		h.repEncoding = format.Encoding(n)
	case 0x1_08_02:
		h.nulls = n
	case 0x1_08_05:
		h.defLength = n
	case 0x1_08_06:
		h.repLength = n
	case 0x1_08_07:
		h.plain = n == 0
	}
	return nil
}

// header reads the page header at p.at, and moves past it.
func (p *pageCheck) header() (h pageHeader, err error) {
	for length := int64(1 << 12); ; length *= 16 { // long when its statistics are
		left := p.end - p.at
		data, err := p.file.bytes(p.at, min(length, left))
		if err != nil {
			return h, err
		}
		h = pageHeader{}
		n, err := walkThrift(data, h.set)
		if err == errThriftShort && length < left {
			continue
		}
		if err != nil {
			return h, fmt.Errorf("damaged header: %w", err)
		}
		p.at += int64(n)
		return h, nil
	}
}

// next checks the page at p.at, and moves past it.
func (p *pageCheck) next() error {
	h, err := p.header()
	if err != nil {
		return err
	}
	one := h.hasV1 != h.hasDict != h.hasV2 && !(h.hasV1 && h.hasDict)
	switch {
	case h.stored < 0 || h.stored > p.end-p.at:
		return fmt.Errorf("%d bytes of the %d left; the file is damaged", h.stored, p.end-p.at)
	case h.size < 0 || h.size > maxPage:
		return fmt.Errorf("%d bytes uncompressed, over the limit of %d", h.size, maxPage)
	case p.codec == format.Uncompressed && h.size != h.stored:
		return fmt.Errorf("%d bytes that should be %d; the file is damaged", h.stored, h.size)
	case h.values < 0 || !one:
		return errors.New("damaged header")
	}
	body := pageBody{p: p, at: p.at, end: p.at + h.stored}
	p.at = body.end
	switch {
	case h.kind == format.DictionaryPage && h.hasDict && p.pages == 0:
		p.dict = true
		if err := body.decompress(h.size); err != nil {
			return err
		}
		return p.checkDictionary(h)
	case h.kind == format.DataPage && h.hasV1, h.kind == format.DataPageV2 && h.hasV2:
		if h.values > p.values {
			return fmt.Errorf("%d values where %d are left; the file is damaged", h.values, p.values)
		}
		p.values -= h.values
		return p.checkData(h, &body)
	}
	return fmt.Errorf("a %v that should not be here; the file is damaged", h.kind)
}

// checkDictionary checks that the page can hold as many words as it claims.
func (p *pageCheck) checkDictionary(h pageHeader) error {
	word := p.width
	switch p.kind {
	case parquet.ByteArray:
		word = 4 // its length
	case parquet.Boolean:
		return errors.New("a dictionary of booleans")
	}
	switch {
	case h.encoding != format.Plain && h.encoding != format.PlainDictionary:
		return fmt.Errorf("a dictionary encoded as %v", h.encoding)
	case h.values*int64(word) > h.size:
		return fmt.Errorf("a dictionary of %d words in %d bytes; the file is damaged", h.values, h.size)
	}
	return nil
}

// checkData checks a data page: its levels, and how many values it stores.
func (p *pageCheck) checkData(h pageHeader, body *pageBody) error {
	v2 := h.kind == format.DataPageV2
	rep, def := h.repLength, h.defLength
	switch {
	case v2 && (rep < 0 || def < 0 || rep > h.stored || def > h.stored-rep || rep+def > h.size):
		return errors.New("levels longer than the page; the file is damaged")
	case v2 && (p.maxRep == 0 && rep > 0 || p.maxRep > 0 && rep == 0 || p.maxDef == 0 && def > 0 || p.maxDef > 0 && def == 0) && h.values > 0:
		return errors.New("levels do not fit the schema; the file is damaged")
	case !v2 && (p.maxRep > 0 && h.repEncoding != format.RLE || p.maxDef > 0 && h.defEncoding != format.RLE):
		return errors.New("levels encoded otherwise than as RLE, which is not read")
	}
	if !v2 {
		if err := body.decompress(h.size); err != nil {
			return err
		}
	}
	if _, err := p.checkLevels(h, body, p.maxRep, rep); err != nil {
		return fmt.Errorf("repetition levels: %w", err)
	}
	stored, err := p.checkLevels(h, body, p.maxDef, def)
	if err != nil {
		return fmt.Errorf("definition levels: %w", err)
	}
	if v2 {
		if h.values-h.nulls != stored {
			return fmt.Errorf("%d nulls of %d values, %d by the levels; the file is damaged", h.nulls, h.values, h.values-stored)
		}
		if !h.plain {
			if err := body.decompress(h.size - rep - def); err != nil {
				return err
			}
		}
	}
	return p.checkValues(h.encoding, body, stored)
}

// checkLevels checks the levels that body begins with, moves past them, and
// gives the number that are the highest: for definition levels, of stored values.
func (p *pageCheck) checkLevels(h pageHeader, body *pageBody, highest byte, length int64) (int64, error) {
	if highest == 0 {
		return h.values, nil
	}
	if h.kind == format.DataPage { // the length stands before them
		prefix, err := body.take(4)
		if err != nil {
			return 0, err
		}
		length = int64(binary.LittleEndian.Uint32(prefix))
	}
	data, err := body.take(length)
	if err != nil {
		return 0, err
	}
	width := uint(mathbits.Len8(highest))
	if p.holes && highest == p.maxDef && highest > 1 {
		if n, _ := countRuns(data, width, h.values, highest-1); n > 0 {
			return 0, fmt.Errorf("%d nulls inside of lists, where metron knows none", n)
		}
	}
	return countRuns(data, width, h.values, highest)
}

// checkValues checks that the rest of body makes as many values as are stored.
func (p *pageCheck) checkValues(e format.Encoding, body *pageBody, stored int64) error {
	left := body.left()
	switch e {
	case format.Plain, format.ByteStreamSplit:
		if p.kind == parquet.Boolean && left < (stored+7)/8 || left < stored*int64(p.width) {
			return fmt.Errorf("%d values in %d bytes; the file is damaged", stored, left)
		}
		return nil
	case format.DeltaBinaryPacked, format.DeltaLengthByteArray:
		data, err := body.peek(min(left, 3*binary.MaxVarintLen64))
		if err != nil {
			return err
		}
		return checkDelta(data, stored)
	case format.RLEDictionary, format.PlainDictionary:
		if !p.dict {
			return errors.New("words of a dictionary that is not there; the file is damaged")
		}
		if left == 0 {
			return checkCount(0, stored)
		}
		data, err := body.take(left)
		if err != nil {
			return err
		}
		if data[0] > 32 {
			return fmt.Errorf("words of %d bits; the file is damaged", data[0])
		}
		_, err = countRuns(data[1:], uint(data[0]), stored, 0)
		return err
	case format.RLE:
		data, err := body.take(left)
		if err != nil {
			return err
		}
		if p.kind != parquet.Boolean || left < 4 || int64(binary.LittleEndian.Uint32(data)) > left-4 {
			return errors.New("damaged run-length encoding")
		}
		_, err = countRuns(data[4:][:binary.LittleEndian.Uint32(data)], 1, stored, 0)
		return err
	}
	return fmt.Errorf("values encoded as %v, which is not read", e)
}

// checkDelta checks the head of delta-encoded numbers.
func checkDelta(data []byte, stored int64) error {
	var head [3]uint64 // block size, mini-blocks, values
	for i := range head {
		n := 0
		if head[i], n = binary.Uvarint(data); n <= 0 {
			return errors.New("damaged delta encoding")
		}
		data = data[n:]
	}
	return checkCount(head[2], stored)
}

func checkCount(got uint64, want int64) error {
	if got != uint64(want) {
		return fmt.Errorf("%d values where %d should be; the file is damaged", got, want)
	}
	return nil
}

// window reads pieces of a file, a few kilobytes at once.
type window struct {
	r    io.ReaderAt
	end  int64 // where reading must stop
	at   int64
	data []byte
}

// bytes gives the n bytes at an offset, valid until the next call.
func (w *window) bytes(at, n int64) ([]byte, error) {
	if at < w.at || at+n > w.at+int64(len(w.data)) {
		length := min(max(n, 1<<12), w.end-at)
		if n > length {
			return nil, io.ErrUnexpectedEOF
		}
		if int64(cap(w.data)) < length {
			w.data = make([]byte, length)
		}
		w.at, w.data = at, w.data[:length]
		if _, err := w.r.ReadAt(w.data, at); err != nil {
			w.data = w.data[:0]
			return nil, err
		}
	}
	return w.data[at-w.at:][:n], nil
}
