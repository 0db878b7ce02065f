package inspect

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"metron/internal/term"
)

func TestVerifyCommand(t *testing.T) {
	w, good := sample(t)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(good)
	rows := soundRows()
	rows[1].Turn = new(int64(-1))
	data, err := os.ReadFile(writeRows(t, rows, soundFooter()))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bad.parquet"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cut.parquet"), data[:len(data)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := metron(t, "--verify", dir, "--json")
	if err == nil || term.ExitCode(err) != term.ExitFailure || !strings.Contains(err.Error(), "in 3 of 3 files") {
		t.Errorf("%v", err)
	}
	d := json.NewDecoder(strings.NewReader(out))
	var reports []Report
	for d.More() {
		var r Report
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		reports = append(reports, r)
	}
	if len(reports) != 3 || reports[0].ProblemCounts["range"] != 1 || reports[1].ProblemCounts["open"] != 1 || reports[2].Rows != 4 {
		t.Errorf("%s", out)
	}
	if _, err := metron(t, "--verify", dir, "--where", "outcome=ok"); term.ExitCode(err) != term.ExitUsage {
		t.Errorf("--verify with --where: %v", err)
	}
}

func TestSelection(t *testing.T) {
	w, path := sample(t)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	later := filepath.Join(filepath.Dir(path), "sample.parquet")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(later, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{path, "--where", "outcome=ok,model=tiny"}, []string{"rows             2 of 4, selected where outcome=ok,model=tiny\n", "outcomes         ok 2\n", "stored           10 chunks, 8 tokens\n"}},
		{[]string{path, "--from", "500ms", "--to", "4s"}, []string{"rows             2 of 4, selected from 500ms to 4s\n", "outcomes         http_error 1, ok 1\n", "span             0\n"}},
		{[]string{path, "--where", `model="tiny,big"|big`}, []string{"rows             1 of 4, selected where model=\"tiny,big\"|big\n"}},
		{[]string{filepath.Dir(path), "--where", "model=big"}, []string{"rows             1 of 4", "run.parquet\n", "\n\n", "sample.parquet\n"}},
		{[]string{filepath.Join(filepath.Dir(path), "s*.parquet")}, []string{"sample.parquet\n", "rows             4\n"}},
	} {
		out, err := metron(t, c.args...)
		if err != nil {
			t.Errorf("%v: %v", c.args, err)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%v: no %q in\n%s", c.args, want, out)
			}
		}
		if len(c.args) > 1 && strings.Contains(out, "bytes a row") {
			t.Errorf("%v: bytes a row of some rows in\n%s", c.args, out)
		}
	}
	for _, c := range []struct {
		code int
		args []string
	}{{1, []string{path, "--where", "model=none"}}, {2, []string{path, "--where", "colour=red"}}, {2, []string{path, "--from", "2s", "--to", "1s"}}} {
		if out, err := metron(t, c.args...); term.ExitCode(err) != c.code || err == nil || out != "" {
			t.Errorf("%v: %v, %q", c.args, err, out)
		}
	}
}
