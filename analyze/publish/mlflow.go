package publish

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// mlflow publishes through MLflow's REST API, version 2.0.
type mlflow struct {
	server
	experiment string
}

const mlflowSecrets = "MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, hold them"

func openMLflow(value string, env func(string) string) (Tracker, error) {
	base, err := baseURL(value, mlflowSecrets)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	if token := env("MLFLOW_TRACKING_TOKEN"); token != "" {
		header.Set("Authorization", "Bearer "+token)
	} else if user := env("MLFLOW_TRACKING_USERNAME"); user != "" {
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+env("MLFLOW_TRACKING_PASSWORD"))))
	}
	return &mlflow{newServer(base, header), cmp.Or(env("MLFLOW_EXPERIMENT_NAME"), "metron")}, nil
}

// What one log-batch takes; the longest values of a parameter and a tag.
const (
	mlflowMetrics  = 1000 // as many as of all together
	mlflowParams   = 100
	mlflowParamLen = 6000
	mlflowTagLen   = 5000
)

type mlflowMetric struct {
	Key       string  `json:"key"`
	Value     float64 `json:"value"`
	Timestamp int64   `json:"timestamp"` // ms since 1970
	Step      int64   `json:"step"`
}

type mlflowPair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type mlflowRun struct {
	RunID       string `json:"run_id"`
	ArtifactURI string `json:"artifact_uri"`
}

// Publish makes a run, fills it and ends it: FINISHED, or FAILED where it could not be
// filled.
func (m *mlflow) Publish(ctx context.Context, r *Report) (string, error) {
	experiment, err := m.experimentID(ctx)
	if err != nil {
		return "", fmt.Errorf("%s: %w", m.base, err)
	}
	var created struct {
		Run struct {
			Info mlflowRun `json:"info"`
		} `json:"run"`
	}
	err = m.call(ctx, http.MethodPost, "runs/create", map[string]any{"experiment_id": experiment, "run_name": r.Name, "start_time": r.Start.UnixMilli(),
		"tags": []mlflowPair{{"mlflow.source.name", "metron analyze"}, {"mlflow.source.type", "LOCAL"}, {"mlflow.note.content", cut(r.Summary, mlflowTagLen)}}}, &created)
	run := created.Run.Info
	if err == nil && run.RunID == "" {
		err = errors.New("runs/create: the answer has no run_id: is this MLflow?")
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", m.base, err)
	}
	where := fmt.Sprintf("%s/#/experiments/%s/runs/%s", strings.TrimSuffix(m.base.String(), "/"), experiment, run.RunID)
	if err := m.fill(ctx, run, r); err != nil {
		// The run stands there already; it is to say so, even when ctx is what ended it.
		late, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer stop()
		if ended := m.end(late, run, "FAILED", r); ended != nil {
			err = fmt.Errorf("%w; and the run stays open: %w", err, ended)
		}
		return "", fmt.Errorf("%s: %w", m.base, err)
	}
	return where, m.end(ctx, run, "FINISHED", r)
}

func (m *mlflow) experimentID(ctx context.Context) (string, error) {
	byName := func() (string, error) {
		var got struct {
			Experiment struct {
				ID    string `json:"experiment_id"`
				Stage string `json:"lifecycle_stage"`
			} `json:"experiment"`
		}
		err := m.call(ctx, http.MethodGet, "experiments/get-by-name?experiment_name="+url.QueryEscape(m.experiment), nil, &got)
		if err == nil && got.Experiment.Stage == "deleted" {
			err = fmt.Errorf("the experiment %q is deleted there: restore it, or name another in MLFLOW_EXPERIMENT_NAME", m.experiment)
		}
		return got.Experiment.ID, err
	}
	id, err := byName()
	if !mlflowSays(err, "RESOURCE_DOES_NOT_EXIST") {
		return id, err
	}
	var created struct {
		ID string `json:"experiment_id"`
	}
	err = m.call(ctx, http.MethodPost, "experiments/create", map[string]any{"name": m.experiment}, &created)
	if mlflowSays(err, "RESOURCE_ALREADY_EXISTS") { // another was quicker
		return byName()
	}
	return created.ID, err
}

// fill logs the parameters, the numbers and the whole result.
func (m *mlflow) fill(ctx context.Context, run mlflowRun, r *Report) error {
	var params []mlflowPair
	for _, p := range r.Settings {
		params = append(params, mlflowPair{p.Name, cut(p.Value, mlflowParamLen)})
	}
	for part := range slices.Chunk(params, mlflowParams) {
		if err := m.call(ctx, http.MethodPost, "runs/log-batch", map[string]any{"run_id": run.RunID, "params": part}, nil); err != nil {
			return err
		}
	}
	var metrics []mlflowMetric
	for _, n := range r.Numbers {
		key := n.Metric
		if n.Stat != "" {
			key += "/" + n.Stat // a slash groups them in its pages
		}
		metrics = append(metrics, mlflowMetric{Key: key, Value: n.Value, Timestamp: r.End.UnixMilli()})
	}
	for part := range slices.Chunk(metrics, mlflowMetrics) {
		if err := m.call(ctx, http.MethodPost, "runs/log-batch", map[string]any{"run_id": run.RunID, "metrics": part}, nil); err != nil {
			return err
		}
	}
	return m.putArtifact(ctx, run, "metron.json", r.JSON)
}

// putArtifact keeps a file with the run where the server passes artifacts on. Where it
// hands out a store of its own, whose client metron has not, the numbers have to do.
func (m *mlflow) putArtifact(ctx context.Context, run mlflowRun, name string, data []byte) error {
	u, err := url.Parse(run.ArtifactURI)
	if err != nil || u.Scheme != "mlflow-artifacts" {
		return nil
	}
	to := m.base.JoinPath("api/2.0/mlflow-artifacts/artifacts", u.Path, name)
	if _, err := m.send(ctx, http.MethodPut, to, "application/json", data); err != nil {
		return fmt.Errorf("upload %s: %w", name, explained(err))
	}
	return nil
}

func (m *mlflow) end(ctx context.Context, run mlflowRun, status string, r *Report) error {
	return m.call(ctx, http.MethodPost, "runs/update", map[string]any{"run_id": run.RunID, "status": status, "end_time": r.End.UnixMilli()}, nil)
}

// call asks one endpoint.
func (m *mlflow) call(ctx context.Context, method, path string, in, out any) error {
	name, query, _ := strings.Cut(path, "?")
	to := m.base.JoinPath("api/2.0/mlflow", name)
	to.RawQuery = query
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	answer, err := m.send(ctx, method, to, "application/json", body)
	if err != nil {
		return fmt.Errorf("%s: %w", name, explained(err))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s: the answer is not MLflow's: %w", name, err)
	}
	return nil
}

// mlflowError is what MLflow says of a failure.
type mlflowError struct {
	*statusError
	Code    string `json:"error_code"`
	Message string `json:"message"`
}

func (e *mlflowError) Error() string {
	return fmt.Sprintf("status %d, %s: %s", e.status, e.Code, cut(strings.Join(strings.Fields(e.Message), " "), 300))
}

// explained adds MLflow's own words to a failure.
func explained(err error) error {
	e := &mlflowError{}
	if !errors.As(err, &e.statusError) {
		return err
	}
	if json.Unmarshal(e.body, e) != nil || e.Code == "" {
		return e.statusError
	}
	return e
}

func mlflowSays(err error, code string) bool {
	e := (*mlflowError)(nil)
	return errors.As(err, &e) && e.Code == code
}

// cut shortens a text to so many bytes, between characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const mark = "…"
	return strings.ToValidUTF8(text[:most-len(mark)], "") + mark
}
