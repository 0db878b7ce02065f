package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
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
	length  int  // of a fixed number of bytes
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
		file: window{r: f.file}, codec: m.Codec, kind: leaf.Node.Type().Kind(), length: leaf.Node.Type().Length(), values: m.NumValues,
		maxRep: byte(leaf.MaxRepetitionLevel), maxDef: byte(leaf.MaxDefinitionLevel), holes: leaf.MaxRepetitionLevel > 0 && leaf.Node.Optional(),
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

// word is the least that a value takes in plain encoding, bytes; 0 of booleans.
func (p *pageCheck) word() int64 {
	switch p.kind {
	case parquet.Boolean:
		return 0
	case parquet.Int64, parquet.Double:
		return 8
	case parquet.FixedLenByteArray:
		return int64(p.length)
	}
	return 4 // numbers, or the length of a text
}

// next checks the page at p.at, and moves past it.
func (p *pageCheck) next() error {
	h, err := p.header()
	if err != nil {
		return err
	}
	switch {
	case h.stored < 0 || h.stored > p.end-p.at:
		return fmt.Errorf("%d bytes of the %d left; the file is damaged", h.stored, p.end-p.at)
	case h.size < 0 || h.size > maxPage:
		return fmt.Errorf("%d bytes uncompressed, over the limit of %d", h.size, maxPage)
	case p.codec == format.Uncompressed && h.size != h.stored:
		return fmt.Errorf("%d bytes that should be %d; the file is damaged", h.stored, h.size)
	case h.values < 0:
		return errors.New("damaged header")
	}
	body := pageBody{p: p, at: p.at, end: p.at + h.stored}
	p.at = body.end
	switch {
	case h.kind == format.DictionaryPage && h.parts == 1<<7 && p.pages == 0:
		p.dict = true
		if err := body.decompress(h.size); err != nil {
			return err
		}
		return p.checkDictionary(h)
	case h.kind == format.DataPage && h.parts == 1<<5, h.kind == format.DataPageV2 && h.parts == 1<<8:
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
	switch {
	case p.kind == parquet.Boolean:
		return errors.New("a dictionary of booleans")
	//lint:ignore SA1019 older writers still name the encoding so, and their files must read
	case h.encoding != format.Plain && h.encoding != format.PlainDictionary:
		return fmt.Errorf("a dictionary encoded as %v", h.encoding)
	case h.values > h.size/p.word():
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
