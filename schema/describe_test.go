package schema

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestColumnsAreDescribed: every column says everything that the page shows.
func TestColumnsAreDescribed(t *testing.T) {
	attribute := regexp.MustCompile(`^(-|~?(gen_ai|http|url|server|error)\.[a-z_.]+(\.\*)?)$`)
	fields := parseComments(t).fields("Record")
	row := reflect.TypeFor[Record]()
	for i, c := range Columns() {
		f, tag := fields[i], row.Field(i).Tag
		says, empty := f.describe()
		if says == "" || !strings.HasSuffix(says, ".") {
			t.Errorf("%s: the comment %q is no sentence on what it is", c.Name, says)
		}
		if want := map[bool]string{c.Optional: "Null", c.List: "Empty"}[true]; f.emptyIs() != want {
			t.Errorf("%s: the comment says what %q means (%s); the column needs %q", c.Name, f.emptyIs(), empty, want)
		}
		if tag.Get("unit") == "" || !attribute.MatchString(tag.Get("otel")) {
			t.Errorf("%s: unit %q, otel %q", c.Name, tag.Get("unit"), tag.Get("otel"))
		}
		if len(c.FilledBy) == 0 || !slices.Contains(c.FilledBy, VantageImport) {
			t.Errorf("%s: by %v lacks import, which takes every column from jsonl", c.Name, c.FilledBy)
		}
		for _, v := range c.FilledBy {
			if !slices.Contains(Vantages(), v) {
				t.Errorf("%s: by names %q, no vantage", c.Name, v)
			}
		}
		if !c.Optional && !c.List && len(c.FilledBy) != len(Vantages()) {
			t.Errorf("%s: always filled, but only by %v", c.Name, c.FilledBy)
		}
	}
}

// TestFilledBy holds the tags against files that a capture and a replay made.
func TestFilledBy(t *testing.T) {
	for _, name := range []string{"capture", "run"} {
		path := "../testdata/golden/" + name + "-v1.0.parquet"
		vantage := map[string]string{"capture": VantageCapture, "run": VantageReplay}[name]
		for _, r := range readAll(t, path) {
			for i, c := range Columns() {
				if !reflect.ValueOf(r).Field(i).IsZero() && !slices.Contains(c.FilledBy, vantage) {
					t.Errorf("%s has %s, which says that %v fill it", path, c.Name, c.FilledBy)
				}
			}
		}
	}
}

// TestKinds: the constants, their names and their order are one thing.
func TestKinds(t *testing.T) {
	s := parseComments(t)
	for code, name := range Kinds() {
		if got := s.constants[kindConstant(name)]; got.value != fmt.Sprint(code) || got.says == "" {
			t.Errorf("%s is %q (%q), want %d and what it is", kindConstant(name), got.value, got.says, code)
		}
	}
}

// TestSchemaPage holds docs/schema.md against the code; -update writes what it
// takes from there: the blocks between <!-- generated: NAME --> and <!-- end -->.
func TestSchemaPage(t *testing.T) {
	const path = "../docs/schema.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	blocks := pageBlocks(t)
	seen := map[string]bool{}
	want := regexp.MustCompile(`(?s)(<!-- generated: (\w+) -->\n)(.*?)(<!-- end -->)`).ReplaceAllStringFunc(string(page), func(block string) string {
		head, _, _ := strings.Cut(block, "\n")
		name := strings.Fields(head)[2]
		if seen[name] || blocks[name] == "" {
			t.Errorf("%s: block %q stands there twice, or nothing makes it", path, name)
		}
		seen[name] = true
		return head + "\n\n" + blocks[name] + "\n<!-- end -->"
	})
	for name := range blocks {
		if !seen[name] {
			t.Errorf("%s has no block %q", path, name)
		}
	}
	if *update {
		write(t, path, []byte(want))
		return
	}
	got := strings.Split(string(page), "\n")
	for i, line := range strings.Split(want, "\n") {
		if i >= len(got) || got[i] != line {
			t.Fatalf("%s:%d is not what the code says (-update writes it):\n%s", path, i+1, line)
		}
	}
}

func pageBlocks(t *testing.T) map[string]string {
	s := parseComments(t)
	blocks := map[string]string{
		"columns": columnTables(s), "types": typeTable(), "encodings": encodingTable(t), "limits": limitTable(),
		"footer": footerTable(s), "chunk_kind": kindTable(s),
	}
	for _, c := range ColumnNames() {
		if words := Words(c); s.saysAny(words) {
			blocks[c] = wordTable(s, words)
		}
	}
	return blocks
}

func columnTables(s *comments) string {
	var b strings.Builder
	section := ""
	for i, c := range Columns() {
		f := s.fields("Record")[i]
		if f.section != section {
			section = f.section
			fmt.Fprintf(&b, "%s### %s\n\n", map[bool]string{true: "\n"}[i > 0], section)
			b.WriteString("| column | type | unit | what it says | null or empty | OpenTelemetry | filled by |\n|---|---|---|---|---|---|---|\n")
		}
		says, empty := f.describe()
		if words := Words(c.Name); s.saysAny(words) || c.Name == "chunk_kind" {
			says += fmt.Sprintf(" [Values](#values-of-%s).", c.Name)
		} else if words != nil {
			says += " One of `" + strings.Join(words, "`, `") + "`."
		}
		if empty == "" {
			empty = "never null"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s |\n", c.Name, c.shortType(), c.Unit, says, empty, code(c.OTel), strings.Join(c.FilledBy, ", "))
	}
	return b.String()
}

// shortType is Arrow's name without the inner names of lists.
func (c Column) shortType() string {
	return strings.NewReplacer("<item: ", "&lt;", ">", "&gt;").Replace(c.Type)
}

func code(text string) string {
	near := strings.HasPrefix(text, "~")
	if text = strings.TrimPrefix(text, "~"); text == "" {
		return ""
	}
	return map[bool]string{true: "~ "}[near] + "`" + text + "`"
}

// grouped is a table of values and the columns that share them, in the order of
// their first column.
func grouped(head string, columns []Column, value func(i int) string) string {
	var order []string
	names := map[string][]string{}
	for i, c := range columns {
		v := value(i)
		if names[v] == nil {
			order = append(order, v)
		}
		names[v] = append(names[v], "`"+c.Name+"`")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s|\n", head, strings.Repeat("|---", strings.Count(head, "|")-1))
	for _, v := range order {
		fmt.Fprintf(&b, "| %s | %s |\n", v, strings.Join(names[v], ", "))
	}
	return b.String()
}

func typeTable() string {
	cols := Columns()
	return grouped("| type | Parquet (of a list: its elements) | columns |", cols, func(i int) string { return cols[i].shortType() + " | " + cols[i].Parquet })
}

// encodingTable is what a written file says of itself.
func encodingTable(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "one.parquet")
	writeRows(t, path, archiveRows(1, 1))
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	chunks := f.parquet.Metadata().RowGroups[0].Columns
	return grouped("| encoding | codec | columns |", Columns(), func(i int) string {
		m := chunks[i].MetaData
		codec := strings.ToLower(m.Codec.String())
		return fmt.Sprintf("%v | %s", m.EncodingStats[len(m.EncodingStats)-1].Encoding, strings.Replace(codec, "uncompressed", "none", 1))
	})
}

func limitTable() string {
	return fmt.Sprintf(`| limit | |
|---|---|
| schema version | %s |
| a row waits for the journal at most | %v (`+"`Config.Flush`"+`) |
| rows, bytes of a journal's batch | %d, about %d MiB in memory |
| rows, bytes of a row group | %d, about %d MiB in memory |
| rows that wait in memory for a disk that takes nothing | %d MiB |
`, Version, flushInterval, flushRows, flushBytes>>20, groupRows, groupBytes>>20, maxBacklog>>20)
}

func footerTable(s *comments) string {
	var b strings.Builder
	b.WriteString("| key | holds |\n|---|---|\n")
	for i, f := range s.fields("Meta") {
		fmt.Fprintf(&b, "| `%s%s` | %s |\n", keyPrefix, metaKey(reflect.TypeFor[Meta]().Field(i)), s.resolve(f.comment))
	}
	return b.String()
}

func kindTable(s *comments) string {
	var b strings.Builder
	b.WriteString("| code | name | the event has |\n|---|---|---|\n")
	for code, name := range Kinds() {
		fmt.Fprintf(&b, "| %d | %s | %s |\n", code, name, s.constants[kindConstant(name)].says)
	}
	return b.String()
}

func kindConstant(name string) string { return "Kind" + strings.ToUpper(name[:1]) + name[1:] }

func wordTable(s *comments, words []string) string {
	var b strings.Builder
	b.WriteString("| value | means |\n|---|---|\n")
	for _, w := range words {
		fmt.Fprintf(&b, "| `%s` | %s |\n", w, s.wordSays(w))
	}
	return b.String()
}
