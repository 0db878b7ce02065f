package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"metron/schema"
)

// TestSessionsStayApart: whatever the files call them, a session has each turn
// once, and every turn follows the one before it.
func TestSessionsStayApart(t *testing.T) {
	const agents = `{"id":"a","block_size":64,"requests":[{"t":0,"in":1,"out":1},{"t":1,"type":"subagent","agent_id":"x","requests":[{"t":1,"in":1,"out":1}]},` +
		`{"t":2,"type":"subagent","agent_id":"x","requests":[{"t":2,"in":1,"out":1},{"t":3,"in":1,"out":1}]}]}`
	const chat = `{"id":"a","conversations":[{"from":"human","value":"x"},{"from":"gpt","value":"y"},{"from":"human","value":"x"},{"from":"gpt","value":"y"}]}`
	for _, c := range []struct {
		format, text string
		paths        []string
		sessions     int
	}{
		{"mooncake", "", []string{"testdata/mooncake-sessions.jsonl", "testdata/mooncake-sessions.jsonl"}, 4},
		{"sharegpt", "", []string{"testdata/sharegpt.json", "testdata/sharegpt.json"}, 4},
		{"weka", "", []string{"testdata/weka.json", "testdata/weka.json"}, 6},
		{"weka", agents, []string{"-"}, 3},
		{"weka", agents + agents, []string{"-"}, 6},
		{"sharegpt", chat + chat, []string{"-"}, 2},
	} {
		m := importer(t, c.format, c.text)
		m.Paths, m.SessionStarts = c.paths, "zero"
		_, rows := importText(t, m)
		turns := map[string]schema.Record{} // by session and number
		sessions := map[string]bool{}
		for _, r := range rows {
			if r.SessionID == "" {
				continue
			}
			sessions[r.SessionID] = true
			name := fmt.Sprint(r.SessionID, " turn ", *r.Turn)
			if _, again := turns[name]; again {
				t.Errorf("%s %v: %s is there twice", c.format, c.paths, name)
			}
			turns[name] = r
		}
		for name, r := range turns {
			before, ok := turns[fmt.Sprint(r.SessionID, " turn ", *r.Turn-1)]
			if *r.Turn > 0 && (!ok || before.RecordID != r.ParentRecordID) {
				t.Errorf("%s %v: %s does not follow the turn before", c.format, c.paths, name)
			}
		}
		if len(sessions) != c.sessions {
			t.Errorf("%s %v: %d sessions, want %d: %v", c.format, c.paths, len(sessions), c.sessions, sessions)
		}
	}
}

// TestSessionsOfFiles: names that a tool makes up for a run are another's in another run's
// file; ids of conversations are the same ones in the next file of a service.
func TestSessionsOfFiles(t *testing.T) {
	ids := filepath.Join(t.TempDir(), "ids.jsonl")
	if err := os.WriteFile(ids, []byte(`{"start_time":1,"session_id":"a"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		format, path string
		apart        bool
	}{{"aiperf", "testdata/aiperf.jsonl", true}, {"otel", "testdata/otel.json", false}, {"jsonl", ids, false}} {
		m := importer(t, c.format, "")
		m.Paths = []string{c.path, c.path}
		_, rows := importText(t, m)
		named, second := 0, 0
		for _, r := range rows {
			if r.SessionID != "" {
				named++
			}
			if strings.HasPrefix(r.SessionID, "2/") {
				second++
			}
		}
		if named == 0 || c.apart && 2*second != named || !c.apart && second > 0 {
			t.Errorf("%s: of %d rows with a session %d are of the second file's own", c.format, named, second)
		}
	}
}

// TestHashScope: ids of one conversation are not those of another, unless the
// trace says that they are.
func TestHashScope(t *testing.T) {
	for scope, same := range map[string]bool{"local": false, "global": true} {
		text := ""
		for _, id := range []string{"a", "b"} {
			text += fmt.Sprintf(`{"id":%q,"block_size":64,"hash_id_scope":%q,"requests":[{"t":0,"in":64,"out":1,"hash_ids":[7]}]}`, id, scope)
		}
		m := importer(t, "weka", text)
		m.SessionStarts = "zero"
		_, rows := importText(t, m)
		if len(rows) != 2 || (rows[0].BlockHashes[0] == rows[1].BlockHashes[0]) != same {
			t.Errorf("%s: %v", scope, rows)
		}
	}
}

// TestDroppedTurns: the turn after one that was dropped follows the one before it.
func TestDroppedTurns(t *testing.T) {
	m := importer(t, "mooncake", strings.Join([]string{
		`{"timestamp":0,"session_id":"a","input_length":5,"output_length":1}`, `{"timestamp":1,"session_id":"a","input_length":5,"output_length":0}`,
		`{"timestamp":2,"session_id":"a","input_length":5,"output_length":0}`, `{"timestamp":3,"session_id":"a","input_length":5,"output_length":2}`}, "\n"))
	m.ZeroLength = DropZero
	if _, rows := importText(t, m); len(rows) != 2 || rows[1].ParentRecordID != rows[0].RecordID || *rows[1].Turn != 3 {
		t.Errorf("%+v", rows)
	}
}
