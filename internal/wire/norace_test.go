//go:build !race

package wire

// raceDetector says that the test runs some ten times slower.
const raceDetector = false
