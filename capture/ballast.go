package capture

// ballastBytes is memory that is taken and never touched, so that no page of it is ever
// resident. The collector runs when the heap has doubled: a proxy's own is so small that
// its recorder alone makes it do so every two seconds, and where cores are few the tokens
// that pass meanwhile wait. With the ballast it runs after so many bytes more at least.
//
// Note: GOGC would do the same for few streams, and let the heap of ten thousand grow to
// many times what they need.
const ballastBytes = 64 << 20

// ballast is to be kept alive for as long as traffic passes.
func ballast() []byte { return make([]byte, ballastBytes) }
