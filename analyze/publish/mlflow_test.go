package publish

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// mlflowDouble answers as MLflow's server does, and holds requests to its rules.
type mlflowDouble struct {
	t  *testing.T
	mu sync.Mutex

	authorization string
	experiment    string // "": there is none yet
	artifacts     string // the artifact_uri of runs
	fail          string // the endpoint that fails
	raced         bool   // another makes the experiment first

	status            string
	metrics, params   map[string]any
	tags              map[string]string
	artifact          string
	artifactPath      string
	startTime, ending float64
}

func (d *mlflowDouble) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if got := r.Header.Get("Authorization"); got != d.authorization {
		d.t.Errorf("%s: Authorization %q", r.URL, got)
	}
	if path, ok := strings.CutPrefix(r.URL.Path, "/api/2.0/mlflow-artifacts/artifacts/"); ok {
		if r.Method != http.MethodPut || d.status != "RUNNING" {
			d.t.Errorf("%s %s while the run is %s", r.Method, r.URL, d.status)
		}
		d.artifactPath, d.artifact = path, string(body)
		io.WriteString(w, "{}")
		return
	}
	endpoint := strings.TrimPrefix(r.URL.Path, "/api/2.0/mlflow/")
	refuse := func(status int, code string) {
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]string{"error_code": code, "message": "about\n" + endpoint})
	}
	if endpoint == d.fail {
		refuse(500, "INTERNAL_ERROR")
		return
	}
	var in struct {
		Name         string `json:"name"`
		ExperimentID string `json:"experiment_id"`
		RunID        string `json:"run_id"`
		RunName      string `json:"run_name"`
		Status       string
		StartTime    float64 `json:"start_time"`
		EndTime      float64 `json:"end_time"`
		Metrics      []map[string]any
		Params, Tags []struct{ Key, Value string }
	}
	if r.Method == http.MethodPost {
		if err := json.Unmarshal(body, &in); err != nil || r.Header.Get("Content-Type") != "application/json" {
			d.t.Errorf("%s: %v in %s", endpoint, err, body)
		}
	}
	if n := len(in.Metrics) + len(in.Params) + len(in.Tags); len(in.Metrics) > 1000 || len(in.Params) > 100 || len(in.Tags) > 100 || n > 1000 {
		refuse(400, "INVALID_PARAMETER_VALUE")
		return
	}
	for _, tag := range in.Tags {
		if len(tag.Value) > 5000 {
			refuse(400, "INVALID_PARAMETER_VALUE")
			return
		}
		d.tags[tag.Key] = tag.Value
	}
	if in.RunID != "" && (in.RunID != "r1" || d.status != "RUNNING") {
		refuse(404, "RESOURCE_DOES_NOT_EXIST")
		return
	}
	switch r.Method + " " + endpoint {
	case "GET experiments/get-by-name":
		if d.experiment != r.URL.Query().Get("experiment_name") {
			refuse(404, "RESOURCE_DOES_NOT_EXIST")
			return
		}
		io.WriteString(w, `{"experiment":{"experiment_id":"7","lifecycle_stage":"active"}}`)
	case "POST experiments/create":
		d.experiment = in.Name
		if d.raced {
			refuse(400, "RESOURCE_ALREADY_EXISTS")
			return
		}
		io.WriteString(w, `{"experiment_id":"7"}`)
	case "POST runs/create":
		if in.ExperimentID != "7" || in.RunName == "" {
			d.t.Errorf("runs/create %s", body)
		}
		d.status, d.startTime = "RUNNING", in.StartTime
		json.NewEncoder(w).Encode(map[string]any{"run": map[string]any{"info": map[string]any{"run_id": "r1", "artifact_uri": d.artifacts}}})
	case "POST runs/log-batch":
		for _, m := range in.Metrics {
			if _, twice := d.metrics[m["key"].(string)]; twice || m["timestamp"].(float64) == 0 {
				d.t.Errorf("metric %v: twice, or without a time", m)
			}
			d.metrics[m["key"].(string)] = m["value"]
		}
		for _, p := range in.Params {
			if len(p.Value) > 6000 || !utf8.ValidString(p.Value) {
				refuse(400, "INVALID_PARAMETER_VALUE")
				return
			}
			d.params[p.Key] = p.Value
		}
		io.WriteString(w, "{}")
	case "POST runs/update":
		d.status, d.ending = in.Status, in.EndTime
		io.WriteString(w, "{}")
	default:
		d.t.Errorf("%s %s", r.Method, r.URL)
		refuse(404, "ENDPOINT_NOT_FOUND")
	}
}

func newMLflowDouble(t *testing.T) (*mlflowDouble, *httptest.Server) {
	d := &mlflowDouble{t: t, artifacts: "mlflow-artifacts:/7/r1/artifacts", authorization: "Bearer " + secret,
		metrics: map[string]any{}, params: map[string]any{}, tags: map[string]string{}}
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	return d, s
}

func TestMLflow(t *testing.T) {
	for name, change := range map[string]func(*mlflowDouble){
		"new":         func(*mlflowDouble) {},
		"there":       func(d *mlflowDouble) { d.experiment = "latency" },
		"made beside": func(d *mlflowDouble) { d.raced = true },
		"own store":   func(d *mlflowDouble) { d.artifacts = "s3://bucket/7/r1/artifacts" },
	} {
		t.Run(name, func(t *testing.T) {
			d, s := newMLflowDouble(t)
			change(d)
			m, err := Open("mlflow="+s.URL+"/", env("MLFLOW_TRACKING_TOKEN", secret, "MLFLOW_EXPERIMENT_NAME", "latency"))
			if err != nil {
				t.Fatal(err)
			}
			where, err := m.Publish(t.Context(), report(2345, 234))
			if err != nil || where != s.URL+"/#/experiments/7/runs/r1" {
				t.Fatalf("%q, %v", where, err)
			}
			if d.status != "FINISHED" || len(d.metrics) != 2345 || len(d.params) != 234 || d.metrics["m0_s/p99.9"] != 1.0 {
				t.Errorf("%s: %d metrics, %d parameters", d.status, len(d.metrics), len(d.params))
			}
			if d.startTime != 1_700_000_000_000 || d.ending != 1_700_000_060_000 || d.experiment != "latency" || d.tags["mlflow.note.content"] == "" {
				t.Errorf("%+v", d)
			}
			if stored := d.artifactPath == "7/r1/artifacts/metron.json" && d.artifact == `{"schema_version":1}`; stored == (name == "own store") {
				t.Errorf("artifact %q: %q", d.artifactPath, d.artifact)
			}
		})
	}
}

// TestMLflowFails: a run that could not be filled says so there, and the error here.
func TestMLflowFails(t *testing.T) {
	for endpoint, status := range map[string]string{"experiments/get-by-name": "", "experiments/create": "", "runs/create": "", "runs/log-batch": "FAILED", "runs/update": "RUNNING"} {
		d, s := newMLflowDouble(t)
		d.fail = endpoint
		m, err := Open("mlflow="+s.URL, env("MLFLOW_TRACKING_TOKEN", secret))
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Publish(t.Context(), report(3, 1))
		if err == nil || !strings.Contains(err.Error(), endpoint+": status 500, INTERNAL_ERROR: about "+endpoint) || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", endpoint, err)
		}
		if d.status != status {
			t.Errorf("%s fails: the run is %q, want %q", endpoint, d.status, status)
		}
	}
}

func TestMLflowInterrupted(t *testing.T) {
	d, s := newMLflowDouble(t)
	ctx, stop := context.WithCancel(t.Context())
	m, err := Open("mlflow="+s.URL, env("MLFLOW_TRACKING_TOKEN", secret))
	if err != nil {
		t.Fatal(err)
	}
	r := report(1, 1)
	m.(*mlflow).client.Transport = stopAfter{"runs/create", stop}
	if _, err := m.Publish(ctx, r); err == nil || d.status != "FAILED" {
		t.Errorf("%v, the run is %q", err, d.status)
	}
}

// stopAfter calls stop once the answer of an endpoint is there.
type stopAfter struct {
	endpoint string
	stop     func()
}

func (s stopAfter) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && strings.HasSuffix(r.URL.Path, s.endpoint) {
		body, _ := io.ReadAll(response.Body)
		response.Body = io.NopCloser(strings.NewReader(string(body)))
		s.stop()
	}
	return response, err
}

// TestNotMLflow: another server, or one that sends elsewhere, is named; a credential goes
// nowhere that nobody said.
func TestNotMLflow(t *testing.T) {
	var elsewhere string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { elsewhere = r.Header.Get("Authorization") }))
	defer other.Close()
	for want, handler := range map[string]http.HandlerFunc{
		"not MLflow's":                   func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html>hello</html>") },
		"status 404 Not Found":           http.NotFound,
		"redirects are not followed":     func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) },
		"has no run_id: is this MLflow?": func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") },
	} {
		s := httptest.NewServer(handler)
		m, err := Open("mlflow="+s.URL, env("MLFLOW_TRACKING_TOKEN", secret))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Publish(t.Context(), report(1, 1)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		s.Close()
	}
	if elsewhere != "" {
		t.Error("the token followed a redirect")
	}
	m, err := Open("mlflow=http://127.0.0.1:1", env())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Publish(t.Context(), report(1, 1)); err == nil || !strings.Contains(err.Error(), "http://127.0.0.1:1") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestMLflowBasicAuth(t *testing.T) {
	d, s := newMLflowDouble(t)
	d.authorization = "Basic bWU6" + "cHc="
	m, err := Open("mlflow="+s.URL, env("MLFLOW_TRACKING_USERNAME", "me", "MLFLOW_TRACKING_PASSWORD", "pw"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Publish(t.Context(), report(1, 1)); err != nil {
		t.Error(err)
	}
}
