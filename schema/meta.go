package schema

import "encoding/json"

// Vantages: where a file's rows were seen.
const (
	VantageCapture  = "capture"
	VantageReplay   = "replay"
	VantageImport   = "import"
	VantageGenerate = "generate"
)

// Meta is the footer of a file: what the rows do not say themselves.
type Meta struct {
	SchemaVersion string           `json:"schema_version"`
	Program       string           `json:"program"`                 // name and version that wrote the file
	Vantage       string           `json:"vantage"`                 // Vantage* constants
	TimeZero      int64            `json:"time_zero"`               // us since the Unix epoch that start times grow from
	Clock         string           `json:"clock,omitempty"`         // how times were taken
	Host          string           `json:"host,omitempty"`          // machine, OS, CPUs
	Config        json.RawMessage  `json:"config,omitempty"`        // flags, without secrets
	Privacy       string           `json:"privacy,omitempty"`       // Recorded* constants
	KeyID         string           `json:"key_id,omitempty"`        // names the key of keyed hashes, never the key
	Counters      map[string]int64 `json:"counters,omitempty"`      // seen, recorded, dropped and why
	Verdict       *Verdict         `json:"verdict,omitempty"`       // replay: whether the timing can be trusted
	SourceDigest  string           `json:"source_digest,omitempty"` // sha256 of the trace that was replayed or imported
}

// Verdict says whether a run's timing describes its target.
type Verdict struct {
	Status  string   `json:"status"` // VALID, SUSPECT or INVALID
	Reasons []string `json:"reasons,omitempty"`
	// Send lag, us: from the scheduled send to the request handed to the kernel.
	SendLagP50US int64 `json:"send_lag_p50_us"`
	SendLagP99US int64 `json:"send_lag_p99_us"`
	SendLagMaxUS int64 `json:"send_lag_max_us"`
}
