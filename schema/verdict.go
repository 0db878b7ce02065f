package schema

// Statuses of a verdict.
const (
	VerdictValid   = "VALID"
	VerdictSuspect = "SUSPECT"
	VerdictInvalid = "INVALID"
)

// Verdicts lists the statuses of a verdict, the best first.
func Verdicts() []string { return []string{VerdictValid, VerdictSuspect, VerdictInvalid} }

// Verdict says whether a run's timing describes its target.
type Verdict struct {
	Status  string   `json:"status"` // VALID, SUSPECT or INVALID
	Reasons []string `json:"reasons,omitempty"`
	// Send lag, us: from the scheduled send to the request handed to the kernel.
	SendLagP50US int64 `json:"send_lag_p50_us"`
	SendLagP99US int64 `json:"send_lag_p99_us"`
	SendLagMaxUS int64 `json:"send_lag_max_us"`
	// DriftUS is how much the send lag grew from the first send to the last one;
	// nil of too few requests to tell, as of runs that older programs wrote.
	DriftUS *int64 `json:"drift_us,omitempty"`
	// Timer is how moments of sends were waited for: precise or cheap; "" in older runs.
	Timer string `json:"timer,omitempty"`

	Whole *Sender  `json:"whole,omitempty"`  // of the run
	StepS int64    `json:"step_s,omitempty"` // length of each of Steps
	Steps []Sender `json:"steps,omitempty"`  // from the beginning of the schedule on; few, however long the run was
}

// Sender is how the sending side of a run did, over the whole or a step of it. A
// request and all that became of it belong to the step in which it was due.
type Sender struct {
	Requests         int64   `json:"requests"` // that were written to a connection
	SendLag          *Spread `json:"send_lag,omitempty"`
	GapError         *Spread `json:"gap_error,omitempty"`         // from a send to the next, less what was planned, either way
	Late             int64   `json:"late,omitempty"`              // sent more than 1 ms after they were due
	Shed             int64   `json:"shed,omitempty"`              // due, and never sent
	NewConnections   int64   `json:"new_connections,omitempty"`   // that requests had to wait for
	Chunks           int64   `json:"chunks,omitempty"`            // that carry tokens
	CoalescedChunks  int64   `json:"coalesced_chunks,omitempty"`  // of them, out of a socket read with another
	LengthMismatches int64   `json:"length_mismatches,omitempty"` // answers not as long as the recorded ones
	CPUCores         float64 `json:"cpu_cores,omitempty"`         // that the process kept busy; 0: unknown
	SchedLatency     *Spread `json:"sched_latency,omitempty"`     // of the process: goroutines that could run, until they did
	GCPauses         int64   `json:"gc_pauses,omitempty"`         // of the process
	GCPauseMaxUS     int64   `json:"gc_pause_max_us,omitempty"`
}

// Spread is what a reader needs of a distribution, us.
type Spread struct {
	P50US int64 `json:"p50_us"`
	P99US int64 `json:"p99_us"`
	MaxUS int64 `json:"max_us"`
}
