package capture

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// names replaces what would say who somebody is: by a keyed hash that is the
// same throughout a capture and means nothing outside it, since the key is drawn
// anew for each and never written.
type names struct{ key []byte }

func newNames() names {
	n := names{make([]byte, 32)}
	rand.Read(n.key)
	return n
}

// of is the name that stands for a text of a sort; one text has another name in
// each sort.
func (n names) of(sort, text string) string {
	m := hmac.New(sha256.New, n.key)
	m.Write([]byte(sort + "\x00" + text))
	return hex.EncodeToString(m.Sum(nil)[:8])
}
