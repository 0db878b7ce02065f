package compare

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"metron/analyze/report"
)

// TestEveryNameIsDefined: the page has the words for each metric and rate that is compared, and
// for the one that is meant.
func TestEveryNameIsDefined(t *testing.T) {
	var page bytes.Buffer
	if err := report.Write(&page, &report.Document{}); err != nil {
		t.Fatal(err)
	}
	_, text, _ := bytes.Cut(page.Bytes(), []byte(`id="document">`))
	text, _, _ = bytes.Cut(text, []byte("</script>"))
	var d report.Document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	for name, c := range names() {
		if d.Definitions[c.Key] == "" {
			t.Errorf("docs/metrics.md does not define %s, which is %s", c.Key, name)
		}
	}
	if text := d.Definitions[names()["deadline_miss_rate"].Key]; !strings.Contains(text, "service level") {
		t.Errorf("deadlines missed of whole runs are %q", text)
	}
}
