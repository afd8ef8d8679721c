"""mews://: what it lists, what it reads, and what it says where there is nothing to read."""

import io
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import fsspec
import pytest

from mews_frames import errors
from mews_frames._cache.spool import MOST_IN_MEMORY
from mews_frames._stopped import Stopped
from mews_frames.testing import (
    Compress,
    Corrupt,
    Drop,
    ExpireUrls,
    Fail,
    NoRange,
    Refuse,
    Stall,
    Truncate,
)

NOBODY = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def path(export, number=1):
    return f"mews://{export.id}/part-{number:05}.jsonl"


# --------------------------------------------------------------------------- what there is


def test_it_is_registered():
    assert fsspec.get_filesystem_class("mews").__name__ == "MewsFileSystem"


def test_an_export_is_a_folder_of_its_parts(shop, export, fs):
    sizes = [len(part) for part in shop.parts(export)]
    assert len(sizes) == 3
    names = [f"{export.id}/part-{number:05}.jsonl" for number in (1, 2, 3)]
    assert fs.ls(f"mews://{export.id}", detail=False) == names
    assert fs.ls(export.id) == [
        {"name": name, "size": size, "type": "file"}
        for name, size in zip(names, sizes, strict=True)
    ]
    assert fs.info(f"{export.id}/") == {"name": export.id, "size": 0, "type": "directory"}
    assert fs.du(export.id) == sum(sizes)
    assert fs.find(export.id) == names
    assert fs.glob(f"mews://{export.id}/*-0000[12].jsonl") == names[:2]
    assert fs.ls(path(export), detail=False) == names[:1]


def test_ids_may_be_in_capitals(export, fs):
    assert fs.info(
        path(export)
        .upper()
        .replace("MEWS", "mews")
        .replace("PART", "part")
        .replace("JSONL", "jsonl")
    ) == fs.info(path(export))


def test_listing_asks_mews_once_and_moves_nothing(shop, export, fs):
    before = shop.count("getAll")
    fs.ls(export.id)
    fs.info(path(export, 2))
    assert fs.exists(path(export, 3))
    assert shop.count("getAll") == before + 1
    assert shop.moved == 0


def test_making_one_sends_nothing(shop, export):
    before = shop.mews.requests
    shop.files()
    assert shop.mews.requests == before


def test_an_export_without_parts_is_an_empty_folder(open_shop):
    shop = open_shop(records={"Bill": []})
    assert shop.files().ls(shop.finished("Bill").id) == []


# --------------------------------------------------------------------------- what is in it


def test_parts_are_read_as_they_are(shop, export, fs):
    parts = shop.parts(export)
    for number, part in enumerate(parts, 1):
        with fs.open(path(export, number)) as file:
            assert file.read() == part
        assert fs.cat_file(path(export, number)) == part
    with fs.open(path(export), "rt", encoding="utf-8") as file:
        assert file.readlines() == parts[0].decode().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 10), (10, 20), (None, 7), (100, None), (-10, None), (-20, -5), (5, 5), (9, 3), (0, 10**9)],
)
def test_offsets_are_those_of_slices(shop, export, fs, start, end):
    assert fs.cat_file(path(export), start, end) == shop.parts(export)[0][start:end]


def test_only_the_range_is_moved(shop, export, fs):
    fs.cat_file(path(export), 1000, 1500)
    (request,) = shop.downloads
    assert (request.headers["range"], request.status, request.sent) == ("bytes=1000-1499", 206, 500)


def test_ranges_of_several_parts_are_read_side_by_side(shop, export, fs):
    first, second, _ = shop.parts(export)
    wanted = [first[10:20], second[:5], first[-3:]]
    paths = [path(export), path(export, 2), path(export)]
    assert fs.cat_ranges(paths, [10, 0, -3], [20, 5, None]) == wanted
    assert fs.cat_ranges([path(export), path(export, 2)], 0, 4) == [first[:4], second[:4]]


def test_a_range_that_fails_is_returned_or_raised(export, fs):
    paths = [path(export), path(export, 9)]
    good, bad = fs.cat_ranges(paths, 0, 5)
    assert len(good) == 5
    assert isinstance(bad, FileNotFoundError)
    with pytest.raises(FileNotFoundError):
        fs.cat_ranges(paths, 0, 5, on_error="raise")
    with pytest.raises(errors.InvalidArgumentError, match="2 paths go with as many"):
        fs.cat_ranges(paths, [0], 5)


def test_bytes_that_were_read_are_not_moved_again(open_shop):
    shop = open_shop(rows=3000, parts=1)
    export = shop.finished()
    with shop.files().open(path(export)) as file:
        first = file.read(1000)
        moved = shop.moved
        file.seek(0)
        assert file.read(1000) == first
        assert shop.moved == moved < export.files[0].size / 4


def test_who_reads_on_needs_few_requests(open_shop):
    shop = open_shop(rows=3000, parts=1)
    export = shop.finished()
    with shop.files().open(path(export)) as file:
        assert sum(map(len, iter(lambda: file.read(8192), b""))) == export.files[0].size
    assert 2 < len(shop.downloads) < 7


@pytest.mark.parametrize("cache_type", ["blockcache", "readahead", "bytes", "none", "all"])
def test_the_caches_of_fsspec_work_as_well(shop, export, fs, cache_type):
    part = shop.parts(export)[1]
    with fs.open(path(export, 2), cache_type=cache_type, block_size=10_000) as file:
        file.seek(5000)
        assert file.read(20_000) == part[5000:25_000]
        file.seek(-100, io.SEEK_END)
        assert file.read() == part[-100:]


def test_many_threads_may_read(shop, export, fs):
    part = shop.parts(export)[0]
    starts = range(0, len(part), 5000)
    with ThreadPoolExecutor(8) as threads:
        read = threads.map(lambda start: fs.cat_file(path(export), start, start + 5000), starts)
        assert b"".join(read) == part


# --------------------------------------------------------------------------- links


def test_links_are_renewed_underneath(shop, export, fs, clock):
    part = shop.parts(export)[0]
    read = b""
    with fs.open(path(export), block_size=20_000, cache_type="readahead") as file:
        while data := file.read(30_000):
            read += data
            clock.sleep(3)
    assert read == part
    statuses = [request.status for request in shop.downloads]
    assert {206, 403} <= set(statuses)
    assert statuses.count(403) > 2


def test_one_renewal_serves_all_who_wait(shop, export, fs, clock):
    fs.cat_file(path(export), 0, 10)
    clock.sleep(3)
    before = shop.count("getAll")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: fs.cat_file(path(export, n % 3 + 1), 0, 10), range(24)))
    assert shop.count("getAll") == before + 1


def test_links_that_never_work_end_in_an_error(open_shop):
    shop = open_shop(ExpireUrls(after=0))
    export = shop.finished()
    with pytest.raises(errors.DownloadError, match="link was refused"):
        shop.files().cat_file(path(export))


def test_an_export_whose_files_go_meanwhile_is_an_error(export, fs, clock):
    fs.cat_file(path(export), 0, 10)
    clock.sleep(8 * 86_400)
    with pytest.raises(errors.ExportExpiredError, match=export.id):
        fs.cat_file(path(export), 0, 10)
    fs.invalidate_cache()
    with pytest.raises(errors.ExportExpiredError, match=export.id):
        fs.ls(export.id)
    assert not fs.exists(path(export))


# --------------------------------------------------------------------------- bad storages


@pytest.mark.parametrize(
    "fault",
    [
        NoRange(),
        NoRange(times=1),
        Drop(after=1000, times=3),
        Compress(times=1),
        Compress(),
        Refuse(503, on="download", times=2),
        Refuse(429, on="download", retry_after=3),
    ],
    ids=repr,
)
def test_a_storage_that_misbehaves_gives_the_same_bytes(open_shop, fault):
    shop = open_shop(fault)
    export = shop.finished()
    fs = shop.files()
    stretches = [(0, 3000), (90_000, 95_000), (3000, 90_000), (10, 20)]
    read = [fs.cat_file(path(export, 2), *stretch) for stretch in stretches]
    whole = fs.cat_file(path(export, 2))
    assert len(whole) == export.files[1].size
    assert read == [whole[start:end] for start, end in stretches]
    quiet = open_shop()
    assert whole == quiet.parts(quiet.finished())[1]


def test_reading_in_order_without_ranges_asks_for_a_part_once(open_shop):
    shop = open_shop(NoRange(), rows=3000, parts=1)
    export = shop.finished()
    with shop.files().open(path(export), cache_type="readahead", block_size=100_000) as file:
        read = iter(lambda: file.read(50_000), b"")
        assert sum(map(len, read)) == export.files[0].size
    # One answer, broken off, told that ranges are not served; the other one served them all.
    assert len(shop.downloads) == 2


def test_a_part_that_is_too_short_is_an_error_at_its_end(open_shop):
    shop = open_shop(Truncate(part=2, by=7))
    export = shop.finished()
    fs, size = shop.files(), export.files[1].size
    for stretch in [(None, None), (size - 100, None), (size - 100, size)]:
        with pytest.raises(errors.IntegrityError, match=f"ends after {size - 7} bytes") as caught:
            fs.cat_file(path(export, 2), *stretch)
    assert (caught.value.export_id, caught.value.part) == (export.id, 2)


def test_bytes_are_given_as_they_come(open_shop):
    """Whether they make sense is the reader's to say."""
    shop = open_shop(Corrupt(part=1, offset=5))
    export = shop.finished()
    assert shop.files().cat_file(path(export)) == shop.parts(export)[0]


# --------------------------------------------------------------------------- bad input


def clear(caught, kind, *words):
    error = caught.value
    assert isinstance(error, errors.MewsError)
    assert isinstance(error, kind)
    assert error.hint
    assert "\n" not in error.message
    assert not error.message.endswith(".")
    for word in words:
        assert word in error.message
    return True


BAD_PATHS = {
    "mews://orders/part-00001.jsonl": ("'orders'", "no UUID"),
    "mews://{id}/part-00004.jsonl": ("has 3 parts", "no part 4"),
    "mews://{id}/part-00000.jsonl": ("'part-00000.jsonl' names no part",),
    "mews://{id}/part-1.jsonl": ("'part-1.jsonl' names no part",),
    "mews://{id}/part-000001.jsonl": ("names no part",),
    "mews://{id}/part-00001.parquet": ("names no part",),
    "mews://{id}/deeper/part-00001.jsonl": ("names no part",),
    f"mews://{NOBODY}/part-00001.jsonl": ("does not know", NOBODY),
}


@pytest.mark.parametrize(("bad", "words"), BAD_PATHS.items(), ids=list(BAD_PATHS))
def test_a_path_of_nothing_is_one_clear_error(shop, export, fs, bad, words):
    bad = bad.format(id=export.id)
    for call in (fs.info, fs.ls, fs.open, fs.cat_file, fs.size):
        with pytest.raises(FileNotFoundError) as caught:
            call(bad)
        assert clear(caught, errors.InvalidArgumentError, *words)
    assert not fs.exists(bad)
    assert not fs.isfile(bad)


def test_an_id_that_is_none_is_refused_before_anything_is_sent(shop, fs):
    with pytest.raises(errors.InvalidArgumentError):
        fs.ls("mews://orders")
    assert shop.mews.requests == ()


def test_a_running_export_is_one_clear_error(shop, fs):
    running = shop.client.start_export("Bill")
    with pytest.raises(errors.ExportError) as caught:
        fs.ls(running.id)
    assert clear(caught, errors.ExportError, running.id, "Bill", "still Pending")
    assert f'mf.load_export("{running.id}")' in caught.value.hint
    assert not fs.exists(running.id)
    shop.mews.clock.sleep(10)
    assert fs.exists(running.id)


def test_a_failed_export_is_one_clear_error(open_shop):
    shop = open_shop(Fail("Bill"))
    failed = shop.client.start_export("Bill")
    shop.mews.clock.sleep(10)
    with pytest.raises(errors.ExportFailedError) as caught:
        shop.files().open(path(failed))
    assert clear(caught, errors.ExportError, failed.id, "failed at Mews")


def test_folders_are_not_read(export, fs):
    for folder in ("mews://", f"mews://{export.id}"):
        with pytest.raises(errors.InvalidArgumentError) as caught:
            fs.open(folder)
        assert clear(caught, ValueError, "is a folder")


def test_exports_cannot_be_listed(fs):
    with pytest.raises(errors.InvalidArgumentError) as caught:
        fs.ls("mews://")
    assert clear(caught, ValueError, "cannot be listed")
    assert fs.isdir("mews://")


def test_that_mews_does_not_answer_is_not_taken_for_absence(open_shop):
    shop = open_shop(Refuse(401, on="getAll", times=None))
    with pytest.raises(errors.AuthenticationError):
        shop.files().exists(f"mews://{NOBODY}/part-00001.jsonl")


def test_options_that_nobody_knows_are_refused_without_their_values():
    with pytest.raises(errors.InvalidArgumentError, match="acess_token") as caught:
        fsspec.filesystem("mews", acess_token="CANARY")
    assert "CANARY" not in str(caught.value)
    with pytest.raises(errors.InvalidArgumentError, match=r"mews_frames\.Client, not a str"):
        fsspec.filesystem("mews", client="me")
    with pytest.raises(errors.ConfigurationError, match="MEWS_CLIENT_TOKEN"):
        fsspec.filesystem("mews")


# --------------------------------------------------------------------------- read-only

WRITES = {
    "open to write": lambda fs, p: fs.open(p, "wb"),
    "open to append": lambda fs, p: fs.open(p, "ab"),
    "open to create": lambda fs, p: fs.open(p, "xb"),
    "open to change": lambda fs, p: fs.open(p, "r+b"),
    "open text to write": lambda fs, p: fs.open(p, "w"),
    "touch": lambda fs, p: fs.touch(p),
    "touch what is there": lambda fs, p: fs.touch(p, truncate=False),
    "pipe": lambda fs, p: fs.pipe(p, b"data"),
    "pipe_file": lambda fs, p: fs.pipe_file(p, b"data"),
    "write_text": lambda fs, p: fs.write_text(p, "data"),
    "write_bytes": lambda fs, p: fs.write_bytes(p, b"data"),
    "put": lambda fs, p: fs.put(__file__, p),
    "put_file": lambda fs, p: fs.put_file(__file__, p),
    "upload": lambda fs, p: fs.upload(__file__, p),
    "copy": lambda fs, p: fs.copy(p, p + "2"),
    "cp_file": lambda fs, p: fs.cp_file(p, p + "2"),
    "mv": lambda fs, p: fs.mv(p, p + "2"),
    "rename": lambda fs, p: fs.rename(p, p + "2"),
    "rm": lambda fs, p: fs.rm(p),
    "rm_file": lambda fs, p: fs.rm_file(p),
    "rm -r": lambda fs, p: fs.rm(fs._parent(p), recursive=True),
    "delete": lambda fs, p: fs.delete(p),
    "mkdir": lambda fs, p: fs.mkdir(p),
    "makedirs": lambda fs, p: fs.makedirs(p),
    "rmdir": lambda fs, p: fs.rmdir(p),
    "a transaction": lambda fs, _: fs.start_transaction(),
    "a mapper": lambda fs, p: fs.get_mapper(fs._parent(p)).__setitem__("part-00001.jsonl", b""),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))
def test_it_cannot_be_written_to(shop, export, fs, write):
    with pytest.raises(io.UnsupportedOperation) as caught:
        write(fs, path(export))
    assert clear(caught, errors.InvalidArgumentError, "read-only")
    assert shop.downloads == []


def test_it_signs_no_links(export, fs):
    with pytest.raises(errors.InvalidArgumentError, match="no signed links"):
        fs.sign(path(export))


# --------------------------------------------------------------------------- ends


def test_what_was_closed_says_so(export, fs):
    file = fs.open(path(export))
    fs.close()
    with pytest.raises(errors.DownloadError, match="file system was closed"):
        file.read(10)


def test_nothing_stays_open_when_nobody_uses_it_any_more(shop, export):
    fs = shop.files()
    fs.cat_file(path(export), 0, 10)
    http = fs._remotes._http
    assert http.is_open
    del fs
    assert not http.is_open


def test_it_outlives_its_client(shop, export):
    fs = shop.files()
    shop.client.close()
    assert len(fs.cat_file(path(export), 0, 10)) == 10
    assert not shop.client._http.is_open


def test_links_are_not_logged(export, fs, caplog):
    with caplog.at_level(logging.DEBUG):
        fs.cat_file(path(export), 0, 10)
    assert "part" in caplog.text or caplog.records
    assert "sig=" not in caplog.text


def test_closing_ends_those_who_wait_for_a_stalled_storage(open_shop):
    shop = open_shop(NoRange(), Stall(after=200_000, times=None))
    export, ends = shop.finished(), []
    fs = shop.files()
    fs.cat_file(path(export), 0, 10)  # now it is known that ranges are not served

    def read():
        with pytest.raises(errors.DownloadError, match="file system was closed"):
            fs.cat_file(path(export), 0, export.files[0].size - 1)
        ends.append(1)

    reader = threading.Thread(target=read)
    reader.start()
    while shop.moved < 300_000 and reader.is_alive():
        pass
    fs.close()
    reader.join()
    assert ends == [1]


def test_closing_ends_downloads_that_wait_for_a_reader(open_shop):
    """They hold 16 MB at most; nobody comes for the rest."""
    shop = open_shop(NoRange(), records={"Bill": [bytes(40_000_000)]})
    export = shop.finished("Bill")
    fs, others = shop.files(), threading.enumerate()
    for start in (0, 10):
        fs.cat_file(path(export), start, start + 10)
    started = [each for each in threading.enumerate() if each not in others]
    downloads = [each for each in started if each.name == "mews-download"]
    assert downloads
    spool = fs._remotes.get(export.id)._whole[1]._spool
    while spool._held <= MOST_IN_MEMORY:
        pass
    fs.close()
    for each in downloads:
        each.join(30)
        assert not each.is_alive()


def test_what_was_closed_opens_no_connection_again(export, fs):
    fs.cat_file(path(export), 0, 10)
    fs.close()
    with pytest.raises(Stopped):
        fs._remotes._get("http://127.0.0.1:9/", {})
    assert not fs._remotes._http.is_open
