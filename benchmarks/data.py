"""The data of the benchmarks: parts of JSON Lines, made once by the sandbox's own generator."""

from __future__ import annotations

import json
import shutil
import urllib.request
from typing import TYPE_CHECKING

import mews_frames as mf

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_parts", "with_unknown_fields"]

LINE = {"OrderItem": 1_700, "Reservation": 1_150, "Customer": 2_000}
"""Bytes of a record, about."""

SHARE = {"OrderItem": 1.0, "Reservation": 0.23, "Customer": 0.2}
"""Records for each record of OrderItem that a sandbox is asked for, about."""


def make_parts(folder: Path, entity_type: str, *, rows: int, parts: int) -> list[Path]:
    """Give parts of an entity type, made and kept in `folder` unless they are there.

    Parameters
    ----------
    folder
        Where they are kept.
    entity_type
        Which one.
    rows
        Records in all, about; as the generator makes hotels, not single rows, it may be some more.
    parts
        How many files.
    """
    there = folder / f"{entity_type}-{rows}-{parts}"
    if not there.exists():
        aside = folder / f"{there.name}.aside"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        count = int(rows / SHARE[entity_type])
        with mf.sandbox(rows=count, parts=parts, duration=0.0) as mews:
            for number, url in enumerate(_links(mews, entity_type), 1):
                urllib.request.urlretrieve(url, aside / f"part-{number}.jsonl")  # noqa: S310
        aside.rename(there)
    return sorted(there.glob("*.jsonl"), key=lambda path: int(path.stem.split("-")[1]))


def _links(mews: mf.typing.Sandbox, entity_type: str) -> list[str]:
    added = _post(mews, "add", {"EntityType": entity_type})["Export"]
    while True:
        (export,) = _post(mews, "getAll", {"ExportIds": [added["Id"]]})["Exports"]
        if export["Status"] == "Success":
            return [file["Url"] for file in export["Files"]]


def _post(mews: mf.typing.Sandbox, operation: str, data: dict[str, object]) -> dict:
    signed = {
        "ClientToken": mews.client_token,
        "AccessToken": mews.access_token,
        "Client": "benchmarks 1.0",
        **data,
    }
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{mews.address}/api/connector/v1/exports/{operation}",
        json.dumps(signed).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def with_unknown_fields(parts: list[Path]) -> list[Path]:
    """Give the same parts with three unknown fields in every record: a text, a number, a list.

    Their values are other ones in each record, as ids and amounts would be.
    """
    folder = parts[0].parent.with_name(parts[0].parent.name + "-unknown-fields")
    if not folder.exists():
        aside = folder.with_name(folder.name + ".aside")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        for path in parts:
            with path.open("rb") as source, (aside / path.name).open("wb") as target:
                target.writelines(
                    line.removesuffix(b"}\n") + _unknown(number)
                    for number, line in enumerate(source)
                )
        aside.rename(folder)
    return [folder / path.name for path in parts]


def _unknown(number: int) -> bytes:
    return b',"BenchmarkCode":"A-%d","BenchmarkScore":%d.50,"BenchmarkTags":["new","%d"]}\n' % (
        number,
        number,
        number % 100,
    )
