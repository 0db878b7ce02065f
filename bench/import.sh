#!/usr/bin/env bash
# How fast, and in how much memory, `metron import` takes as many rows as the
# Azure 2024 trace has (27.3 M): from a file, since a generator beside it on the
# same cores would be measured too. Needs 2 GB in $TMPDIR, which it removes.
# Usage: bench/import.sh [ROWS]
set -euo pipefail
cd "$(dirname "$0")/.."
rows=${1:-27300000}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
go build -o "$tmp/metron" .
go run ./bench/azure -rows "$rows" >"$tmp/azure.csv"
for spread in none uniform; do
	/usr/bin/time -f "--spread $spread: %e s, user %U s, peak %M KiB" \
		"$tmp/metron" import azure "$tmp/azure.csv" --spread "$spread" --out "$tmp/azure.parquet"
done
# A tenth of the rows late by up to a minute: sorted runs are merged.
go run ./bench/azure -rows $((rows / 10)) -late 0.1 >"$tmp/azure.csv"
/usr/bin/time -f "rows late: %e s, user %U s, peak %M KiB" "$tmp/metron" import azure "$tmp/azure.csv" --out "$tmp/azure.parquet"
