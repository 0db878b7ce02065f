#!/usr/bin/env bash
# What capture adds to a token's time, beside the same proxy without its
# recorder, with one that hangs, nginx with proxy_buffering off, and no proxy: latency and CPU a token
# at 20, 100 and 300 streams, the highest rate, memory of an open stream. About
# ten minutes; a minute with --quick. Needs Linux, two cores, taskset.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export PATH=$PATH:/usr/sbin # nginx
ulimit -n 65536 2>/dev/null || true # for 10,000 streams; without it fewer are opened
go build -o "$dir/metron" .
go build -o "$dir/proxy" ./bench/proxy
"$dir/proxy" compare -metron "$dir/metron" ${1:+-quick}
