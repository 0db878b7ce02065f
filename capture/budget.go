package capture

import "sync/atomic"

// budget bounds the bytes that recording holds: the queue, and what is being put
// together of the requests in flight. As it fills less is kept of a request that
// begins: past a half no content, past three quarters no hashes of the prompt,
// and past the whole no record.
type budget struct {
	limit int64
	held  atomic.Int64
}

// take adds n bytes if there is room, or if they must be held anyway.
func (b *budget) take(n int64, must bool) bool {
	if b.held.Add(n) <= b.limit || must {
		return true
	}
	b.held.Add(-n)
	return false
}

// give takes n bytes off again.
func (b *budget) give(n int64) { b.held.Add(-n) }

func (b *budget) tooFullForContent() bool { return b.held.Load() > b.limit/2 }
func (b *budget) tooFullForHashes() bool  { return b.held.Load() > b.limit/4*3 }
func (b *budget) over() bool              { return b.held.Load() > b.limit }
