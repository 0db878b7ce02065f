package capture

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// chain hashes a text piece by piece, each with all before it, so that texts share
// as many hashes as they have first pieces in common.
type chain struct {
	mac    hash.Hash
	sort   string
	before []byte
}

// chain begins one; what stands behind sort keeps it apart from others.
func (n names) chain(sort string) *chain {
	return &chain{mac: hmac.New(sha256.New, n.key), sort: sort + "\x00", before: make([]byte, 0, sha256.Size)}
}

// next takes a piece and gives its hash.
func (c *chain) next(piece []byte) int64 {
	c.mac.Reset()
	c.mac.Write([]byte(c.sort))
	c.mac.Write(c.before)
	c.mac.Write(piece)
	c.before = c.mac.Sum(c.before[:0])
	return int64(binary.BigEndian.Uint64(c.before))
}

// hashBlocks hashes a prompt by blocks of bytes. A last block that is not full has
// no hash: what follows it in the next turn changes it.
func (n names) hashBlocks(prompt []byte, size int) (hashes []int64) {
	for c := n.chain("block"); len(prompt) >= size; prompt = prompt[size:] {
		hashes = append(hashes, c.next(prompt[:size]))
	}
	return hashes
}

// hashTokens hashes a prompt by blocks of tokens.
func (n names) hashTokens(prompt []byte, size int, encode func(string) []int) (hashes []int64) {
	ids := encode(string(prompt))
	block := make([]byte, 0, 4*size)
	for c := n.chain("tokens"); len(ids) >= size; ids = ids[size:] {
		block = block[:0]
		for _, id := range ids[:size] {
			block = binary.BigEndian.AppendUint32(block, uint32(id))
		}
		hashes = append(hashes, c.next(block))
	}
	return hashes
}

// maxLines bounds the lines of a prompt by which a later one is known.
const maxLines = 1 << 14

// hashLines hashes a prompt by its lines, which are its messages; a last one
// without an end counts. More than maxLines make one of the rest.
func (n names) hashLines(prompt []byte, apart string) (hashes []int64) {
	c := n.chain("line\x00" + apart)
	for len(prompt) > 0 {
		end := bytes.IndexByte(prompt, '\n')
		line := prompt
		if end >= 0 && len(hashes) < maxLines {
			line = prompt[:end]
			prompt = prompt[end+1:]
		} else {
			prompt = nil
		}
		hashes = append(hashes, c.next(line))
	}
	return hashes
}
