//go:build !race

package upstream

// raceDetector makes tests an order slower.
const raceDetector = false
