"""Make the sample caches in tests/cache/samples: what a release of each layout leaves on disk.

They are kept as they are: tests say that later releases serve or ignore them, and never misread
them. Run it only for a new layout, and under a new name; the rows are made up.

v0 and v2 are invented, as an older and a newer release might leave them.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import mews_frames as mf
from mews_frames.testing import FakeClock

SAMPLES = Path(__file__).parents[1] / "tests" / "cache" / "samples"
ADDRESS = "http://mews.invalid"


def make_v1(folder: Path) -> None:
    """Make a cache with one export that is whole, and one that was running."""
    with mf.sandbox(rows=200, clock=FakeClock()) as mews:
        client = mews.client(
            platform_address=ADDRESS, transport=mews.transport, cache_dir=folder / "cache"
        )
        frame = client.load_entities("ResourceBlock", progress=False).collect()
        running = client.start_export("Company", progress=False)
        notes = {
            "client_token": mews.client_token,
            "access_token": mews.access_token,
            "platform_address": ADDRESS,
            "running": running.id,
            "rows": frame.height,
        }
        frame.write_ndjson(folder / "rows.jsonl")
    (folder / "notes.json").write_text(json.dumps(notes, indent=1) + "\n", "utf-8")
    shutil.rmtree(folder / "cache" / "v1" / "locks")


def make_other(folder: Path, layout: int, v1: Path) -> None:
    """Make up a cache of another layout: its own folder, and its files where ours would lie."""
    cache = folder / "cache"
    shutil.copytree(v1 / "cache", cache)
    (cache / "v1").rename(cache / f"v{layout}")
    for path in (cache / f"v{layout}").rglob("*.json"):
        data = json.loads(path.read_text("utf-8")) | {"layout": layout, "novelty": True}
        path.write_text(json.dumps(data, indent=1) + "\n", "utf-8")


def main() -> None:
    """Make those that are not there."""
    for name in ("v1", "v0", "v2"):
        folder = SAMPLES / name
        if folder.exists():
            print(f"{folder} is kept as it is")
            continue
        folder.mkdir(parents=True)
        if name == "v1":
            make_v1(folder)
        else:
            make_other(folder, int(name[1:]), SAMPLES / "v1")


if __name__ == "__main__":
    main()
