package capacity

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"metron/recipe/capacity/search"
	"metron/schema"
)

// stamp is what a run was made for, in its footer under "capacity".
type stamp struct {
	Build    string `json:"build"`
	Workload string `json:"workload"`

	// Key is a digest of all that decides what a run of the build and the workload
	// shows, beside the fields below.
	Key string `json:"key"`

	Rate      float64 `json:"rate"`
	Requests  int     `json:"requests"`
	WarmupS   float64 `json:"warmup_s"`
	CooldownS float64 `json:"cooldown_s"`
	Seed      uint64  `json:"seed"`

	Stopped string `json:"stopped,omitempty"` // why, before all was sent
}

// Reasons of stamp.Stopped.
const (
	hopeless    = "hopeless"    // its queue only grew
	interrupted = "interrupted" // by the person
)

func (r stamp) plan() search.Plan {
	return search.Plan{Rate: r.Rate, Requests: r.Requests, WarmupS: r.WarmupS, CooldownS: r.CooldownS, Seed: r.Seed}
}

func (r stamp) durationS() float64 { return r.plan().DurationS() }

// name is the run's file's, without the folder.
func (r stamp) name() string {
	return fmt.Sprintf("%s-%s-%s-%s-%d.parquet", fileName(r.Build), fileName(r.Workload), r.Key[:8], number(r.Rate), r.Seed)
}

// fileName leaves of a text what every file system takes.
func fileName(text string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._", c) {
			return c
		}
		return '-'
	}, strings.TrimSuffix(text, ".parquet"))
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// footer is the configuration of a run, the settings of its replay and the stamp.
func (r stamp) footer(settings map[string]any) json.RawMessage {
	settings["capacity"] = r
	text, _ := json.Marshal(settings) // of what is plain data
	return text
}

// stampOf is what a file says it was made for; false of other runs.
func stampOf(m schema.Meta) (stamp, bool) {
	var config struct {
		Capacity *stamp `json:"capacity"`
	}
	if json.Unmarshal(m.Config, &config) != nil || config.Capacity == nil {
		return stamp{}, false
	}
	return *config.Capacity, true
}

// complete reports whether a run ended as it was to.
func (r stamp) complete(m schema.Meta) bool {
	return r.Stopped == hopeless || r.Stopped == "" && m.Counters["recovered"] == 0 && m.Counters["planned"] == m.Counters["sent"]
}

// keyOf is the Key of runs: what is sent and how, as the footer has it (which is without
// a secret), without what does not change the answers' times or is a field of the stamp.
func keyOf(build, workload string, settings map[string]any, headers map[string][]string) (string, error) {
	settings = maps.Clone(settings)
	for _, name := range []string{"target", "speed", "rate", "loop", "limit", "warmup", "cooldown", "prompt_seed", "prompts_learned", "grace", "start_at", "stop_on_errors"} {
		delete(settings, name)
	}
	text, err := json.Marshal(map[string]any{"build": build, "workload": workload, "settings": settings, "headers": headers})
	return fmt.Sprintf("%x", sha256.Sum256(text)), err
}
