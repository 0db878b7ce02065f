#!/usr/bin/env bash
# How long `metron analyze` takes from the file, and in how much memory, as files grow: the
# default table, then with all pictures and the page; and where python3 with duckdb is
# there, DuckDB's quantile_cont over the same gaps, in turn with ours on the largest file of
# at most 50 M tokens.
#
#   bench/analyze.sh [REQUESTS...]    of 250 tokens each; 4,000 40,000 200,000 2,000,000 (500 M tokens, 1.5 GB of disk)
set -euo pipefail
cd "$(dirname "$0")/.."
sizes=("$@")
if [ ${#sizes[@]} = 0 ]; then sizes=(4000 40000 200000 2000000); fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/metron" .
go test -c -o "$dir/schema.test" ./schema

# timed NAME COMMAND...: wall and CPU seconds, and peak memory.
timed() {
	local name=$1
	shift
	/usr/bin/env time -f "%e s, %U + %S s of CPU, %M KiB" -o "$dir/took" "$@" >/dev/null
	printf '  %-28s %s\n' "$name" "$(cat "$dir/took")"
}

gaps() { # of DuckDB, on a file
	python3 - "$1" <<'PY' || true
import sys, time
try:
    import duckdb
except ImportError:
    sys.exit("  no duckdb: the peer is left out")
db = duckdb.connect()
db.execute("set threads = 2")
query = f"""select quantile_cont(gap, [0.5, 0.99]) from (
  select unnest(list_transform(range(2, len(chunk_time) + 1), lambda i: chunk_time[i] - chunk_time[i - 1])) as gap from '{sys.argv[1]}')"""
start = time.perf_counter()
answer = db.execute(query).fetchone()
print(f"  DuckDB {duckdb.__version__}, p50 and p99 of the gaps: {time.perf_counter() - start:.2f} s, {answer[0]}")
PY
}

for n in "${sizes[@]}"; do
	file=$dir/bench.parquet
	rm -f "$file"
	METRON_BENCH_FILE=$file METRON_BENCH_REQUESTS=$n "$dir/schema.test" -test.run '^$' -test.bench '^BenchmarkSizes$' -test.benchtime 1x >/dev/null
	echo "$n requests, $((n * 250 / 1000000)) M tokens, $(stat -c %s "$file") bytes"
	for _ in 1 2 3; do
		timed "the default" "$dir/metron" analyze "$file"
		if [ "$n" -le 200000 ]; then
			timed "with pictures and page" "$dir/metron" analyze "$file" --out "$dir/plots"
			METRON_BENCH_FILE=$file go test ./analyze -run '^$' -bench GapsOfFile -benchtime 5x | grep ^Benchmark
			gaps "$file"
		fi
	done
done
