"""The contenders: small functions, each run in a process of its own.

``python -m benchmarks.contenders NAME FOLDER ADDRESS CACHE`` runs one and prints what it took, as
JSON: seconds of wall and processor time without imports, rows, peak memory. FOLDER holds the
parts, ADDRESS is a `benchmarks.mews` that serves them, CACHE an empty folder (or a filled one).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CONTENDERS", "Job"]


@dataclass(frozen=True)
class Job:
    """Where things are."""

    folder: Path
    address: str
    cache: Path

    @property
    def parts(self) -> list[Path]:
        """The raw parts, in order."""
        return sorted(self.folder.glob("*.jsonl"), key=lambda path: int(path.stem.split("-")[1]))

    @property
    def entity_type(self) -> str:
        """What is in them."""
        return self.folder.name.split("-")[0]


# --------------------------------------------------------------------------- mews_frames


def _client(job: Job) -> Any:
    import mews_frames as mf

    return mf.Client(
        "BENCHMARK-CLIENT-TOKEN",
        "BENCHMARK-ACCESS-TOKEN",
        platform_address=job.address,
        cache_dir=job.cache,
    )


def mews_frames_import() -> None:
    """Import what a load needs; the others import theirs beforehand, too."""
    import filelock  # noqa: F401
    import httpx  # noqa: F401
    import numpy as np  # noqa: F401
    import platformdirs  # noqa: F401
    import polars as pl  # noqa: F401
    import pyarrow.json
    import pyarrow.parquet  # noqa: F401


def cold(job: Job) -> int:
    """Download, decode exactly, rescue, write Parquet, commit."""
    with _client(job) as client:
        frame = client.load_entities(job.entity_type, progress=False)
    return _height(frame)


def _cold_on(threads: int) -> Callable[[Job], int]:
    """Load with so many parts at a time, and so many threads that decode."""

    def cold_on(job: Job) -> int:
        import os

        from mews_frames import _parts

        _parts.SIDE_BY_SIDE = threads
        os.cpu_count = lambda: threads
        return cold(job)

    return cold_on


def warm_load(job: Job) -> int:
    """Give the LazyFrame of what is cached."""
    _warm_frame(job)
    return 0


def _height(frame: Any) -> int:
    import polars as pl

    return int(frame.select(pl.len()).collect().item())


# --------------------------------------------------------------------------- text to Parquet


def duckdb_copy(job: Job) -> int:
    """Local files to Parquet; doubles, and unknown fields are dropped."""
    import duckdb

    columns = {f.name: _duckdb_type(f) for f in _fields(job)}
    duckdb.execute(
        f"COPY (SELECT * FROM read_json({[str(p) for p in job.parts]!r}, columns={columns!r},"  # noqa: S608
        f" format='newline_delimited')) TO '{job.cache / 'duckdb.parquet'}'"
        " (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
    )
    made = duckdb.read_parquet(str(job.cache / "duckdb.parquet"))
    return int(made.count("*").fetchall()[0][0])


def polars_ndjson(job: Job) -> int:
    """Local files to Parquet; decimals as doubles, unknown fields are dropped."""
    import polars as pl

    path = job.cache / "polars.parquet"
    pl.scan_ndjson(job.parts, schema=_polars_schema(job)).sink_parquet(
        path, compression="zstd", compression_level=1
    )
    return _height(pl.scan_parquet(path))


def pandas_json(job: Job) -> int:
    """Local files to one frame in memory: no types to speak of, nested values as objects."""
    import pandas as pd

    frames = [pd.read_json(path, lines=True) for path in job.parts]
    return len(pd.concat(frames, ignore_index=True))


def simdjson_parse(job: Job) -> int:
    """Parse every line and throw it away: the floor."""
    import simdjson

    parser, rows = simdjson.Parser(), 0
    for path in job.parts:
        with path.open("rb") as file:
            for line in file:
                parser.parse(line)
                rows += 1
    return rows


def curl(job: Job) -> int:
    """Download to disk, four at a time."""
    urls = [f"{job.address}/{path.name}" for path in job.parts]
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda url: subprocess.run(  # noqa: S603
                    ["curl", "-s", "-o", job.cache / url.rsplit("/", 1)[1], url],  # noqa: S607
                    check=True,
                ),
                urls,
            )
        )
    return 0


def decode_alone(job: Job) -> int:
    """Decode and write what lies on disk, as many parts at a time as a load does."""
    import os

    from mews_frames._frames.columns import keep
    from mews_frames._frames.decode import decode_part
    from mews_frames._frames.lines import Place
    from mews_frames._frames.parquet import Origin, write_part
    from mews_frames._parts import SIDE_BY_SIDE

    kept, export_id = keep(job.entity_type, None), "3fa85f64-5717-4562-b3fc-2c963f66afa6"
    decoders = ThreadPoolExecutor(os.cpu_count())

    def one(path: Path) -> int:
        number = int(path.stem.split("-")[1])
        with path.open("rb") as file:
            chunks = iter(lambda: file.read(1024 * 1024), b"")
            tables = decode_part(chunks, kept, Place(export_id, number), decoders)
            return write_part(
                job.cache / path.with_suffix(".parquet").name,
                tables,
                kept,
                Origin(export_id, number, path.stat().st_size),
            ).rows

    with ThreadPoolExecutor(SIDE_BY_SIDE) as parts:
        return sum(parts.map(one, job.parts))


def _fields(job: Job) -> Any:
    from mews_frames._schemas import load_schema

    return load_schema(job.entity_type).fields


def _duckdb_type(field: Any) -> str:
    if field.items is not None:
        return f"{_duckdb_type(field.items)}[]"
    if field.type == "object":
        inner = ", ".join(f'"{f.name}" {_duckdb_type(f)}' for f in field.fields)
        return f"STRUCT({inner})"
    return {
        "integer": "BIGINT",
        "decimal": "DOUBLE",
        "degrees": "DOUBLE",
        "boolean": "BOOLEAN",
        "datetime": "TIMESTAMP",
        "date": "DATE",
        "map": "MAP(VARCHAR, VARCHAR)",
    }.get(field.type, "VARCHAR")


def _polars_schema(job: Job) -> Any:
    import polars as pl

    from mews_frames._frames.types import polars_type

    return pl.Schema({f.name: polars_type(f, "float") for f in _fields(job)})


# --------------------------------------------------------------------------- one query

SINCE = datetime(2026, 9, 1, tzinfo=UTC)


def _group(frame: Any, net: Any) -> int:
    import polars as pl

    result = (
        frame.filter(pl.col("ConsumedUtc") >= SINCE)
        .group_by(pl.col("ConsumedUtc").dt.truncate("1mo").alias("Month"), "Type")
        .agg(net.sum())
        .collect()
    )
    return int(result.height)


def query_ours(job: Job, frame: Any = None) -> int:
    """Ask the frame of a warm load; without one, load it first."""
    import polars as pl

    if frame is None:
        frame = _warm_frame(job)
    return _group(frame, pl.col("Amount.NetValue"))


def _warm_frame(job: Job) -> Any:
    with _client(job) as client:
        return client.load_entities(job.entity_type, progress=False)


def query_parquet(job: Job) -> int:
    """Ask the same files with scan_parquet, as one would write it by hand."""
    import polars as pl

    files = sorted(job.cache.rglob("part-*.parquet"))
    frame = pl.scan_parquet(files).select("ConsumedUtc", "Type", "Amount.NetValue")
    return _group(frame, pl.col("Amount.NetValue"))


def query_ndjson(job: Job) -> int:
    """Ask the raw parts with Polars, typing no more than is needed."""
    import polars as pl

    schema = pl.Schema(
        {
            "ConsumedUtc": pl.Datetime("us", "UTC"),
            "Type": pl.String(),
            "Amount": pl.Struct({"NetValue": pl.Float64()}),
        }
    )
    frame = pl.scan_ndjson(job.parts, schema=schema)
    return _group(frame, pl.col("Amount").struct.field("NetValue"))


def query_duckdb(job: Job) -> int:
    """Ask the raw parts with DuckDB, typing no more than is needed."""
    import duckdb

    rows = duckdb.sql(
        "SELECT date_trunc('month', ConsumedUtc), Type, sum(Amount.NetValue)"  # noqa: S608
        f" FROM read_json({[str(p) for p in job.parts]!r}, format='newline_delimited', columns="
        "{ConsumedUtc: 'TIMESTAMP', Type: 'VARCHAR', Amount: 'STRUCT(NetValue DOUBLE)'})"
        " WHERE ConsumedUtc >= '2026-09-01' GROUP BY ALL"
    ).fetchall()
    return len(rows)


def _import_duckdb() -> None:
    import duckdb

    import mews_frames  # noqa: F401 - the schemas

    duckdb.sql("SELECT 1").fetchall()


def _import_polars() -> None:
    import polars as pl  # noqa: F401

    import mews_frames  # noqa: F401 - the schemas


def _import_pandas() -> None:
    import pandas as pd  # noqa: F401


def _import_simdjson() -> None:
    import simdjson  # noqa: F401


def _import_nothing() -> None:
    pass


def _import_ours() -> None:
    import mews_frames  # noqa: F401

    mews_frames_import()


CONTENDERS: dict[str, tuple[Callable[[], None], Callable[..., int]]] = {
    "cold": (_import_ours, cold),
    **{f"cold_{n}": (_import_ours, _cold_on(n)) for n in (1, 2, 3, 4)},
    "warm_load": (_import_ours, warm_load),
    "duckdb_copy": (_import_duckdb, duckdb_copy),
    "polars_ndjson": (_import_polars, polars_ndjson),
    "pandas_json": (_import_pandas, pandas_json),
    "simdjson_parse": (_import_simdjson, simdjson_parse),
    "curl": (_import_nothing, curl),
    "decode_alone": (_import_ours, decode_alone),
    "query_ours": (_import_ours, query_ours),
    "load_and_query_ours": (_import_ours, query_ours),
    "query_parquet": (_import_polars, query_parquet),
    "query_ndjson": (_import_polars, query_ndjson),
    "query_duckdb": (_import_duckdb, query_duckdb),
}
"""What is imported beforehand, and what is timed."""


def _processor() -> float:
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def main() -> None:
    """Run one contender and print what it took."""
    name, folder, address, cache = sys.argv[1:]
    prepare, run = CONTENDERS[name]
    prepare()
    job = Job(Path(folder), address, Path(cache))
    given = [_warm_frame(job)] if name == "query_ours" else []
    wall, processor = time.perf_counter(), _processor()
    rows = run(job, *given)
    taken = {
        "seconds": time.perf_counter() - wall,
        "processor": _processor() - processor,
        "rows": rows,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(taken))


if __name__ == "__main__":
    main()
