"""Where exports live: a folder for several processes, which a killed one leaves whole."""

import json
import os
import signal
import subprocess
import sys
import threading
import tracemalloc

import pytest

from mews_frames._clock import SystemClock
from mews_frames._sandbox import store as store_module
from mews_frames._sandbox.checks import Add, RefusedError
from mews_frames._sandbox.store import Store
from mews_frames._sandbox.stored import Recipe
from mews_frames.errors import CacheError
from mews_frames.testing import FakeClock

ORDERS = Add("OrderItem")
LINE = b'{"Id": 1}\n'
DAY = 86_400


def some_lines(_stored):
    for _ in range(100):
        yield LINE


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def open_store(tmp_path, clock):
    """Make stores that share one folder."""
    opened = []

    def open_one(lines=some_lines, given=None):
        opened.append(Store(tmp_path / "mews", clock, lines, given))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def add(store, asked=ORDERS, *, fails=False, **recipe):
    return store.add(asked, Recipe(**recipe), lambda: fails)


def finished(store, clock, **recipe):
    stored = add(store, **recipe)
    clock.sleep(3)
    return stored


def content(parts):
    return b"".join(part.path.read_bytes()[part.start : part.stop] for part in parts)


def test_what_one_store_adds_another_one_finds(open_store, clock):
    stored = add(open_store(), Add("LedgerEntry", posted=("2025-01-01", "2025-12-31")))
    other = open_store()
    assert other.get(stored.id) == stored
    with pytest.raises(RefusedError, match="in progress"):
        add(other, Add("LedgerEntry"))
    clock.sleep(3)
    assert other.look(stored)[0] == "Success"


def test_rows_are_written_once_for_all_stores(open_store, clock):
    written = []

    def counted(stored):
        written.append(stored.id)
        return some_lines(stored)

    one, other = open_store(counted), open_store(counted)
    stored = finished(one, clock)
    assert one.look(stored) == other.look(stored)
    assert written == [stored.id]


def test_looks_at_the_same_moment_write_rows_once(open_store, clock):
    began, go_on = threading.Event(), threading.Event()
    written = []

    def slow(stored):
        written.append(stored.id)
        began.set()
        assert go_on.wait(10)
        yield from some_lines(stored)

    stores = [open_store(slow), open_store(slow)]
    stored = finished(stores[0], clock)
    seen = []
    threads = [
        threading.Thread(target=lambda s=s: seen.append(s.look(stored)[0])) for s in stores * 3
    ]
    for thread in threads:
        thread.start()
    assert began.wait(10)
    go_on.set()
    for thread in threads:
        thread.join()
    assert seen == ["Success"] * 6
    assert len(written) == 1


def test_parts_are_of_equal_size_as_far_as_whole_lines_allow(open_store, clock):
    store = open_store()
    stored = finished(store, clock, parts=7)
    _, parts = store.look(stored)
    assert content(parts) == LINE * 100
    assert len(parts) == 7
    assert all(part.size % len(LINE) == 0 for part in parts)
    assert {part.size // len(LINE) for part in parts} <= {14, 15}


def test_fewer_lines_than_parts_make_fewer_parts(open_store, clock):
    store = open_store(lambda _: iter([LINE, LINE]))
    _, parts = store.look(finished(store, clock, parts=5))
    assert [part.size for part in parts] == [len(LINE)] * 2


def test_rows_that_take_long_are_processing_until_they_are_there(open_store, clock, monkeypatch):
    monkeypatch.setattr(store_module, "PATIENCE", 0.01)
    go_on = threading.Event()

    def slow(stored):
        assert go_on.wait(10)
        yield from some_lines(stored)

    store = open_store(slow)
    stored = finished(store, clock)
    assert store.look(stored) == ("Processing", [])
    with pytest.raises(RefusedError, match="in progress"):
        add(open_store())
    go_on.set()
    monkeypatch.setattr(store_module, "PATIENCE", 10)
    assert store.look(stored)[0] == "Success"
    assert add(open_store()).id != stored.id


def test_an_export_that_was_given_up_is_written_at_the_next_look(open_store, clock, monkeypatch):
    monkeypatch.setattr(store_module, "PATIENCE", 0.01)
    endless = threading.Event()

    def slow(stored):
        while not endless.is_set():
            yield LINE
        yield from some_lines(stored)

    store = open_store(slow)
    stored = finished(store, clock)
    assert store.look(stored)[0] == "Processing"
    store.close()
    endless.set()
    monkeypatch.setattr(store_module, "PATIENCE", 10)
    status, parts = store.look(stored)
    assert (status, content(parts)) == ("Success", LINE * 100)


def test_rows_that_cannot_be_written_are_told_and_leave_nothing(open_store, clock, tmp_path):
    full = [True]

    def lines(stored):
        yield LINE
        if full:
            raise OSError("no space left")
        yield from some_lines(stored)

    store = open_store(lines)
    stored = finished(store, clock)
    with pytest.raises(OSError, match="no space left"):
        store.look(stored)
    assert not list(tmp_path.rglob("rows.part"))
    full.clear()
    assert store.look(stored)[0] == "Success"


def test_rows_are_never_held_in_memory(open_store, clock):
    def many(_stored):
        for _ in range(200):
            yield LINE * 25_000  # 250 KB

    store = open_store(many)
    stored = finished(store, clock)
    tracemalloc.start()
    try:
        _, parts = store.look(stored)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(part.size for part in parts) == 50_000_000
    assert peak < 2_000_000


def test_given_parts_are_served_as_they_are(open_store, clock):
    given = [b"not json", b"", b"\xff\n"]
    store = open_store(given={"OrderItem": given, "Bill": []})
    _, parts = store.look(finished(store, clock))
    assert [content([part]) for part in parts] == given
    bills = add(store, Add("Bill"))
    clock.sleep(3)
    assert store.look(bills) == ("Success", [])


# --------------------------------------------------------------------------- expiry


def test_an_expired_export_loses_its_rows_at_the_next_add_and_then_itself(open_store, clock):
    store = open_store()
    old = finished(store, clock)
    _, parts = store.look(old)
    clock.sleep(7 * DAY)
    assert store.look(old) == ("Expired", [])
    add(store)
    assert not parts[0].path.exists()
    assert store.get(old.id) == old
    clock.sleep(30 * DAY + 1)
    assert store.get(old.id) is None
    add(store)
    assert not parts[0].path.parent.exists()


def test_rows_of_old_exports_go_and_come_back_the_same(open_store, clock, tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "KEPT", 2)
    store = open_store()
    exports = []
    for _ in range(4):
        exports.append(finished(store, clock))
        assert store.look(exports[-1])[0] == "Success"
    add(store, Add("Bill"))
    kept = {path.parent.name for path in tmp_path.rglob("rows.jsonl")}
    assert kept == {each.id for each in exports[2:]}
    assert store.part(exports[0].id, 1) is None
    assert content(store.look(exports[0])[1]) == LINE * 100


def test_rows_that_go_during_a_look_do_not_make_an_empty_export(open_store, clock, monkeypatch):
    store = open_store()
    stored = finished(store, clock)
    make = store._make

    def made_and_gone(stored):
        assert make(stored)
        store._drop_rows(stored)
        return True

    monkeypatch.setattr(store, "_make", made_and_gone)
    assert store.look(stored) == ("Processing", [])


def test_what_another_version_wrote_does_not_stand_in_the_way(open_store, clock, tmp_path):
    store = open_store()
    stored = add(store)
    (strange,) = tmp_path.rglob("export.json")
    for text in ("", "{}", "[]", '{"asked": {"colour": "red"}}', '{"asked": 1, "added": 2}'):
        strange.write_text(text)
        assert store.get(stored.id) is None
        clock.sleep(3)
        assert add(store, Add("Bill")).id


# --------------------------------------------------------------------------- processes

PROCESS = """
import sys, time
from pathlib import Path
from mews_frames._clock import SystemClock
from mews_frames._sandbox.checks import Add, RefusedError
from mews_frames._sandbox.store import Store
from mews_frames._sandbox.stored import Recipe

def slow(stored):
    yield b'{"Id": "half"}\\n' * 100_000
    print("writing", flush=True)
    time.sleep(600)

store = Store(Path(sys.argv[1]) / "mews", SystemClock(), slow)
"""


def start(code, *arguments):
    """Start a process that says what it does and listens to what it is told."""
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS + code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_another_process_sees_the_export_and_is_refused_a_second_one(tmp_path):
    store = Store(tmp_path / "mews", SystemClock(), some_lines)
    stored = add(store, duration=600.0)
    code = """
print(store.get(sys.argv[2]).asked.entity_type)
try:
    store.add(Add("OrderItem"), Recipe(), lambda: False)
except RefusedError as refused:
    print(refused.status)
print(store.add(Add("Bill"), Recipe(duration=600.0), lambda: False).id)
"""
    entity_type, status, bill = start(code, tmp_path, stored.id).communicate()[0].split()
    assert (entity_type, status) == ("OrderItem", "400")
    assert store.get(bill).asked == Add("Bill")
    with pytest.raises(RefusedError):
        add(store, Add("Bill"))


def test_of_processes_that_add_at_once_one_is_taken(tmp_path):
    code = """
print("ready", flush=True)
sys.stdin.readline()
try:
    print(store.add(Add("OrderItem"), Recipe(duration=600.0), lambda: False).id)
except RefusedError:
    print("refused")
"""
    processes = [start(code, tmp_path) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[0].strip() for process in processes]
    assert sorted(said)[1:] == ["refused"] * 2


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_writer_does_not_leave_a_broken_export(tmp_path):
    store = Store(tmp_path / "mews", SystemClock(), some_lines)
    stored = add(store, duration=0.0)
    writer = start(f"store.look(store.get({stored.id!r}))", tmp_path)
    assert writer.stdout.readline() == "writing\n"
    assert list(tmp_path.rglob("rows.part"))
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    status, parts = store.look(stored)
    assert (status, content(parts)) == ("Success", LINE * 100)
    assert not list(tmp_path.rglob("rows.part"))


def test_rows_without_their_cuts_are_no_rows(open_store, clock, tmp_path):
    """A process may be killed between the rows and their cuts, which come last."""
    store = open_store()
    stored = finished(store, clock)
    store.look(stored)
    (cuts,) = tmp_path.rglob("parts.json")
    (rows,) = tmp_path.rglob("rows.jsonl")
    cuts.unlink()
    rows.write_bytes(b"half")
    assert store.part(stored.id, 1) is None
    assert content(store.look(stored)[1]) == LINE * 100


posix = pytest.mark.skipif(os.name != "posix", reason="owners and mode bits are POSIX")


@posix
@pytest.mark.parametrize("name", ["", "exports"])
def test_a_folder_that_others_can_write_is_refused(open_store, tmp_path, name):
    open_store()
    place = tmp_path / "mews" / name
    place.chmod(0o1777)
    with pytest.raises(CacheError, match="other users can write it") as caught:
        open_store()
    assert str(place) in caught.value.message


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can give files to somebody else"
)
@pytest.mark.parametrize("name", ["", "exports"])
def test_a_folder_of_somebody_else_is_refused(open_store, tmp_path, name):
    open_store()
    os.chown(tmp_path / "mews" / name, 65_534, 65_534)
    with pytest.raises(CacheError, match=r"belongs to another user \(uid 65534\)"):
        open_store()


@posix
def test_an_export_is_private_whatever_the_umask(open_store, tmp_path):
    before = os.umask(0)
    try:
        stored = add(open_store())
    finally:
        os.umask(before)
    assert (tmp_path / "mews" / "exports" / stored.id).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("elsewhere", ["an absolute path", "..", "the id of another export"])
def test_what_was_prepared_leads_no_pruning_elsewhere(open_store, clock, tmp_path, elsewhere):
    store = open_store()
    forgotten = add(store, Add("Bill"))
    clock.sleep(60 * DAY)  # long enough to be pruned at the next add
    folder = tmp_path / "mews" / "exports" / forgotten.id
    mine = tmp_path / "mine"
    mine.mkdir()
    other = add(open_store(), duration=600.0)  # which prunes that one
    folder.mkdir(mode=0o700)
    leads = {
        "an absolute path": str(mine),
        "..": "../../mine",
        "the id of another export": other.id,
    }
    said = json.loads((folder.with_name(other.id) / "export.json").read_text("utf-8"))
    said |= {"id": leads.get(elsewhere, other.id), "added": "2020-01-01T00:00:00+00:00"}
    (folder / "export.json").write_text(json.dumps(said), "utf-8")
    add(store, Add("Company"))
    assert mine.is_dir()
    assert store.get(other.id) == other


def test_what_is_no_id_names_no_export(open_store, tmp_path):
    store = open_store()
    folder = tmp_path / "mews" / "exports" / add(store).id
    said = json.loads((folder / "export.json").read_text("utf-8")) | {"id": "../../elsewhere"}
    (folder / "export.json").write_text(json.dumps(said), "utf-8")
    folder.rename(tmp_path / "elsewhere")
    assert store.get("../../elsewhere") is None


@posix
def test_an_export_behind_a_link_is_none(open_store, tmp_path):
    store = open_store()
    stored = add(store)
    folder = tmp_path / "mews" / "exports" / stored.id
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert store.get(stored.id) is None
