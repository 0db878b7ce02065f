//go:build race

package capture

// raceDetector makes tests an order slower.
const raceDetector = true
