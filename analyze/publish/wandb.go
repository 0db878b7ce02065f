package publish

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// wandb writes a run as W&B's client leaves one that had no network: `wandb sync` uploads
// it. Nothing here speaks to W&B.
type wandb struct {
	dir             string
	project, entity string
}

func openWandB(value string, env func(string) string) (Tracker, error) {
	if strings.Contains(value, "://") {
		return nil, errors.New("is a folder, and not a URL: `wandb sync` uploads what is in it")
	}
	return &wandb{value, cmp.Or(env("WANDB_PROJECT"), "metron"), env("WANDB_ENTITY")}, nil
}

// Publish makes a folder for the run, complete or not at all.
func (w *wandb) Publish(_ context.Context, r *Report) (string, error) {
	id := strings.ToLower(rand.Text()[:8])
	name := fmt.Sprintf("offline-run-%s-%s", r.Start.UTC().Format("20060102_150405"), id)
	log, err := w.log(id, r)
	if err != nil {
		return "", fmt.Errorf("wandb: %w", err)
	}
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		return "", fmt.Errorf("wandb: %w", err)
	}
	unfinished, err := os.MkdirTemp(w.dir, ".offline-run-*")
	if err != nil {
		return "", fmt.Errorf("wandb: %w", err)
	}
	defer os.RemoveAll(unfinished)
	path := filepath.Join(w.dir, name)
	err = os.WriteFile(filepath.Join(unfinished, "run-"+id+".wandb"), log, 0o644)
	if err == nil {
		err = os.Chmod(unfinished, 0o755)
	}
	if err == nil {
		err = os.Rename(unfinished, path)
	}
	if err != nil {
		return "", fmt.Errorf("wandb: %w", err)
	}
	return path + ", for `wandb sync`", nil
}

// Numbers of fields of W&B's Record and of what is in it (wandb_internal.proto).
const (
	recordNum, recordSummary, recordRun, recordExit, recordHeader = 1, 3, 17, 18, 21

	headerVersion, versionProducer, versionConsumer = 1, 1, 2
	runID, runEntity, runProject, runConfig         = 1, 2, 3, 4
	runName, runNotes, runStart, timeSeconds        = 8, 9, 17, 1
	update, itemKey, itemJSON                       = 1, 1, 16 // of config and summary
	exitRuntime                                     = 2        // in seconds; exit_code 0 is left out
)

// wandbConsumer is the version of the format's reader that these records ask for.
const wandbConsumer = "0.70.0"

// log is the run's records: who wrote, the run and its configuration, its summary, its end.
func (w *wandb) log(id string, r *Report) ([]byte, error) {
	var config, summary message
	for _, p := range r.Settings {
		if err := config.item(p.Name, p.Value); err != nil {
			return nil, err
		}
	}
	for _, n := range r.Numbers {
		key := n.Metric
		if n.Stat != "" { // a dot would be a level of nesting there
			key += "/" + strings.ReplaceAll(n.Stat, ".", "_")
		}
		if err := summary.item(key, n.Value); err != nil {
			return nil, err
		}
	}
	var version, header, start, run, exit message
	version.text(versionProducer, "metron")
	version.text(versionConsumer, wandbConsumer)
	header.bytes(headerVersion, version)
	start.number(timeSeconds, r.Start.Unix())
	run.text(runID, id)
	run.text(runEntity, w.entity)
	run.text(runProject, w.project)
	run.bytes(runConfig, config)
	run.text(runName, r.Name)
	run.text(runNotes, r.Summary)
	run.bytes(runStart, start)
	exit.number(exitRuntime, int64(r.End.Sub(r.Start).Seconds()))
	out := newRecordLog()
	for i, part := range []struct {
		field protowire.Number
		message
	}{{recordHeader, header}, {recordRun, run}, {recordSummary, summary}, {recordExit, exit}} {
		var record message
		record.number(recordNum, int64(i+1))
		record.bytes(part.field, part.message)
		out.add(record)
	}
	return out.bytes, nil
}

// message is a protobuf message that is being written.
type message []byte

func (m *message) number(field protowire.Number, v int64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), uint64(v))
}

func (m *message) bytes(field protowire.Number, v []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), v)
}

// text leaves an empty one out, as the format does.
func (m *message) text(field protowire.Number, v string) {
	if v != "" {
		m.bytes(field, []byte(v))
	}
}

// item adds one value to a configuration or summary.
func (m *message) item(key string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	var one message
	one.text(itemKey, key)
	one.bytes(itemJSON, text)
	m.bytes(update, one)
	return nil
}
