#!/usr/bin/env bash
# Whether the tools of the data world read what metron writes: DuckDB, pyarrow and
# Polars read every column of a capture, a run, imports and the golden files, and agree
# with each other; the queries of docs/schema.md, run with DuckDB, pandas and Polars,
# agree with `metron analyze`. Skips where python3 or its packages cannot be had.
#
#   bench/interop.sh [VENV]    keeps the packages in VENV; without, they go when it ends
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
skip() { echo "interop: skipped: $*"; exit 0; }

python=python3
packages="duckdb pyarrow polars pandas"
command -v "$python" >/dev/null || skip "no python3"
if ! "$python" -c "import ${packages// /, }" 2>/dev/null; then
	venv=${1:-$dir/venv}
	[ -x "$venv/bin/python" ] || "$python" -m venv "$venv" >"$dir/log" 2>&1 || skip "python3 makes no venv: $(tail -1 "$dir/log")"
	python=$venv/bin/python
	# shellcheck disable=SC2086
	"$python" -c "import ${packages// /, }" 2>/dev/null ||
		timeout 100 "$python" -m pip install --quiet --disable-pip-version-check --retries 1 --timeout 10 $packages >"$dir/log" 2>&1 ||
		skip "pip has no $packages: $(tail -1 "$dir/log")"
fi
go build -o "$dir/metron" .
"$dir/metron" demo --out "$dir/demo" --duration 6s >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
mkdir "$dir/imports"
"$python" bench/interop.py "$dir/metron" docs/schema.md "$dir/imports" \
	"$dir"/demo/*.parquet "$dir"/demo/traces/*.parquet testdata/golden/*.parquet testdata/golden/*.arrows
