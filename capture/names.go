package capture

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// names replaces what would say who somebody is or what was said: by a keyed hash
// that is the same throughout a capture and means nothing outside it, since the
// key is drawn anew for each and never written.
type names struct {
	key []byte
	id  string // names the key, and is drawn apart from it
}

func newNames() names {
	drawn := make([]byte, 40)
	rand.Read(drawn) // never fails
	return names{key: drawn[:32], id: hex.EncodeToString(drawn[32:])}
}

// sum is the keyed hash of a text of a sort; one text has another in each sort.
func (n names) sum(sort, text string) []byte {
	m := hmac.New(sha256.New, n.key)
	m.Write([]byte(sort + "\x00" + text))
	return m.Sum(nil)
}

// of is the name that stands for a text of a sort.
func (n names) of(sort, text string) string { return hex.EncodeToString(n.sum(sort, text)[:8]) }
