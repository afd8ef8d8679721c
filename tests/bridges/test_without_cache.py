"""cache=False: the same frames, read at Mews as they are needed, and no rows on disk."""

import json
import threading
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import mews_frames as mf
from mews_frames import errors
from mews_frames._bridges import lazily
from mews_frames._bridges import reading as room
from mews_frames._bridges.ahead import FIRST
from mews_frames._frames.columns import keep
from mews_frames._sandbox.stored import MEMORY
from mews_frames.testing import (
    Compress,
    Corrupt,
    Drop,
    ExpireUrls,
    NoRange,
    Refuse,
    Truncate,
)

DATA = Path(__file__).parents[1] / "data"
POSTED = ("2020-01-01", "2030-01-01")
ENGINES = ["in-memory", "streaming"]
every_engine = pytest.mark.parametrize("engine", ENGINES)
every_type = pytest.mark.parametrize("entity_type", mf.entity_types())


def load(shop, entity_type="OrderItem", *, cache=False, **options):
    if entity_type == "LedgerEntry":
        options["posted"] = POSTED
    return shop.client.load_entities(entity_type, cache=cache, progress=False, **options)


def both(shop, entity_type="OrderItem", **options):
    """Load the same export twice: from afar, and through the cache."""
    return (load(shop, entity_type, cache=cache, **options) for cache in (False, True))


def on_disk(client):
    root = client.cache.path
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


# --------------------------------------------------------------------------- the same frames


@every_type
@every_engine
def test_the_frame_is_the_one_of_the_cache(shop, entity_type, engine):
    afar, cached = both(shop, entity_type)
    assert afar.collect_schema() == cached.collect_schema() == mf.schema_of(entity_type)
    afar, cached = afar.collect(engine=engine), cached.collect()
    assert afar.height > 0
    assert_frame_equal(afar, cached)


@pytest.fixture
def odd(open_shop):
    """Exports whose lines hold what the schema does not know, of every type."""
    records = {}
    for entity_type in mf.entity_types():
        record = {"Id": "a", "New": {"b": 1.50}, "UpdatedUtc": 5, "Amount": [1], "Data": {"X": 0}}
        sample = DATA / f"{entity_type}.jsonl"
        lines = sample.read_bytes().splitlines() if sample.exists() else []
        lines += [json.dumps(record).encode(), b"", b'{"Id": 5}']
        records[entity_type] = [b"\n".join(lines), b"", b'{"Id": "z"}\r\n']
    return open_shop(records=records)


@every_type
@pytest.mark.parametrize("options", [{}, {"flatten": False}, {"money": "float"}], ids=str)
def test_rescued_data_structs_and_doubles_are_those_of_the_cache(odd, entity_type, options):
    afar, cached = both(odd, entity_type, **options)
    assert afar.collect_schema() == cached.collect_schema()
    afar, cached = afar.collect(), cached.collect()
    assert afar["_rescued_data"].null_count() < afar.height
    assert_frame_equal(afar, cached)


@pytest.mark.parametrize("columns", [["Amount"], ["Amount.NetValue", "Id"], ["Data", "UpdatedUtc"]])
@pytest.mark.parametrize("flatten", [True, False])
def test_columns_and_what_is_rescued_of_them_are_those_of_the_cache(odd, columns, flatten):
    afar, cached = both(odd, columns=columns, flatten=flatten)
    assert_frame_equal(afar.collect(), cached.collect())


@pytest.mark.parametrize("wanted", [["Id"], ["_rescued_data"], ["Amount.NetValue", "Type"]])
def test_selected_columns_hold_the_same_whether_others_are_read_or_not(odd, wanted):
    frame = load(odd)
    assert_frame_equal(frame.select(wanted).collect(), frame.collect().select(wanted))


@pytest.mark.parametrize("backend", ["pandas", "pyarrow"])
def test_other_backends_read_it_whole(shop, backend):
    afar, cached = both(shop, "Payment", backend=backend)
    assert len(afar) > 0
    assert afar.equals(cached)


def test_drift_looks_into_it(odd):
    assert "/New" in set(mf.drift(load(odd))["pointer"])


@pytest.mark.parametrize("records", [[], [b""], [b"\n\n", b""]], ids=["no part", "empty", "blank"])
@every_engine
def test_an_export_of_nothing_is_an_empty_frame_with_all_columns(open_shop, records, engine):
    shop = open_shop(records={"Bill": records})
    frame = load(shop, "Bill")
    assert frame.collect(engine=engine).schema == mf.schema_of("Bill")
    assert frame.select(pl.len()).collect(engine=engine).item() == 0
    assert frame.head(5).collect(engine=engine).height == 0


# --------------------------------------------------------------------------- no rows on disk


def test_nothing_but_the_journal_is_on_disk(shop):
    frame = load(shop)
    frame.collect()
    load(shop, "Payment", backend="pandas")
    kept = {name for name in on_disk(shop.client) if not name.startswith("v1/locks/")}
    kept -= {"CACHEDIR.TAG", "v1/clock.json"}  # the time at Mews
    assert {name.split("/")[-2] for name in kept} == {"requests"}
    text = b"".join(p.read_bytes() for p in shop.client.cache.path.rglob("*") if p.is_file())
    assert frame.collect()["Id"][0].encode() not in text
    assert b"sig=" not in text
    assert shop.client.cache.entries() == () or list(shop.client.cache.entries()) == []


def test_the_export_is_found_again_and_not_added_twice(shop):
    first = load(shop).collect()
    assert (
        shop.mews.client()
        .load_entities("OrderItem", cache=False, progress=False)
        .collect()
        .equals(first)
    )
    assert shop.count("add") == 1


def test_the_cache_is_neither_read_nor_changed(shop):
    cached = load(shop, cache=True).collect()
    before, moved = on_disk(shop.client), shop.moved
    assert load(shop).collect().equals(cached)
    assert shop.moved > moved
    assert on_disk(shop.client) == before
    assert load(shop, cache=True).collect().equals(cached)


def test_the_call_moves_no_rows_and_says_where_they_are(shop):
    heard = []
    shop.client.load_entities("OrderItem", cache=False, progress=heard.append)
    assert shop.moved == 0
    assert heard[-1].stage == "ready"
    assert "3 parts" in heard[-1].message
    assert "no rows stay on disk" in heard[-1].message
    assert heard[-1].size > 0


# --------------------------------------------------------------------------- only what is needed


@pytest.fixture
def large(open_shop):
    """One part of 17 MB."""
    return open_shop(rows=10_000, parts=1)


@every_engine
@pytest.mark.parametrize(
    "options", [{}, {"flatten": False}, {"money": "float"}, {"columns": ["Id", "Amount"]}], ids=str
)
def test_the_first_rows_move_few_bytes(large, engine, options):
    frame = load(large, **options)
    first = frame.head(5).collect(engine=engine)
    assert large.moved <= FIRST
    assert [request.status for request in large.downloads] == [206]
    assert_frame_equal(first, load(large, cache=True, **options).head(5).collect())


@pytest.mark.parametrize(("rows", "most"), [(1, 300_000), (100, 600_000), (1000, 6_000_000)])
def test_as_many_rows_as_are_asked_for_are_read(large, rows, most):
    assert load(large).head(rows).collect().height == rows
    assert large.moved < most


def test_who_stops_early_has_not_paid_for_the_rest(large):
    """Streaming, Polars stops the source as soon as it has enough."""
    frame = load(large).filter(pl.col("Type") == "SpaceOrder").head(3)
    assert frame.collect(engine="streaming").height == 3
    assert large.moved < 12_000_000


def test_columns_that_are_not_needed_are_not_decoded(large, monkeypatch):
    decoded = []

    def note(chunks, kept, *rest, **options):
        decoded.append(kept.names)
        return decode_part(chunks, kept, *rest, **options)

    decode_part = room.decode_part
    monkeypatch.setattr(room, "decode_part", note)
    load(large).filter(pl.col("Type") == "SpaceOrder").select("Amount.NetValue").collect()
    load(large).select("_rescued_data").collect()
    assert decoded == [("Amount.NetValue", "Type"), None]


def test_rows_that_a_filter_drops_are_dropped_at_the_source(large):
    source = lazily.Source((), keep("Bill", None), None, {})
    frames = [pl.DataFrame({"a": rows, "b": rows}) for rows in ([1, 2, 3], [4, 5, 6])]
    source._frames = lambda *_: iter(frames)
    source._needed = lambda _: None
    source._reading = lambda _: room.reading(BytesIO(), None)
    given = list(source(None, pl.col("a") > 1, None, None))
    assert [frame["a"].to_list() for frame in given] == [[2, 3], [4, 5, 6]]
    limited = list(source(["a"], pl.col("a") > 1, 4, None))
    assert [frame.to_dict(as_series=False) for frame in limited] == [{"a": [2, 3]}, {"a": [4]}]


# --------------------------------------------------------------------------- right answers

QUERIES = {
    "a self-join": lambda f: f.join(f.group_by("BillId").agg(n=pl.len()), on="BillId", how="left"),
    "a join with itself": lambda f: f.join(f.select("Id", other="Type"), on="Id"),
    "both ends": lambda f: pl.concat([f.head(7), f.tail(7)]),
    "a slice": lambda f: f.slice(250, 100),
    "a filter after the first rows": lambda f: f.head(300).filter(pl.col("Type") == "SpaceOrder"),
    "the first rows after a filter": lambda f: f.filter(pl.col("Type") == "SpaceOrder").head(9),
    "numbered rows": lambda f: f.with_row_index().filter(pl.col("index") % 7 == 0),
    "sums": lambda f: f.group_by("Type").agg(pl.col("Amount.NetValue").sum(), pl.len()),
    "a count": lambda f: f.select(pl.len()),
    "no rows": lambda f: f.filter(pl.col("Id") == "nobody"),
}


@every_engine
@pytest.mark.parametrize("query", QUERIES.values(), ids=list(QUERIES))
def test_queries_have_the_answers_of_the_cache(shop, engine, query):
    afar, cached = both(shop)
    answer, expected = query(afar).collect(engine=engine), query(cached).collect()
    by_all = [n for n, t in answer.schema.items() if not t.is_nested()]
    assert_frame_equal(answer.sort(by_all), expected.sort(by_all))


def test_what_joins_itself_is_read_once(shop):
    frame = load(shop)
    assert frame.join(frame, on="Id").collect().height == 600
    assert shop.moved == sum(request.sent for request in shop.downloads if request.status != 403)
    assert shop.moved == sum(size for _, size in shop.finished().files)


def test_a_sink_writes_all_rows(shop, tmp_path):
    afar, cached = both(shop)
    afar.sink_parquet(tmp_path / "orders.parquet")
    assert_frame_equal(pl.read_parquet(tmp_path / "orders.parquet"), cached.collect())


@every_engine
def test_frames_of_two_exports_are_not_taken_for_one(shop, engine):
    everything = load(shop)
    some = load(shop, enterprise_ids=shop.mews.enterprise_ids[:1])
    counts = [frame.select(pl.len()).collect().item() for frame in (everything, some)]
    assert counts[0] > counts[1]
    together = pl.concat([everything, some]).select(pl.len()).collect(engine=engine).item()
    assert together == sum(counts)


def test_many_frames_may_be_read_at_the_same_time(shop):
    frames = [load(shop).select(pl.col("Id").n_unique()) for _ in range(8)]
    assert {frame.item() for frame in pl.collect_all(frames)} == {600}


# --------------------------------------------------------------------------- other ways to load


def test_an_export_is_loaded_by_its_id(shop):
    export = shop.finished("Payment")
    frame = shop.client.load_export(export.id, cache=False, progress=False)
    before = on_disk(shop.client)
    assert frame.collect().equals(load(shop, "Payment", cache=True).collect())
    assert not any(name.endswith(".parquet") for name in before)
    with pytest.raises(errors.InvalidArgumentError, match="does not know"):
        shop.client.load_export("3fa85f64-5717-4562-b3fc-2c963f66afa6", cache=False)


def test_a_running_export_is_waited_for(shop):
    running = shop.client.start_export("Payment")
    frame = shop.client.load_export(running, cache=False, backend="pandas", progress=False)
    assert len(frame) > 0


def test_several_types_go_side_by_side(shop):
    options = {"progress": False, "cache": False}
    frames = shop.client.load_many(["Payment", "Bill"], **options)
    assert list(frames) == ["Payment", "Bill"]
    for name, frame in frames.items():
        assert frame.collect().equals(load(shop, name, cache=True).collect())
    assert shop.count("add") == 2


def test_the_one_line_function_reads_after_its_client_was_closed(monkeypatch, tmp_path):
    monkeypatch.setenv("MEWS_FRAMES_CACHE_DIR", str(tmp_path / "cache"))
    frame = mf.load_entities("Company", profile="sandbox", cache=False, progress=False)
    assert frame.collect().height > 0
    assert not list((tmp_path / "cache").rglob("*.parquet"))


def test_a_frame_outlives_its_client_and_leaves_nothing_open(shop):
    frame = load(shop)
    shop.client.close()
    assert frame.collect().height == 600
    assert not shop.client._http.is_open
    assert no_thread_is_left()


def no_thread_is_left():
    names = ("mews-fetch", "mews-decode", "mews-wait", "mews-download")
    for each in threading.enumerate():
        if each.name.startswith(names):
            each.join(10)
    return not any(each.name.startswith(names) for each in threading.enumerate())


def test_a_query_that_fails_leaves_nothing_open(open_shop, monkeypatch):
    shop, opened = open_shop(Corrupt(part=2, offset=0)), []

    class Noted(lazily.MewsFileSystem):
        def __init__(self, **options):
            super().__init__(**options)
            opened.append(self)

    monkeypatch.setattr(lazily, "MewsFileSystem", Noted)
    with pytest.raises(errors.DecodeError) as caught:
        load(shop).collect()
    (fs,) = opened
    assert no_thread_is_left()
    assert caught.value.__traceback__ is not None  # with the frames that held all of it
    assert shop.downloads
    assert not fs._remotes._http.is_open


# --------------------------------------------------------------------------- long windows


@pytest.mark.parametrize(
    "options", [{}, {"columns": ["Type", "Amount"]}, {"flatten": False}], ids=str
)
@every_engine
def test_long_windows_are_merged_as_in_the_cache(shop, clock, options, engine):
    window = (clock.now() - timedelta(days=500), clock.now() - timedelta(days=1))
    afar, cached = both(shop, updated=window, **options)
    assert shop.count("add") == 3
    assert afar.collect_schema() == cached.collect_schema()
    assert_frame_equal(afar.collect(engine=engine), cached.collect())
    assert afar.head(3).collect(engine=engine).equals(cached.head(3).collect())


def test_of_a_record_in_two_pieces_the_newer_state_is_taken(open_shop, clock):
    def lines(*notes):
        return b"".join(
            json.dumps(
                {"Id": id_, "Notes": note, "UpdatedUtc": f"2026-0{month}-01T00:00:00Z"}
            ).encode()
            + b"\n"
            for id_, note, month in notes
        )

    part = lines(("a", "old", 1), ("b", "only", 1), ("a", "older", 0 + 1), ("a", "new", 2))
    shop = open_shop(records={"OrderItem": [part, lines(("c", "other", 1), (None, "nobody", 1))]})
    window = (clock.now() - timedelta(days=300), clock.now() - timedelta(days=1))
    afar, cached = both(shop, updated=window)
    notes = afar.select("Notes").collect()["Notes"].to_list()
    assert sorted(notes) == ["new", "nobody", "nobody", "only", "other"]
    assert notes == cached.collect()["Notes"].to_list()


def test_which_rows_are_older_is_found_once(shop, clock):
    window = (clock.now() - timedelta(days=500), clock.now() - timedelta(days=1))
    frame = load(shop, updated=window)
    frame.collect()
    first = shop.moved
    frame.collect()
    assert shop.moved - first == first / 2


def test_what_merging_needs_is_not_shown_if_nobody_asked_for_it(open_shop, clock):
    odd = json.dumps({"Id": 5, "UpdatedUtc": [], "Type": 7, "New": 1}).encode()
    shop = open_shop(records={"OrderItem": [odd]})
    window = (clock.now() - timedelta(days=300), clock.now() - timedelta(days=1))
    for frame in both(shop, updated=window, columns=["Type"]):
        assert frame.collect()["_rescued_data"].to_list() == ['{"/Type": 7}'] * 2


# --------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    "fault",
    [
        NoRange(),
        NoRange(times=2),
        Drop(after=100_000, times=4),
        Compress(),
        Compress(times=2),
        Refuse(503, on="download", times=3),
        ExpireUrls(after=0, times=2),
    ],
    ids=repr,
)
def test_a_storage_that_misbehaves_gives_the_same_frame(open_shop, fault):
    shop = open_shop(fault, rows=3000)
    quiet = open_shop(rows=3000)
    assert load(shop).collect().equals(load(quiet, cache=True).collect())


def test_a_part_of_a_storage_without_ranges_is_asked_for_once(open_shop, monkeypatch):
    """One answer, broken off, told that ranges are not served; the other one serves them all."""
    shop = open_shop(NoRange(), rows=6000, parts=1)
    side_by_side, chunks = [], room.chunks

    def noted(*args):
        for chunk in chunks(*args):
            side_by_side.append(args[-1]())
            yield chunk

    monkeypatch.setattr(room, "chunks", noted)
    assert load(shop).select(pl.len()).collect().item() == 6000
    assert len(shop.downloads) == 2
    assert set(side_by_side) == {1}


@pytest.mark.parametrize("part", [1, 2, 3])
@pytest.mark.parametrize("by", [1, 200_000])
@every_engine
def test_a_part_that_is_short_is_an_error_and_no_shorter_frame(open_shop, part, by, engine):
    shop = open_shop(Truncate(part=part, by=by))
    frame = load(shop)
    for query in (frame, frame.select(pl.len()), frame.filter(pl.col("Id") == "nobody")):
        with pytest.raises(errors.IntegrityError, match="Mews promised") as caught:
            query.collect(engine=engine)
        assert caught.value.part == part


def test_a_part_that_is_long_is_an_error(open_shop):
    shop = open_shop(Truncate(part=2, by=-5))
    with pytest.raises(errors.MewsError):
        load(shop).collect()


@every_engine
def test_a_damaged_line_is_an_error_that_names_its_place(open_shop, engine):
    shop = open_shop(Corrupt(part=2, offset=0))
    with pytest.raises(errors.DecodeError) as caught:
        load(shop).select("Id").collect(engine=engine)
    assert (caught.value.part, caught.value.line, caught.value.offset) == (2, 1, 0)


@every_engine
def test_links_that_die_while_it_is_read_are_renewed(open_shop, clock, monkeypatch, engine):
    shop = open_shop(rows=3000, parts=8)
    frame = load(shop)
    decode_part = room.decode_part
    pauses = iter([3])  # one: a second one would kill the link that the first made necessary

    def slowly(*args, **options):
        for table in decode_part(*args, **options):
            clock.sleep(next(pauses, 0))
            yield table

    monkeypatch.setattr(room, "decode_part", slowly)
    rows = frame.collect(engine=engine)
    assert 403 in {request.status for request in shop.downloads}
    assert rows.equals(load(shop, cache=True).collect())


@every_engine
def test_an_export_that_expires_before_it_is_read_is_an_error(shop, clock, engine):
    frame = load(shop)
    clock.sleep(8 * 86_400)
    with pytest.raises(errors.ExportExpiredError, match="is Expired; its files are gone") as caught:
        frame.collect(engine=engine)
    assert "refresh=True" in caught.value.hint


@every_engine
def test_an_export_that_vanishes_before_it_is_read_is_an_error(shop, clock, engine, tmp_path):
    frame = load(shop)
    clock.sleep(MEMORY.total_seconds() + 8 * 86_400)
    with pytest.raises(errors.ExportExpiredError, match="unknown to Mews") as caught:
        frame.collect(engine=engine)
    assert caught.value.export_id is not None
    with pytest.raises(errors.ExportExpiredError):
        frame.sink_parquet(tmp_path / "never.parquet")


def test_that_mews_is_not_there_is_an_error_out_of_collect(open_shop):
    shop = open_shop()
    frame = load(shop)
    shop.mews.close()
    with pytest.raises(errors.ConnectionFailedError, match="could not be reached"):
        frame.collect()


def test_no_export_is_added_by_a_query(shop, clock):
    frame = load(shop)
    clock.sleep(8 * 86_400)
    for _ in range(2):
        with pytest.raises(errors.ExportExpiredError):
            frame.join(frame, on="Id").collect()
    assert shop.count("add") == 1
