package schema

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// Vantages: where a file's rows were seen.
const (
	VantageCapture  = "capture"
	VantageReplay   = "replay"
	VantageImport   = "import"
	VantageGenerate = "generate"
)

// Vantages lists every vantage.
func Vantages() []string {
	return []string{VantageCapture, VantageReplay, VantageImport, VantageGenerate}
}

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
	Kept          *Manifest        `json:"kept,omitempty"`          // capture: what was kept of the traffic
	Verdict       *Verdict         `json:"verdict,omitempty"`       // replay: whether the timing can be trusted
	SourceDigest  string           `json:"source_digest,omitempty"` // sha256 of the trace that was replayed or imported
}

// Manifest says what a capture kept of its traffic, so that whoever gets the file
// knows what is in it. What each row kept stands in its column recorded.
type Manifest struct {
	Privacy    string   `json:"privacy"`              // the most that a row keeps: Recorded* constants
	BlockSize  int64    `json:"block_size,omitempty"` // of block_hashes
	BlockUnit  string   `json:"block_unit,omitempty"` // bytes or tokens
	Headers    []string `json:"headers,omitempty"`    // fields of requests that are kept with content
	Tenants    string   `json:"tenants"`              // what stands for a credential
	Sessions   string   `json:"sessions"`             // what stands for the name of a session
	SampleRate float64  `json:"sample_rate"`          // share of the traffic that was recorded
	SampleBy   string   `json:"sample_by,omitempty"`  // session, tenant or request
	Filters    []string `json:"filters,omitempty"`    // what a request had to match
	MaxBody    int64    `json:"max_body"`             // bytes of a body; a row with a longer one kept no content
	MaxMemory  int64    `json:"max_memory"`           // bytes in memory, near which rows kept less
}

// keyPrefix begins the footer keys that Meta is stored under, one a field.
const keyPrefix = "metron."

// keyValues gives the footer entries: strings as they are, the rest as JSON,
// what is empty left out.
func (m Meta) keyValues() map[string]string {
	kv := map[string]string{}
	v := reflect.ValueOf(m)
	for i := range v.NumField() {
		key, field := keyPrefix+metaKey(v.Type().Field(i)), v.Field(i)
		switch {
		case field.IsZero():
		case field.Kind() == reflect.String:
			kv[key] = field.String()
		default:
			text, err := json.Marshal(field.Interface())
			if err != nil {
				panic(fmt.Sprintf("schema: footer key %s: %v", key, err)) // only a caller's malformed Config can
			}
			kv[key] = string(text)
		}
	}
	return kv
}

// metaFrom reads what keyValues wrote; lookup gives a key's value.
func metaFrom(lookup func(key string) (string, bool)) (Meta, error) {
	var m Meta
	v := reflect.ValueOf(&m).Elem()
	for i := range v.NumField() {
		key, field := keyPrefix+metaKey(v.Type().Field(i)), v.Field(i)
		text, ok := lookup(key)
		switch {
		case !ok:
		case field.Kind() == reflect.String:
			field.SetString(text)
		default:
			if err := json.Unmarshal([]byte(text), field.Addr().Interface()); err != nil {
				return m, fmt.Errorf("footer key %s: %w", key, err)
			}
		}
	}
	return m, m.checkVersion()
}

func metaKey(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// checkVersion refuses what this program cannot read.
func (m Meta) checkVersion() error {
	if m.SchemaVersion == "" {
		return fmt.Errorf("not written by metron (no %sschema_version in its footer); `metron import` reads other formats", keyPrefix)
	}
	major, _, _ := strings.Cut(m.SchemaVersion, ".")
	ours, _, _ := strings.Cut(Version, ".")
	got, err := strconv.Atoi(major)
	want, _ := strconv.Atoi(ours)
	switch {
	case err != nil || got < 1:
		return fmt.Errorf("schema version %q is not one", m.SchemaVersion)
	case got > want:
		return fmt.Errorf("schema version %s is newer than %s, which this program reads; update metron", m.SchemaVersion, Version)
	}
	return nil
}

// fill sets what the program itself knows.
func (m Meta) fill() Meta {
	m.SchemaVersion = Version
	if m.Program == "" {
		m.Program = program()
	}
	if m.Host == "" {
		name, _ := os.Hostname()
		m.Host = fmt.Sprintf("%s %s/%s %d cpus", name, runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	}
	return m
}

// perm is the mode of a file: one that keeps content is its owner's alone.
func (m Meta) perm() os.FileMode {
	if m.Privacy == RecordedContent {
		return 0o600
	}
	return 0o644
}

func program() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return "metron " + info.Main.Version
	}
	return "metron (devel)"
}
