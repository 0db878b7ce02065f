package trace

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/google/uuid"

	"metron/internal/wire"
)

// key makes names that only one who has it could make again.
type key [32]byte

// sum is the keyed hash of a thing of one sort; sorts never meet.
func (k *key) sum(sort string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, k[:])
	h.Write([]byte(sort + "\x00"))
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

// id replaces a record_id wherever it stands; none stays none.
func (k *key) id(id uuid.UUID) uuid.UUID {
	if id == (uuid.UUID{}) {
		return id
	}
	return idOf(k.sum("record", id[:]))
}

// word replaces a text; none stays none.
func (k *key) word(sort, text string) string {
	if text == "" {
		return ""
	}
	return hex.EncodeToString(k.sum(sort, []byte(text))[:8])
}

// name does with a text what was asked.
func (k *key) name(what, sort, text string) string {
	switch what {
	case Keep:
		return text
	case Rehash:
		return k.word(sort, text)
	}
	return ""
}

// rehash replaces the hash of a block.
func (k *key) rehash(hash int64) int64 {
	sum := k.sum("block", binary.BigEndian.AppendUint64(nil, uint64(hash)))
	return int64(binary.BigEndian.Uint64(sum))
}

// promptBlock is the size of the blocks that prompts are hashed by, bytes: about
// the 16 tokens that servers cache by.
const promptBlock = 64

// hashPrompt hashes the prompt of a request body, block by block, each with all
// before it, so that prompts share as many hashes as they have first blocks in
// common. A last block that is not full has none. nil: the body is none of JSON
// with a prompt, or a short one.
func (k *key) hashPrompt(body []byte) []int64 {
	var hashes []int64
	before := []byte{}
	for text := wire.PromptText(body); len(text) >= promptBlock; text = text[promptBlock:] {
		before = k.sum("prompt", before, text[:promptBlock])
		hashes = append(hashes, int64(binary.BigEndian.Uint64(before)))
	}
	return hashes
}
