"""kill -9 at any moment: the next run is as good as one that nobody disturbed."""

import json
import os
import random
import re
import shutil
import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import polars as pl
import pytest
from support import hotel
from support.mortal import PHASES, Hurried, Killer, Nest

import mews_frames as mf
from mews_frames._cache.sums import RECORD
from mews_frames.testing import Drip

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")

ROWS, PARTS = 900, 3
SIDE_BY_SIDE = 6
"""Lives at a time: most of each is waiting."""

SLOWLY = Drip(rate=16_384, times=None)
"""16 KB for each of the server's seconds; one takes 2 ms, so that a part takes about 60."""


@dataclass
class Clean:
    """What a life that nobody disturbs looks like."""

    frame: pl.DataFrame
    files: list
    size: int
    lengths: dict


@dataclass
class Outcome:
    """What came of one kill."""

    seed: int
    aimed: str
    phases: tuple
    exports: int
    lost: bool
    again: int
    recovery: float
    faults: list = field(default_factory=list)


@pytest.fixture(scope="module")
def nest():
    nest = Nest()
    yield nest
    nest.close()


@pytest.fixture(scope="module")
def parts():
    lines = hotel.all_lines("OrderItem", ROWS)
    step = -(-len(lines) // PARTS)
    return [b"\n".join([*lines[i : i + step], b""]) for i in range(0, len(lines), step)]


@pytest.fixture(scope="module")
def clean(nest, parts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clean")
    with pretend_mews(parts) as mews:
        life = nest.live(folder, **order(mews, folder))
        assert life.error is None
        export_id = mews.requests[-1].path.split("/")[-1][:36]
    lengths = {phase: statistics.fmean(life.lengths(phase)) for phase in PHASES}
    frame = pl.read_ipc(folder / "frame")
    assert frame.height == ROWS
    return Clean(frame, files(folder / "cache", export_id), sum(map(len, parts)), lengths)


def pretend_mews(parts):
    return mf.sandbox(
        records={"OrderItem": parts}, faults=[SLOWLY], duration=0.12, clock=Hurried(500.0)
    )


def order(mews, folder):
    return {
        "address": mews.address,
        "client_token": mews.client_token,
        "access_token": mews.access_token,
        "out": str(folder / "frame"),
    }


def files(cache, export_id):
    """List what lies in a cache: name, mode, content of the tag. Ids are not the same each time."""
    found = []
    for path in cache.rglob("*"):
        name = str(path.relative_to(cache)).replace(export_id, "EXPORT")
        name = re.sub("[0-9a-f]{64}[.]|[0-9a-f]{16}-", "DIGEST", name)
        content = path.read_text() if path.name == "CACHEDIR.TAG" else ""
        found.append((name, path.stat().st_mode, content))
    return sorted(found)


# --------------------------------------------------------------------------- one kill


def killed(nest, mews, folder, clean, rng, aimed):
    """Let a process live until it is killed in a phase; None if it was too fast."""
    occasions = {"download": PARTS, "decode": PARTS, "commit": PARTS + 1}
    nth = rng.randint(1, occasions.get(aimed, 1))
    killer = Killer(aimed, nth, rng.uniform(0, clean.lengths[aimed]))
    life = nest.live(folder, killer, **order(mews, folder))
    killer.wait()
    assert life.error is None, life.error
    return None if life.is_done else life


def attack(nest, parts, clean, folder, seed):
    rng = random.Random(seed)  # noqa: S311 - no secret
    aimed = PHASES[seed % len(PHASES)]
    while True:
        with pretend_mews(parts) as mews:
            if life := killed(nest, mews, folder, clean, rng, aimed):
                outcome = recovered(nest, mews, folder, clean, seed, aimed, life)
                shutil.rmtree(folder)
                return outcome
        shutil.rmtree(folder)


def recovered(nest, mews, folder, clean, seed, aimed, killed):
    cache = folder / "cache"
    before = mews.requests
    known = ids_in_journal(cache)
    there = arrived(cache)
    whole = {path.parent.name for path in cache.glob("v1/exports/*/export.json")}
    life = nest.live(folder, **order(mews, folder))
    requests = mews.requests
    later = requests[len(before) :]
    faults = []
    # Two only if the kill fell between sending the first add and storing its answer.
    lost = not known and "+send" in killed.words and len(added(requests)) == 2
    if life.error is not None or not life.is_done:
        faults.append(f"the next run ended with {life.error}")
    elif not pl.read_ipc(folder / "frame").equals(clean.frame):
        faults.append("another frame than that of a clean run")
    if len(added(requests)) != 1 + lost:
        faults.append(f"{len(added(requests))} exports, lost is {lost}")
    if whole and later:
        faults.append("what is whole was asked for again")
    export_ids = ids_in_journal(cache)
    if len(export_ids) != 1 or (known and known != export_ids):
        faults.append(f"the journal knows {export_ids}, before {known}")
    if files(cache, export_ids[0]) != clean.files:
        extra = set(files(cache, export_ids[0])) ^ set(clean.files)
        faults.append(f"other files than after a clean run: {extra}")
    faults += fetched_twice(later, there)
    fetched = sum(r.sent for r in requests if r.operation == "download")
    return Outcome(
        seed,
        aimed,
        killed.last_phases,
        len(added(requests)),
        lost,
        fetched - clean.size,
        life.ended - life.began,
        faults,
    )


def fetched_twice(requests, there):
    """Name the downloads that did not begin where the part on disk ends."""
    for request in requests:
        if request.operation == "download":
            number = int(request.path.rsplit("-", 1)[1].split(".")[0])
            begins = int(request.headers.get("range", "bytes=0-")[6:].split("-")[0])
            if begins != there.get(number, 0):
                yield f"part {number} from {begins}; there were {there.get(number)}"


def added(requests):
    return [r for r in requests if r.operation == "add" and r.status == 200]


def ids_in_journal(cache):
    records = [json.loads(path.read_text()) for path in cache.glob("v1/requests/*.json")]
    return [each["export"]["Id"] for record in records for each in record["exports"]]


def arrived(cache):
    """Say from which byte each part has to be fetched, for all that lies in a cache."""
    there = {}
    for path in cache.glob("v1/exports/*/part-*.jsonl.partial"):
        sums = path.with_suffix(".sums")  # for each block its length and its digest
        records = sums.read_bytes() if sums.exists() else b""
        there[int(path.name[5:10])] = sum(length for length, _ in RECORD.iter_unpack(records))
    for path in cache.glob("v1/exports/*/part-*.parquet"):
        there[int(path.name[5:10])] = -1  # never
    return there


# --------------------------------------------------------------------------- many kills


def report(outcomes, size):
    """Sum up, for docs/explanation/reliability.md."""
    halfway = [o.again for o in outcomes if "download" in o.phases]
    recoveries = [o.recovery for o in outcomes]
    return {
        "kills": len(outcomes),
        "in each phase": {phase: sum(phase in o.phases for o in outcomes) for phase in PHASES},
        "between phases": sum(not o.phases for o in outcomes),
        "wrong afterwards": sum(bool(o.faults) for o in outcomes),
        "answers to add lost": sum(o.lost for o in outcomes),
        "exports wasted": sum(o.exports - 1 for o in outcomes),
        "bytes of an export": size,
        "bytes fetched again, median": statistics.median(o.again for o in outcomes),
        "the same of kills during a download": statistics.median(halfway),
        "bytes fetched again, most": max(o.again for o in outcomes),
        "seconds of the next run, median": round(statistics.median(recoveries), 2),
        "seconds of the next run, most": round(max(recoveries), 2),
    }


def attack_often(nest, parts, clean, folder, seeds):
    def one(seed):
        return attack(nest, parts, clean, folder / str(seed), seed)

    with ThreadPoolExecutor(SIDE_BY_SIDE) as lives:
        return list(lives.map(one, seeds))


def check(outcomes, figures):
    assert "\n".join(f"{o.seed} {o.phases} {o.faults}" for o in outcomes if o.faults) == ""
    # No promise about a phase that nobody was killed in.
    assert min(figures["in each phase"].values()) >= len(outcomes) / 50, figures


def test_fifty_kills_leave_nothing_wrong(nest, parts, clean, tmp_path):
    outcomes = attack_often(nest, parts, clean, tmp_path, range(50))
    check(outcomes, report(outcomes, clean.size))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_thousand_kills_leave_nothing_wrong(nest, parts, clean, tmp_path, capsys):
    outcomes = attack_often(nest, parts, clean, tmp_path, range(1000, 2000))
    figures = report(outcomes, clean.size)
    with capsys.disabled():
        print("\n" + json.dumps(figures, indent=2))  # noqa: T201 - they go to the documentation
    check(outcomes, figures)
