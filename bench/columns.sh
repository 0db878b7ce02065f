#!/usr/bin/env bash
# What the columns cost and how fast they move: writes a file of 200,000 requests
# (50 M tokens) through journal and seal, prints bytes a token, and reads the token
# times with our reader and, where python3 with duckdb is there, with DuckDB, in turn.
#
#   bench/columns.sh [REQUESTS]
set -euo pipefail
cd "$(dirname "$0")/.."
export METRON_BENCH_REQUESTS=${1:-200000}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go test -c -o "$dir/schema.test" ./schema
run() { "$dir/schema.test" -test.run '^$' -test.bench "^Benchmark$1\$" -test.benchtime "$2" | grep '^Benchmark'; }

export METRON_BENCH_FILE=$dir/bench.parquet
run Sizes 1x
for _ in 1 2 3; do
	run Write 1x
done
echo "file: $(stat -c %s "$METRON_BENCH_FILE") bytes"
for _ in 1 2 3 4 5; do
	run Scan 10x
	python3 - "$METRON_BENCH_FILE" <<'PY' || true
import sys, time
try:
    import duckdb
except ImportError:
    sys.exit("no duckdb: the peer is left out")
db = duckdb.connect()
db.execute("set threads = 2")
query = f"select sum(len(chunk_time)), sum(chunk_time[-1]) from '{sys.argv[1]}'"
entries = db.execute(query).fetchone()[0]
best = []
for _ in range(5):
    start = time.perf_counter()
    db.execute(query).fetchone()
    best.append(time.perf_counter() - start)
print(f"DuckDB {duckdb.__version__}, last token time of each row: {entries / sorted(best)[2] / 1e6:.0f} Mtokens/s")
PY
done
