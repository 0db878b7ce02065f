#!/usr/bin/env bash
# What capture costs, beside the same proxy without its recorder, nginx with
# proxy_buffering off, and no proxy. Needs Linux, two cores, taskset.
#
#   bench/proxy.sh [compare] [-quick]   latency and CPU a token at 20, 100 and 300 streams, also with a recorder
#                                       that hangs; the highest rate; open streams that wait. Ten minutes
#   bench/proxy.sh pair [-cores 1|2] [-streams 300] [-rounds 20] [-window 3s] [-nginx=false] [-beside FILE] [-others 0.1 | -together]
#                                       the ways in windows that take turns, ratios of windows of one round; rounds
#                                       in which other programs had more than so many cores are tried again. Or
#                                       all ways at once, each with so many streams: for a machine that is never quiet.
#                                       FILE is another build of metron, to compare with
#   bench/proxy.sh idle [-quick]        open streams that wait: how many, and the memory of one
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export PATH=$PATH:/usr/sbin # nginx
ulimit -n 65536 2>/dev/null || true # for 10,000 streams; without it fewer are opened
case ${1:-} in
compare | pair | idle) what=$1 && shift ;;
*) what=compare ;;
esac
go build -o "$dir/metron" .
go build -o "$dir/proxy" ./bench/proxy
"$dir/proxy" "$what" -metron "$dir/metron" "$@"
