package report

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"metron/docs"
)

// TestHostileText: whatever names of files and models hold, the document is one element of
// data and comes out as it went in.
func TestHostileText(t *testing.T) {
	hostile := "</script><script>alert(1)</script><!--\u2028{{script}}'\"&\\"
	d := &Document{Title: hostile, Command: hostile, Runs: []Run{{Name: hostile, Headline: hostile}}, Definitions: map[string]string{hostile: hostile}}
	var page bytes.Buffer
	if err := Write(&page, d); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	if n := strings.Count(text, "<script"); n != 2 {
		t.Errorf("%d script elements, want the document and the code", n)
	}
	if strings.Contains(text, "alert(1)</script>") {
		t.Error("the hostile text stands in the page as it is")
	}
	data := regexp.MustCompile(`(?s)<script type="application/json" id="document">(.*?)</script>`).FindStringSubmatch(text)
	if data == nil {
		t.Fatal("no document in the page")
	}
	var back Document
	if err := json.Unmarshal([]byte(data[1]), &back); err != nil {
		t.Fatal(err)
	}
	if back.Title != hostile || back.Command != hostile || back.Runs[0].Name != hostile || back.Definitions[hostile] != hostile {
		t.Errorf("the document came back as %+v", back)
	}
}

// TestPolicy: the page may run what it holds and reach nothing, unless it is live.
func TestPolicy(t *testing.T) {
	for _, c := range []struct {
		name string
		live bool
	}{{"a file", false}, {"live", true}} {
		var page bytes.Buffer
		if err := Write(&page, &Document{Title: "t", Live: c.live}); err != nil {
			t.Fatal(err)
		}
		text := page.String()
		for _, tag := range []string{"script", "style"} {
			body := regexp.MustCompile(`(?s)<` + tag + `>(.*?)</` + tag + `>`).FindStringSubmatch(text)
			if body == nil || !strings.Contains(text, tag+"-src "+digest(body[1])) {
				t.Errorf("%s: the policy does not name the digest of the %s", c.name, tag)
			}
		}
		if !strings.Contains(text, `content="default-src 'none';`) {
			t.Errorf("%s: the policy does not begin with nothing", c.name)
		}
		if strings.Contains(text, "connect-src") != c.live {
			t.Errorf("%s: connect-src stands in it: %v", c.name, !c.live)
		}
		if strings.Contains(text, "unsafe") || regexp.MustCompile(`(src|href)="(https?:)?//`).MatchString(text) {
			t.Errorf("%s: it reaches out", c.name)
		}
	}
}

func TestDefinitions(t *testing.T) {
	got := definitions("| key | definition |\n|---|---|\n| `a_s`, `b` | first | x |\n| `a_s` | again |\n\n" +
		"**`c`** of a request\nis this.\n\n**Rate** (`d_per_s`): that.\n\n### e, f\n\nboth\n\n## next\n\nnot\n")
	want := map[string]string{"a_s": "first", "b": "first", "c": "**`c`** of a request\nis this.", "d_per_s": "**Rate** (`d_per_s`): that.", "e": "both", "f": "both"}
	for key, text := range want {
		if got[key] != text {
			t.Errorf("%s is %q, want %q", key, got[key], text)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %q", got)
	}
	if text := definitions(docs.Metrics())["fluidity_index"]; !strings.Contains(text, "met / (met + missed)") {
		t.Errorf("fluidity_index is %q", text)
	}
}

// TestScripts: every file of the page is in it once.
func TestScripts(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range scripts() {
		if seen[name] {
			t.Errorf("%s runs twice", name)
		}
		seen[name] = true
	}
	for _, dir := range []string{"base", "modules"} {
		entries, err := assets.ReadDir("assets/" + dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !seen[dir+"/"+e.Name()] {
				t.Errorf("%s/%s is in no table", dir, e.Name())
			}
		}
	}
}
