// Package publish sends what an analysis found to a tracker of experiments: MLflow,
// W&B, or whatever takes OpenTelemetry metrics. A new tracker is one file and one line in kinds.
//
// Open reads what --publish says and checks all that can be checked without a network.
// Start with Report, which is all that a tracker sees: nothing of a request or a prompt.
package publish
