package schema

import "github.com/google/uuid"

// Version is the schema version that this program writes, major.minor. A
// reader ignores the unknown columns of a newer minor version and refuses a
// newer major one.
const Version = "1.0"

// Record is one request: one row of a trace or a run.
//
// Times are int64 microseconds after StartTime unless they say otherwise. A
// nil pointer, an empty string, a zero UUID or an empty list means that the value is
// unknown or does not apply; never zero. Columns whose Go type is a plain
// number, string without "optional" or bool are always filled.
type Record struct {
	// Identity.

	RecordID       uuid.UUID `parquet:"record_id,uuid"`
	SourceRecordID uuid.UUID `parquet:"source_record_id,optional,uuid"` // the row that was replayed
	Loop           *int64    `parquet:"loop,optional"`
	SessionID      string    `parquet:"session_id,optional,dict,zstd"`
	Turn           *int64    `parquet:"turn,optional"`
	ParentRecordID uuid.UUID `parquet:"parent_record_id,optional,uuid"`
	ThinkTime      *int64    `parquet:"think_time,optional"`                     // us between the parent's end and this request
	Tenant         string    `parquet:"tenant,optional,dict,zstd"`               // keyed hash of the credential
	SampleRate     *float64  `parquet:"sample_rate,optional"`                    // share of the traffic that was recorded
	Phase          string    `parquet:"phase,dict,zstd"`                         // PhaseWarmup, PhaseMeasure, PhaseCooldown
	Target         string    `parquet:"target,optional,dict,zstd"`               // replay: scheme://host:port it was sent to
	StartTime      int64     `parquet:"start_time,timestamp(microsecond),delta"` // us since the Unix epoch, UTC

	// Request.

	API                  string   `parquet:"api,dict,zstd"` // API* constants
	Method               string   `parquet:"method,dict,zstd"`
	Path                 string   `parquet:"path,dict,zstd"`
	RequestModel         string   `parquet:"request_model,optional,dict,zstd"`
	Stream               bool     `parquet:"stream"`
	ChoiceCount          int64    `parquet:"choice_count"`
	MaxTokens            *int64   `parquet:"max_tokens,optional"`
	MinTokens            *int64   `parquet:"min_tokens,optional"`
	IgnoreEOS            *bool    `parquet:"ignore_eos,optional"`
	Temperature          *float64 `parquet:"temperature,optional"`
	TopP                 *float64 `parquet:"top_p,optional"`
	TopK                 *int64   `parquet:"top_k,optional"`
	Seed                 *int64   `parquet:"seed,optional"`
	ResponseFormat       string   `parquet:"response_format,optional,dict,zstd"`
	ToolCount            int64    `parquet:"tool_count"`
	ImageCount           int64    `parquet:"image_count"`
	RequestBytes         int64    `parquet:"request_bytes"`
	ExpectedOutputTokens *int64   `parquet:"expected_output_tokens,optional"` // replay: the recorded length

	// Tokens as reported.

	InputTokens       *int64 `parquet:"input_tokens,optional"`
	CachedInputTokens *int64 `parquet:"cached_input_tokens,optional"`
	OutputTokens      *int64 `parquet:"output_tokens,optional"`
	ReasoningTokens   *int64 `parquet:"reasoning_tokens,optional"`
	TokenSource       string `parquet:"token_source,dict,zstd"` // TokenSource* constants: how sure the counts are

	// Prefix.

	BlockHashes []int64 `parquet:"block_hashes,list"`
	BlockSize   *int64  `parquet:"block_size,optional"`
	BlockUnit   string  `parquet:"block_unit,optional,dict,zstd"` // "tokens" or "bytes"

	// Times.

	Ready            *int64 `parquet:"ready,optional"`      // dependency met
	Dispatched       *int64 `parquet:"dispatched,optional"` // actual send began
	Connected        *int64 `parquet:"connected,optional"`
	ConnectionReused *bool  `parquet:"connection_reused,optional"`
	Wrote            *int64 `parquet:"wrote,optional"`        // request handed to the kernel
	Headers          *int64 `parquet:"headers,optional"`      // response head read
	End              *int64 `parquet:"end,optional"`          // body ended, however it ended
	ClientStall      *int64 `parquet:"client_stall,optional"` // capture: us spent waiting for the client to read
	ClientAbort      *int64 `parquet:"client_abort,optional"` // when the client left

	// Chunks: one entry an event, all lists of one length or empty. A codec
	// takes nothing off times, but half of what repeats from row to row.

	ChunkTime   []int64 `parquet:"chunk_time,list" parquet-element:",delta"`
	ChunkKind   []int8  `parquet:"chunk_kind,list" parquet-element:",dict,zstd"`   // Kind* constants
	ChunkTokens []int32 `parquet:"chunk_tokens,list" parquet-element:",dict,zstd"` // empty: unknown
	ChunkChoice []int16 `parquet:"chunk_choice,list" parquet-element:",dict"`      // empty: choice_count is 1
	ChunkRead   []int32 `parquet:"chunk_read,list" parquet-element:",delta,zstd"`  // number of the socket read that completed the event
	ChunkBytes  []int32 `parquet:"chunk_bytes,list" parquet-element:",delta"`      // content mode only

	// Outcome.

	Outcome       string   `parquet:"outcome,dict,zstd"` // Outcome* constants
	ErrorType     string   `parquet:"error_type,optional,dict,zstd"`
	ErrorMessage  string   `parquet:"error_message,optional,dict,zstd"`
	HTTPStatus    *int64   `parquet:"http_status,optional"`
	Overload      string   `parquet:"overload,optional,dict,zstd"` // queued, shed or aborted
	FinishReasons []string `parquet:"finish_reasons,list" parquet-element:",dict,zstd"`
	ResponseID    string   `parquet:"response_id,optional,zstd"`
	ResponseModel string   `parquet:"response_model,optional,dict,zstd"`
	ResponseBytes *int64   `parquet:"response_bytes,optional"`
	Recorded      string   `parquet:"recorded,dict,zstd"`           // Recorded* constants: what this row kept
	ServerMetrics string   `parquet:"server_metrics,optional,zstd"` // JSON

	// Content, under --privacy content only.

	RequestHeaders string `parquet:"request_headers,optional,zstd"` // JSON object of the allowed headers
	RequestBody    []byte `parquet:"request_body,optional,zstd"`
	ResponseBody   []byte `parquet:"response_body,optional,zstd"`
}

// Phases of a run.
const (
	PhaseWarmup   = "warmup"
	PhaseMeasure  = "measure"
	PhaseCooldown = "cooldown"
)

// Outcomes of a request; each row has exactly one.
const (
	OutcomeOK             = "ok"              // a terminal event was seen
	OutcomeTruncated      = "truncated"       // the body ended without one
	OutcomeStreamError    = "stream_error"    // an error event after status 200
	OutcomeHTTPError      = "http_error"      // status >= 400
	OutcomeTransportError = "transport_error" // dial, TLS or reset before the body ended
	OutcomeTimeout        = "timeout"         // our own deadline
	OutcomeClientAbort    = "client_abort"    // the client left
	OutcomeNotSent        = "not_sent"        // due and never sent
	OutcomeUnknown        = "unknown"         // in flight at a crash
)

// Outcomes lists every outcome, in the order tables print them.
func Outcomes() []string {
	return []string{OutcomeOK, OutcomeTruncated, OutcomeStreamError, OutcomeHTTPError, OutcomeTransportError,
		OutcomeTimeout, OutcomeClientAbort, OutcomeNotSent, OutcomeUnknown}
}

// Names of the APIs that a row can speak.
const (
	APIChat        = "openai.chat"
	APICompletions = "openai.completions"
	APIOther       = "other"
)

// Kinds of a chunk. An event that is several takes the lowest.
const (
	KindContent   int8 = 0
	KindReasoning int8 = 1
	KindTool      int8 = 2
	KindRefusal   int8 = 3
	KindRole      int8 = 4
	KindFinish    int8 = 5
	KindUsage     int8 = 6
	KindPing      int8 = 7
	KindError     int8 = 8
	KindDone      int8 = 9
	KindOther     int8 = 10
)

// Kinds lists the names of the chunk kinds, indexed by their code.
func Kinds() []string {
	return []string{"content", "reasoning", "tool", "refusal", "role", "finish", "usage", "ping", "error", "done", "other"}
}

// Sources of the token counts, the surest first.
const (
	TokenSourceUsage     = "usage"
	TokenSourceTokenIDs  = "token_ids"
	TokenSourceLogprobs  = "logprobs"
	TokenSourceTokenizer = "tokenizer"
	TokenSourceChunks    = "chunks"
	TokenSourceTrace     = "trace"
)

// What a row kept of its content.
const (
	RecordedContent = "content"
	RecordedHash    = "hash"
	RecordedLengths = "lengths"
)
