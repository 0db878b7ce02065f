package publish

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// readLog reads records by the description of LevelDB's log, as far as it is sound.
func readLog(data []byte) (records [][]byte, err error) {
	if !bytes.HasPrefix(data, []byte(":W&B\xe1\xbe\x00")) {
		return nil, fmt.Errorf("begins with %q", data[:min(len(data), 7)])
	}
	var record []byte
	for at := 7; at < len(data); {
		if room := logBlock - at%logBlock; room < 7 {
			at += room
			continue
		}
		sum, n, place := binary.LittleEndian.Uint32(data[at:]), int(binary.LittleEndian.Uint16(data[at+4:])), data[at+6]
		part := data[at+7 : at+7+n]
		if crc32.ChecksumIEEE(append([]byte{place}, part...)) != sum || at/logBlock != (at+6+n)/logBlock {
			return nil, fmt.Errorf("part of %d at %d: checksum, or over the end of its block", n, at)
		}
		if begins := place == partWhole || place == partFirst; begins != (record == nil) {
			return nil, fmt.Errorf("part at %d: place %d", at, place)
		}
		record = append(append([]byte{}, record...), part...)
		if place == partWhole || place == partLast {
			records, record = append(records, record), nil
		}
		at += 7 + n
	}
	return records, nil
}

// TestRecordLog sweeps records over the ends of blocks.
func TestRecordLog(t *testing.T) {
	for _, size := range []int{0, 1, logBlock - 21, logBlock - 15, logBlock - 14, logBlock - 13, logBlock - 7, logBlock, 3 * logBlock} {
		for second := range 16 {
			l := newRecordLog()
			want := [][]byte{bytes.Repeat([]byte{'a'}, size), bytes.Repeat([]byte{'b'}, second), []byte("end")}
			for _, r := range want {
				l.add(r)
			}
			got, err := readLog(l.bytes)
			if err != nil || len(got) != 3 || !bytes.Equal(bytes.Join(got, []byte("|")), bytes.Join(want, []byte("|"))) {
				t.Fatalf("records of %d and %d bytes: %d of them, %v", size, second, len(got), err)
			}
		}
	}
}

// fields are those of a message; of one that is there twice both.
func fields(t *testing.T, m []byte) map[protowire.Number][]string {
	out := map[protowire.Number][]string{}
	for len(m) > 0 {
		field, kind, n := protowire.ConsumeTag(m)
		m = m[max(n, 0):]
		var value string
		switch kind {
		case protowire.VarintType:
			var v uint64
			v, n = protowire.ConsumeVarint(m)
			value = fmt.Sprint(v)
		case protowire.BytesType:
			var v []byte
			v, n = protowire.ConsumeBytes(m)
			value = string(v)
		default:
			n = -1
		}
		if n < 0 {
			t.Fatalf("no message: %v", protowire.ParseError(n))
		}
		m = m[n:]
		out[field] = append(out[field], value)
	}
	return out
}

func TestWandB(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	w, err := Open("wandb-offline="+dir, env("WANDB_ENTITY", "team"))
	if err != nil {
		t.Fatal(err)
	}
	where, err := w.Publish(t.Context(), report(4, 2))
	if err != nil {
		t.Fatal(err)
	}
	path, _, _ := strings.Cut(where, ",")
	if !strings.HasPrefix(filepath.Base(path), "offline-run-20231114_221320-") {
		t.Error(where)
	}
	files, _ := filepath.Glob(filepath.Join(path, "run-*.wandb"))
	if all, _ := os.ReadDir(dir); len(files) != 1 || len(all) != 1 {
		t.Fatalf("%v, %v", files, all)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	records, err := readLog(data)
	if err != nil || len(records) != 4 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	run := fields(t, []byte(fields(t, records[1])[recordRun][0]))
	if id := "run-" + run[runID][0] + ".wandb"; filepath.Base(files[0]) != id || run[runProject][0] != "metron" || run[runEntity][0] != "team" || run[runName][0] != "run.parquet" {
		t.Errorf("%s: %q", files[0], run)
	}
	if config := fields(t, []byte(run[runConfig][0])); len(config[update]) != 2 {
		t.Errorf("configuration %q", config)
	}
	summary := fields(t, []byte(fields(t, records[2])[recordSummary][0]))
	if last := fields(t, []byte(summary[update][3])); len(summary[update]) != 4 || last[itemKey][0] != "m1_s/p99_9" || last[itemJSON][0] != "3" {
		t.Errorf("summary %q", summary)
	}
	if exit := fields(t, []byte(fields(t, records[3])[recordExit][0])); exit[exitRuntime][0] != "60" {
		t.Errorf("exit %q", exit)
	}
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if w, err = Open("wandb-offline="+blocked, env()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Publish(t.Context(), report(1, 1)); err == nil || !strings.Contains(err.Error(), blocked) {
		t.Errorf("a file in the way: %v", err)
	}
}
