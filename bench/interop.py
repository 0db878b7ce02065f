"""Reads files of metron with DuckDB, pyarrow and Polars, and holds them against each
other, against what was written, against docs/schema.md and against `metron analyze`.

    python bench/interop.py METRON PAGE DIR FILE...

imports rows with values in every column into DIR, and takes those files with the FILEs,
Parquet or journals. The queries that are run are those of PAGE. Exits with 1 where anything
disagrees.
"""

import base64
import json
import math
import pathlib
import random
import re
import subprocess
import sys
import time
import uuid

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.ipc
import pyarrow.parquet

FIGURES = ("ttft_p50_s", "ttft_p99_s", "tbt_p50_s", "tbt_p99_s", "tpot_p50_s", "tpot_p99_s", "output_tokens_per_s")
faults = []


def check(holds, fault):
    if not holds:
        faults.append(fault)


class Page:
    """docs/schema.md: its columns and its queries."""

    def __init__(self, path):
        text = path.read_text()
        block = re.search(r"<!-- generated: columns -->(.*?)<!-- end -->", text, re.S)[1]
        cells = [[c.strip() for c in line.strip("|").split(" | ")] for line in block.splitlines() if line.startswith("| `")]
        self.types = {c[0].strip("` "): c[1].replace("&lt;", "<").replace("&gt;", ">") for c in cells}
        self.never_null = {c[0].strip("` ") for c in cells if c[4] == "never null"}
        self.filled_by = {c[0].strip("` "): c[6].strip(" |").split(", ") for c in cells}
        self.queries = {"DuckDB": re.findall(r"^```sql\n(.*?)^```$", text, re.S | re.M)}
        for tool in ("pandas", "Polars"):
            section = re.search(rf"^### {tool}$(.*?)(^##|\Z)", text, re.S | re.M)[1]
            self.queries[tool] = ["".join(re.findall(r"^```python\n(.*?)^```$", section, re.S | re.M))]

    def figures(self, tool, path):
        """runs a tool's blocks over a file instead of run.parquet."""
        found = {}
        for query in self.queries[tool]:
            assert "run.parquet" in query, f"{tool}: a block reads no run.parquet"
            query = query.replace("run.parquet", str(path))
            if tool == "DuckDB":
                answer = duckdb.sql(query)
                found.update(zip(answer.columns, answer.fetchall()[0]))
            else:
                exec(query, scope := {})
                found.update({name: scope[name] for name in FIGURES})
        return {name: float(found[name]) for name in FIGURES}


def by_duckdb(path, columns):
    names = ", ".join(f'epoch_us("{c}")' if c == "start_time" else f'"{c}"' for c in columns)
    rows = duckdb.sql(f"SELECT {names} FROM '{path}'").fetchall()
    return {c: [row[i] for row in rows] for i, c in enumerate(columns)}


def by_pyarrow(path, columns):
    table = pyarrow.parquet.read_table(path)
    return {c: (table[c].cast(pyarrow.int64()) if c == "start_time" else table[c]).to_pylist() for c in columns}


def by_polars(path, columns):
    frame = polars.read_parquet(path).with_columns(polars.col("start_time").dt.timestamp("us"))
    return {c: frame[c].to_list() for c in columns}


def plain(column, value):
    """one form for what the readers give: UUIDs are theirs to show as they like."""
    return value.bytes if isinstance(value, uuid.UUID) else value


def by_analyze(metron, path):
    result = json.loads(subprocess.run([metron, "analyze", path, "--json"], check=True, capture_output=True).stdout)
    figures = {f"{m}_{p}_s": result["metrics"][f"{m}_s"][p] for m in ("ttft", "tbt", "tpot") for p in ("p50", "p99")}
    if result["tokens"]["rows_chunk_tokens_unknown"]:  # their n is the reported one, which the page's TPOT does not read
        figures |= {"tpot_p50_s": math.nan, "tpot_p99_s": math.nan}
    return figures | {"output_tokens_per_s": result["throughput"]["output_tokens_per_s"]}


# Rows that are harder than any server's, and every column.

WORDS = {
    "phase": ["measure", "measure", "measure", "warmup", "cooldown"],
    "outcome": ["ok", "ok", "ok", "ok", "truncated", "http_error", "client_abort", "not_sent", "unknown"],
    "api": ["openai.chat", "openai.chat", "openai.chat", "anthropic.messages", "other"],
    "token_source": ["usage", "token_ids", "logprobs", "tokenizer", "chunks", "trace"],
    "recorded": ["lengths", "hash", "content"],
    "block_unit": ["tokens", "bytes"],
    "overload": ["queued", "shed", "aborted"],
}


def drawn(rng, name, kind):
    """a value for a column of that type."""
    if name in WORDS:
        return rng.choice(WORDS[name])
    if kind.startswith("fixed_size_binary"):
        return str(uuid.UUID(int=rng.getrandbits(128)))
    if kind == "utf8":
        return rng.choice(["a", "naïve", "日本語", "\U0001f600", 'a "quoted"\nline', "x" * 300])
    if kind == "list<utf8>":
        return [rng.choice(["stop", "length", "é"]) for _ in range(rng.randrange(1, 4))]
    if kind == "list<int64>":
        return [rng.randrange(-(2**63), 2**63) for _ in range(rng.randrange(1, 40))]
    if kind == "binary":
        return bytes(rng.randrange(256) for _ in range(rng.randrange(1, 99)))
    if kind == "float64":
        return rng.choice([0.5, 1.0, 1e-300, rng.random()])
    if kind == "bool":
        return rng.random() < 0.5
    if name in ("seed", "loop"):
        return rng.choice([0, -1, 2**63 - 1, -(2**63), rng.randrange(2**63)])
    return rng.randrange(5000)


def hard_row(rng, types):
    row = {n: drawn(rng, n, k) for n, k in types.items() if not n.startswith("chunk_") and rng.random() < 0.7}
    row |= {"start_time": 1_767_323_045_000_000 + rng.randrange(10**8), "stream": rng.random() < 0.9, "choice_count": rng.choice([1, 1, 1, 2, 3])}
    row |= {n: drawn(rng, n, types[n]) for n in ("record_id", "phase", "outcome", "api", "token_source", "recorded")}
    events = rng.choice([0, 1, 2, 3, 7, 60, 700]) if row["outcome"] != "not_sent" else 0
    if events:
        times, at = [], rng.randrange(10**6)
        for _ in range(events):
            times.append(at)
            at += rng.choice([0, 1, 900, 20_000, rng.randrange(300_000), rng.randrange(5 * 10**6)])
        kinds = [rng.choice([0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) for _ in times]
        row |= {"chunk_time": times, "chunk_kind": kinds, "end": at}
        if rng.random() < 0.7:
            tokens = [rng.choice([0, 1, 1, 1, 2, 4]) if kind <= 3 else 0 for kind in kinds]
            if any(tokens):
                row["chunk_tokens"] = tokens
        if row["choice_count"] > 1:
            row["chunk_choice"] = [rng.randrange(row["choice_count"]) for _ in times]
        if rng.random() < 0.5:
            row["chunk_read"], row["chunk_bytes"] = [i // 2 for i in range(events)], [rng.randrange(1, 500) for _ in times]
    if rng.random() < 0.2:
        row.pop("end", None)
    if "reasoning_tokens" in row:  # at most all of the output
        row["reasoning_tokens"] = min(row["reasoning_tokens"], row.get("output_tokens", 0))
    return row


def write_hard_rows(path, types, part):
    """writes rows of which the first was never sent, and the last, which ends last, tells so in its own way."""
    rng = random.Random(part)
    rows = [hard_row(rng, types) for _ in range(700)]
    rows[0] |= {"outcome": "not_sent", "phase": "measure", "api": "openai.chat", "start_time": 1_767_323_000_000_000}
    rows[0] = {name: value for name, value in rows[0].items() if not name.startswith("chunk_")}
    last = {"start_time": 1_767_330_000_000_000, "phase": "measure", "outcome": "client_abort", "api": "openai.chat", "stream": True}
    last |= {"record_id": rows[-1]["record_id"], "recorded": "lengths", "choice_count": 1, "token_source": "chunks"}
    last |= {"chunk_time": [7, 9_000_000], "chunk_kind": [0, 0], "client_abort": 9_000_100, "end": 9_000_200}
    rows[-1] = {name: value for name, value in last.items() if name not in ("end", "client_abort")[:part]}
    with open(path, "w") as out:
        for row in rows:
            out.write(json.dumps({n: {"base64": base64.b64encode(v).decode()} if isinstance(v, bytes) else v for n, v in row.items()}) + "\n")
    return rows


def check_written(path, read, rows, page):
    """holds what was read against the rows that the file was imported from."""
    place = {value: i for i, value in enumerate(plain("", v) for v in read["record_id"])}
    for row in rows:
        i = place.get(uuid.UUID(row["record_id"]).bytes)
        check(i is not None, f"{path}: record {row['record_id']} is missing")
        if i is None:
            continue
        for name in page.types:
            got, want = plain(name, read[name][i]), row.get(name)
            if want is None:
                check(got in (None, []) or name in page.never_null or name == "chunk_kind", f"{path}: {name} of {row['record_id']} is {got!r}, not null")
                continue
            if name == "chunk_read":  # only which are equal is kept
                got, want = ([[v == w for v, w in zip(x, x[1:])] for x in (got, want)])
            if page.types[name].startswith("fixed_size_binary"):
                want = uuid.UUID(want).bytes
            check(got == want, f"{path}: {name} of {row['record_id']} is {got!r}, written was {want!r}")


def check_file(metron, path, page, rows=None):
    """reads one file with all tools and gives the lines of its table."""
    columns = list(page.types)
    schema = pyarrow.parquet.read_schema(path)
    check(schema.names == columns, f"{path}: its columns are not the page's: {set(schema.names) ^ set(columns)}")
    vantage = schema.metadata[b"metron.vantage"].decode()
    readers = {"DuckDB": by_duckdb, "pyarrow": by_pyarrow, "Polars": by_polars}
    took, values = {}, {}
    for tool, read in readers.items():
        begin = time.perf_counter()
        values[tool] = {c: [plain(c, v) for v in column] for c, column in read(path, columns).items()}
        took[tool] = time.perf_counter() - begin
    first = values["pyarrow"]
    for c in columns:
        for tool in readers:
            check(values[tool][c] == first[c], f"{path}: {tool} and pyarrow read {c} differently")
        empty = all(v is None or v == [] for v in first[c])
        check(empty or vantage in page.filled_by[c], f"{path}: {c} has values; the page says that only {page.filled_by[c]} have it")
        check(c not in page.never_null or None not in first[c], f"{path}: {c} has nulls; the page says never")
        arrow = str(schema.field(c).type).replace("string", "utf8").replace("element: ", "").replace(" not null", "")
        arrow = arrow.replace("extension<arrow.uuid>", "fixed_size_binary[16]").replace("double", "float64")
        check(arrow == page.types[c], f"{path}: {c} is {arrow}, by the page {page.types[c]}")
    if rows:
        check_written(path, first, rows, page)
    print(f"\n{path.name}: {vantage}, {len(first['record_id'])} rows, {sum(map(len, first['chunk_time']))} chunks, {len(columns)} columns")
    print("  read whole in " + ", ".join(f"{took[tool]:.2f} s by {tool}" for tool in readers))
    if all(v == [] for v in first["chunk_time"]):
        return  # no token times: nothing to ask
    want = by_analyze(metron, path)
    print(f"  {'':8}" + "".join(f"{name:>21}" for name in FIGURES))
    for tool, got in [("analyze", want)] + [(tool, page.figures(tool, path)) for tool in page.queries]:
        print(f"  {tool:8}" + "".join(f"{got[name]:>21.9g}" for name in FIGURES))
        for name in FIGURES:
            check(got[name] == want[name] or math.isnan(want[name]), f"{path}: {name} is {got[name]!r} by {tool}, {want[name]!r} by analyze")


def check_journal(path, page):
    """reads what is whole of a journal."""
    with pyarrow.ipc.open_stream(path) as stream:
        check(stream.schema.names == list(page.types), f"{path}: its columns are not the page's")
        rows = 0
        try:
            for batch in stream:
                rows += batch.num_rows
        except (pyarrow.ArrowInvalid, OSError) as torn:
            print(f"\n{path.name}: pyarrow reads {rows} rows, then: {str(torn)[:60]}")
        check(rows > 0, f"{path}: pyarrow finds no row")


def main(metron, page, folder, *paths):
    print(f"DuckDB {duckdb.__version__}, pyarrow {pyarrow.__version__}, Polars {polars.__version__}, pandas {pandas.__version__}")
    page, folder = Page(pathlib.Path(page)), pathlib.Path(folder)
    for part in range(3):
        source, imported = folder / f"hard-{part}.jsonl", folder / f"hard-{part}.parquet"
        rows = write_hard_rows(source, page.types, part)
        subprocess.run([metron, "import", "jsonl", source, "--out", imported, "--json"], check=True, stdout=subprocess.DEVNULL)
        check_file(metron, imported, page, rows)
    for path in map(pathlib.Path, paths):
        check_journal(path, page) if path.suffix == ".arrows" else check_file(metron, path, page)
    for fault in faults[:20]:
        print("DISAGREES", fault, file=sys.stderr)
    if faults:
        sys.exit(f"{len(faults)} disagreements")
    print("\nall agree")


if __name__ == "__main__":
    main(*sys.argv[1:])
