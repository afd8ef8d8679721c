"""Other libraries read mews:// as they read any file system."""

import json

import cloudpickle
import dask.bag
import duckdb
import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.json
import pytest
from pyarrow.fs import FileSelector, FSSpecHandler, PyFileSystem

ROWS = 3000


@pytest.fixture
def shop(open_shop):
    return open_shop(rows=ROWS, parts=2)


@pytest.fixture
def url(export):
    return f"mews://{export.id}/part-00001.jsonl"


@pytest.fixture
def rows(shop, export):
    return [json.loads(line) for part in shop.parts(export) for line in part.splitlines()]


@pytest.fixture
def storage_options(shop, monkeypatch):
    """Tokens stand in the settings; the address is an option, as profile would be."""
    monkeypatch.setenv("MEWS_CLIENT_TOKEN", shop.mews.client_token)
    monkeypatch.setenv("MEWS_ACCESS_TOKEN", shop.mews.access_token)
    return {"platform_address": shop.mews.address}


def test_pandas_reads_fifty_rows_and_moves_few_bytes(shop, export, url, rows, storage_options):
    before = shop.moved
    frame = pd.read_json(url, lines=True, nrows=50, storage_options=storage_options)
    assert list(frame["Id"]) == [row["Id"] for row in rows[:50]]
    assert 0 < shop.moved - before < export.files[0].size / 5


def test_pandas_reads_in_chunks_through_links_that_die(
    shop, export, url, rows, storage_options, clock
):
    ids = []
    options = {"lines": True, "chunksize": 400, "storage_options": storage_options}
    with pd.read_json(url, **options) as chunks:
        for chunk in chunks:
            ids += list(chunk["Id"])
            clock.sleep(3)
    first = len(shop.parts(export)[0].splitlines())
    assert ids == [row["Id"] for row in rows[:first]]
    assert 403 in {request.status for request in shop.downloads}


def test_pandas_reads_a_whole_part(shop, export, url, storage_options):
    frame = pd.read_json(url, lines=True, storage_options=storage_options)
    assert len(frame) == len(shop.parts(export)[0].splitlines())


def test_pyarrow_lists_and_reads(export, fs, rows):
    files = PyFileSystem(FSSpecHandler(fs))
    found = files.get_file_info(FileSelector(export.id))
    assert [(info.base_name, info.size) for info in found] == [
        (f"part-{number:05}.jsonl", size) for number, size in export.files
    ]
    assert not files.get_file_info(f"{export.id}/part-00009.jsonl").is_file
    with files.open_input_stream(f"{export.id}/part-00001.jsonl") as stream:
        only_ids = pa.json.ParseOptions(
            pa.schema({"Id": pa.string()}), unexpected_field_behavior="ignore"
        )
        table = pa.json.read_json(stream, parse_options=only_ids)
    assert table["Id"].to_pylist() == [row["Id"] for row in rows[: table.num_rows]]
    with files.open_input_file(f"{export.id}/part-00001.jsonl") as file:
        assert file.read_at(20, 0) == fs.cat_file(f"{export.id}/part-00001.jsonl", 0, 20)


def test_pyarrow_scans_all_parts_as_one_data_set(export, fs, rows):
    files = PyFileSystem(FSSpecHandler(fs))
    everything = pa.dataset.dataset(export.id, filesystem=files, format="json")
    assert everything.count_rows() == ROWS
    ids = everything.to_table(columns=["Id"])["Id"].to_pylist()
    assert sorted(ids) == sorted(row["Id"] for row in rows)


def test_duckdb_queries_parts(export, fs, rows):
    with duckdb.connect() as connection:
        connection.register_filesystem(fs)
        everything = connection.read_json(f"mews://{export.id}/*.jsonl")
        counted = dict(everything.aggregate("Type, count(*)").fetchall())
        first = connection.read_json(f"mews://{export.id}/part-00001.jsonl")
        assert len(first.limit(3).fetchall()) == 3
        connection.unregister_filesystem("mews")
    kinds = [row["Type"] for row in rows]
    assert counted == {kind: kinds.count(kind) for kind in set(kinds)}


def test_dask_reads_lines_of_all_parts(export, rows, storage_options):
    bag = dask.bag.read_text(f"mews://{export.id}/*.jsonl", storage_options=storage_options)
    assert bag.npartitions == 2
    ids = bag.map(json.loads).pluck("Id").compute(scheduler="threads")
    assert ids == [row["Id"] for row in rows]


def test_dask_cuts_parts_into_blocks(export, rows, storage_options):
    bag = dask.bag.read_text(
        f"mews://{export.id}/*.jsonl", blocksize=500_000, storage_options=storage_options
    )
    assert bag.npartitions > 2
    assert bag.count().compute(scheduler="threads") == ROWS


def test_dask_hands_file_systems_to_other_processes_without_tokens(shop, export, storage_options):
    bag = dask.bag.read_text(f"mews://{export.id}/*.jsonl", storage_options=storage_options)
    text = cloudpickle.dumps(dict(bag.dask)).decode("latin-1")
    assert export.id in text
    assert shop.mews.access_token not in text
    assert shop.mews.client_token not in text


def test_fsspec_opens_many_parts_at_once(shop, export, storage_options):
    files = fsspec.open_files(f"mews://{export.id}/*.jsonl", **storage_options)
    with files as opened:
        assert [file.read() for file in opened] == shop.parts(export)


def test_a_local_copy_is_the_part(shop, export, fs, tmp_path):
    fs.get(f"mews://{export.id}", str(tmp_path), recursive=True)
    copies = sorted(tmp_path.rglob("*.jsonl"))
    assert [copy.read_bytes() for copy in copies] == shop.parts(export)
