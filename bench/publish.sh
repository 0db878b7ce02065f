#!/usr/bin/env bash
# What `metron analyze --publish` tells trackers, as they take it: sent to a real MLflow
# server and read back by MLflow's own client, and uploaded by `wandb sync` to a double of
# W&B's server. Needs Python and the network once, for pip; without them it says so and
# succeeds. VENV names a virtual environment that has mlflow and wandb already.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || :; rm -rf "$dir"' EXIT

venv=${VENV:-$dir/venv}
if [ ! -x "$venv/bin/mlflow" ] || [ ! -x "$venv/bin/wandb" ]; then
	if ! python3 -m venv "$venv" || ! "$venv/bin/pip" install -q mlflow wandb; then
		echo "mlflow and wandb cannot be installed here: left out"
		exit 0
	fi
fi
go build -o "$dir/metron" .

"$dir/metron" analyze testdata/golden/run-v1.0.parquet --json --publish "wandb-offline=$dir/wandb" >"$dir/result.json"
"$venv/bin/python" bench/publish_wandb.py "$venv/bin/wandb" "$dir"/wandb/offline-run-* "$dir/result.json"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
"$venv/bin/mlflow" server --host 127.0.0.1 --port "$port" --workers 1 \
	--backend-store-uri "sqlite:///$dir/mlflow.db" --artifacts-destination "$dir/artifacts" >"$dir/server.log" 2>&1 &
server=$!
curl -sf --retry 300 --retry-delay 1 --retry-connrefused "$url/health" >/dev/null || { cat "$dir/server.log"; exit 1; }

for _ in 1 2; do # the second finds the experiment there
	"$dir/metron" analyze testdata/golden/run-v1.0.parquet --slo 'ttft<=500ms' --json --publish "mlflow=$url" >"$dir/result.json"
done
MLFLOW_TRACKING_URI=$url "$venv/bin/python" - "$dir/result.json" <<'PY'
import json, sys
import mlflow

want = json.load(open(sys.argv[1]))
client = mlflow.MlflowClient()
experiment = client.get_experiment_by_name("metron")
runs = client.search_runs([experiment.experiment_id])
assert len(runs) == 2, runs
run = runs[0]
assert run.info.status == "FINISHED", run.info.status
metrics = run.data.metrics
for name, summary in want["metrics"].items():
    for stat in "count", "mean", "p50", "p99":
        value, got = summary[stat], metrics.get(f"{name}/{stat}")
        assert value == got, (name, stat, value, got)
assert run.data.params["slo"] == "ttft<=500ms: holds", run.data.params
assert run.data.params["verdict"] == "VALID"
stored = json.load(open(client.download_artifacts(run.info.run_id, "metron.json")))
assert stored == want
print(f"MLflow {mlflow.__version__} read back {len(metrics)} numbers and the result")
PY
