package capture

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// dashboard is what is looked at of a Grafana dashboard.
type dashboard struct {
	Title, UID    string
	SchemaVersion int
	Templating    struct{ List []struct{ Name, Type string } }
	Panels        []panel
}

type panel struct {
	ID         int
	Type       string
	Title      string
	GridPos    struct{ X, Y, W, H int }
	Datasource struct{ Type, UID string }
	Targets    []struct {
		RefID, Expr string
		Datasource  struct{ Type, UID string }
	}
}

// TestGrafanaDashboard: docs/grafana/capture.json is a dashboard that Grafana can lay out,
// asks only for series that /metrics exposes, and leaves no metric of ours out.
func TestGrafanaDashboard(t *testing.T) {
	text, err := os.ReadFile("../docs/grafana/capture.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	variables := map[string]bool{"$__rate_interval": true, "$__range": true}
	for _, v := range d.Templating.List {
		variables["$"+v.Name] = true
	}
	if d.Title == "" || d.UID == "" || d.SchemaVersion < 36 || !variables["$datasource"] {
		t.Errorf("title %q, uid %q, schema version %d, variables %v", d.Title, d.UID, d.SchemaVersion, variables)
	}
	exposed := exposedSeries(t)
	name := regexp.MustCompile(`\b(?:metron|process|go)_[a-z_]+`)
	variable := regexp.MustCompile(`\$[A-Za-z_]+`)
	asked, taken, ids := map[string]bool{}, map[[2]int]string{}, map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" {
			t.Errorf("panel %d %q: no title, or its id is taken", p.ID, p.Title)
		}
		ids[p.ID] = true
		g := p.GridPos
		if g.X < 0 || g.W < 1 || g.X+g.W > 24 || g.H < 1 {
			t.Errorf("%s: %+v is not in the 24 columns", p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("%s lies on %s", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if (p.Type == "row") != (len(p.Targets) == 0) {
			t.Errorf("%s: a %s with %d queries", p.Title, p.Type, len(p.Targets))
		}
		refs := map[string]bool{}
		for _, q := range p.Targets {
			if refs[q.RefID] || q.RefID == "" || q.Datasource.UID != "${datasource}" || q.Datasource.Type != "prometheus" {
				t.Errorf("%s: query %+v", p.Title, q)
			}
			refs[q.RefID] = true
			for open, shut := range map[string]string{"(": ")", "{": "}", "[": "]"} {
				if strings.Count(q.Expr, open) != strings.Count(q.Expr, shut) {
					t.Errorf("%s: unbalanced %s in %s", p.Title, open, q.Expr)
				}
			}
			names := name.FindAllString(q.Expr, -1)
			if len(names) == 0 {
				t.Errorf("%s: no series in %s", p.Title, q.Expr)
			}
			for _, n := range names {
				asked[n] = true
				if !exposed[n] {
					t.Errorf("%s: /metrics has no %s", p.Title, n)
				}
			}
			for _, v := range variable.FindAllString(q.Expr, -1) {
				if !variables[v] {
					t.Errorf("%s: no variable %s", p.Title, v)
				}
			}
		}
	}
	for n := range exposed {
		if strings.HasPrefix(n, "metron_") && !strings.HasSuffix(n, "_sum") && !strings.HasSuffix(n, "_count") && !asked[n] {
			t.Errorf("no panel shows %s", n)
		}
	}
}

// exposedSeries are the names of /metrics once a stream has passed.
func exposedSeries(t *testing.T) map[string]bool {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, event("a"))
		w.(http.Flusher).Flush()
		io.WriteString(w, event("b")+"data: [DONE]\n\n")
	}), func(s *Server) { s.Admin = "127.0.0.1:0" })
	resp := post(t, s, chatRequest)
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	eventually(t, "the row is recorded", func() bool { return scrape(t, s)["records_total"] == 1 })
	defer stop(t, s)
	_, body := get(t, "http://"+s.admin.listener.Addr().String()+"/metrics")
	names := map[string]bool{}
	for _, series := range regexp.MustCompile(`(?m)^[a-z_]+`).FindAllString(body, -1) {
		names[series] = true
	}
	return names
}
