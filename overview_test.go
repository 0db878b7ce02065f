package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/completion"
	"metron/internal/term"
)

// TestOverview: `metron` alone knows what stands in the folder, and each command that it
// names is one.
func TestOverview(t *testing.T) {
	dir := t.TempDir()
	show := func(want ...string) {
		t.Helper()
		var b bytes.Buffer
		if err := overview(&b, dir); err != nil {
			t.Fatal(err)
		}
		for _, text := range want {
			if !strings.Contains(b.String(), text) {
				t.Errorf("no %q in\n%s", text, &b)
			}
		}
		for line := range strings.Lines(b.String()) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 84 {
				t.Errorf("%d columns: %s", n, line)
			}
		}
	}
	put := func(name, golden string, age time.Duration) {
		data, err := os.ReadFile(filepath.Join("testdata/golden", golden))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	show("no trace and no run yet", "next:  metron demo")
	if err := os.WriteFile(filepath.Join(dir, "broken.parquet"), []byte("no"), 0o600); err != nil {
		t.Fatal(err)
	}
	put("day.parquet", "capture-v1.0.parquet", time.Hour)
	show("1 trace, 0 runs", "metron replay day.parquet --target")
	put("a.parquet", "run-v1.0.parquet", time.Hour)
	show("1 trace, 1 run", "next:  metron analyze a.parquet")
	put("b.parquet", "run-v1.0.parquet", time.Minute)
	show("1 trace, 2 runs", "next:  metron analyze b.parquet", "metron compare a.parquet b.parquet")
	put("-my run.parquet", "run-v1.0.parquet", 0)
	show("1 trace, 3 runs", "next:  metron analyze './-my run.parquet'", "metron compare b.parquet './-my run.parquet'")
	for _, found := range [][]recording{nil, {{name: "t.parquet"}}, {{name: "a.parquet", isRun: true}, {name: "b.parquet", isRun: true}}} {
		_, next := nextCommands(found, 0)
		for _, line := range next {
			if err := parse(strings.Fields(line)); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
}

// TestOverviewOfMany: what was not opened is said.
func TestOverviewOfMany(t *testing.T) {
	if here, _ := nextCommands([]recording{{name: "t.parquet"}}, 1); here != "in this folder: 1 trace, 0 runs among the newest 100 files; 1 older one was not opened" {
		t.Error(here)
	}
	dir := t.TempDir()
	for i := range mostRecordings + 2 { // which cannot be read
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.parquet", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if found, unopened := recordings(dir); len(found) != 0 || unopened != 2 {
		t.Errorf("%d found, %d not opened", len(found), unopened)
	}
}

// TestFlagValuesOfEach: a flag completes in every command that takes it, and to words that its
// usage there speaks of.
func TestFlagValuesOfEach(t *testing.T) {
	all := commands()
	elsewhere := map[string]string{} // by name and usage: what it completes to in another command
	for _, c := range leaves(all, "") {
		for _, f := range c.flags {
			if !f.takesValue {
				continue
			}
			got := completion.Next(all, flagValues(), append(strings.Fields(c.name), "--"+f.name, ""))
			for _, word := range got {
				if f.name != "where" && !strings.Contains(f.usage, word) {
					t.Errorf("%s --%s: its usage does not speak of %q", c.name, f.name, word)
				}
			}
			key, words := f.name+" "+f.usage, strings.Join(got, " ")
			if before, seen := elsewhere[key]; seen && before != words {
				t.Errorf("%s --%s completes to %q, elsewhere to %q", c.name, f.name, words, before)
			}
			elsewhere[key] = words
		}
	}
}

// TestFlagValues: what completion offers are flags that there are, and words that their
// usage speaks of, or a function of the flag's own package lists.
func TestFlagValues(t *testing.T) {
	all := map[string][]string{} // flags by command
	usage := map[string]string{}
	for _, c := range leaves(commands(), "") {
		for _, f := range c.flags {
			all[c.name] = append(all[c.name], f.name)
			usage[c.name+" "+f.name] += f.usage
			usage[" "+f.name] += f.usage
		}
	}
	for _, v := range flagValues() {
		if len(v.Words) == 0 || v.Command != "" && all[v.Command] == nil {
			t.Errorf("%+v: no words, or no such command", v)
		}
		if v.Flag == "" {
			continue
		}
		if usage[v.Command+" "+v.Flag] == "" {
			t.Errorf("%s has no --%s", v.Command, v.Flag)
		}
		for _, word := range v.Words {
			if v.Flag != "where" && !strings.Contains(usage[v.Command+" "+v.Flag], word) {
				t.Errorf("%s --%s: its usage does not speak of %q", v.Command, v.Flag, word)
			}
		}
	}
	for name, flags := range all {
		if !slices.Contains(flags, "quiet") {
			t.Errorf("%s has no --quiet", name)
		}
	}
}

// TestQuiet: a note on stderr is gone under --quiet, an error is not, and stdout is the same.
func TestQuiet(t *testing.T) {
	out := filepath.Join(t.TempDir(), "x")
	args := []string{"metron", "trace", "export", "azure", "testdata/golden/capture-v1.0.parquet", "--out", "-"}
	code, stdout, stderr := metron(t, args...)
	quietCode, quietOut, quietErr := metron(t, append(args, "--quiet")...)
	if code != term.ExitOK || quietCode != code || stderr == "" || quietErr != "" || stdout != quietOut {
		t.Errorf("exit %d and %d; stderr %q and %q", code, quietCode, stderr, quietErr)
	}
	if code, _, stderr := metron(t, "metron", "inspect", out, "--quiet"); code != term.ExitFailure || !strings.HasPrefix(stderr, "metron: ") {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
}

func metron(t *testing.T, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// leaf is a command that does something, by all of its words.
type leaf struct {
	name  string
	flags []leafFlag
}

type leafFlag struct {
	name, usage string
	takesValue  bool
}

func leaves(list []*cli.Command, before string) (out []leaf) {
	for _, c := range list {
		name := strings.TrimSpace(before + " " + c.Name)
		out = append(out, leaves(c.Subcommands, name)...)
		if !c.Hidden && (len(c.Subcommands) == 0 || len(c.Flags) > 0) {
			l := leaf{name: name}
			for _, f := range c.Flags {
				usage := ""
				if d, ok := f.(cli.DocGenerationFlag); ok {
					usage = d.GetUsage() + " " + d.GetDefaultText() + " " + d.GetValue()
				}
				l.flags = append(l.flags, leafFlag{f.Names()[0], usage, term.Wanting(c.Flags, f.Names()[0]) != ""})
			}
			out = append(out, l)
		}
	}
	return out
}
