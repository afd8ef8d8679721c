"""``mews-frames load`` writes whole files, in the formats that their names say."""

import contextlib
import csv
import io
import json
import os
import re
import stat
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import mews_frames as mf
from mews_frames._cli.files import _ForEyes

READERS = {"x.parquet": pl.read_parquet, "x.arrow": pl.read_ipc, "x.feather": pl.read_ipc}


@pytest.mark.parametrize("name", READERS)
def test_typed_formats_keep_every_type(name, mews, run, tmp_path):
    assert run("load", "OrderItem", "--out", tmp_path / name).code == 0
    with mews.client(cache_dir=tmp_path / "cache") as client:
        expected = client.load_entities("OrderItem").collect()
    frame = READERS[name](tmp_path / name)
    assert frame.equals(expected)
    assert frame.schema == expected.schema


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.NDJSON"])
def test_text_formats_keep_every_row_and_column(name, mews, run, tmp_path):
    assert run("load", "Bill", "--out", tmp_path / name).code == 0
    with mews.client(cache_dir=tmp_path / "cache") as client:
        expected = client.load_entities("Bill").collect()
    with (tmp_path / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file) if name.endswith("csv") else map(json.loads, file))
    assert list(rows[0]) == expected.columns
    assert [row["Id"] for row in rows] == expected["Id"].to_list()


RECORD = (
    b'{"Id":"a","Notes":"caf\xc3\xa9, \\"x\\"","UpdatedUtc":"2026-01-31T23:00:00.5Z","Amount":'
    b'{"Currency":"EUR","NetValue":123456789012345.67,"TaxValues":[{"Code":"X","Value":0.1}]}}\n'
    b'{"Id":"b","Amount":{"TaxValues":[]}}\n'
)


def test_csv_holds_exact_numbers_utc_instants_and_lists_as_json(open_mews, run, tmp_path):
    open_mews(records={"OrderItem": [RECORD]})
    run("load", "OrderItem", "--out", tmp_path / "x.csv")
    first, second = pl.read_csv(tmp_path / "x.csv", infer_schema=False).to_dicts()
    assert first["Notes"] == 'café, "x"'
    assert first["UpdatedUtc"] == "2026-01-31T23:00:00.500Z"
    assert Decimal(first["Amount.NetValue"]) == Decimal("123456789012345.67")
    (tax,) = json.loads(first["Amount.TaxValues"])
    assert (tax["Code"], Decimal(tax["Value"])) == ("X", Decimal("0.1"))
    assert second["Amount.TaxValues"] == "[]"
    assert second["OriginalAmount.TaxValues"] is None


def test_json_lines_hold_money_as_asked(open_mews, run, tmp_path):
    open_mews(records={"OrderItem": [RECORD]})
    spelled = {}
    for money in ("decimal", "float"):
        run("load", "OrderItem", "--nested", "--money", money, "--out", tmp_path / "x.jsonl")
        first, _ = map(json.loads, (tmp_path / "x.jsonl").read_text("utf-8").splitlines())
        spelled[money] = first["Amount"]["NetValue"]
    assert spelled == {"decimal": "123456789012345.670000", "float": 123456789012345.67}


def test_data_go_to_stdout_and_talk_to_stderr(mews, run):
    ran = run("load", "OrderItem", "--out", "-", "--format", "csv", "--column", "Id")
    lines = ran.out.splitlines()
    assert lines[0] == "Id,_rescued_data"
    assert len(lines) == 201
    assert "added export" in ran.err
    assert "200 rows and 2 columns written to stdout" in ran.err


def test_bytes_go_to_stdout_unharmed(mews, run, tmp_path):
    ran = run("load", "OrderItem", "--out", "-", "--format", "parquet")
    (tmp_path / "x").write_bytes(ran.raw)
    assert pl.read_parquet(tmp_path / "x").height == 200


HOSTILE = "\x1b]0;a\x07\x9b2J\r\x7fä\t…"


@pytest.mark.skipif(os.name != "posix", reason="terminals as POSIX has them")
@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_a_guest_s_text_does_not_command_a_terminal(format_, open_mews):
    open_mews(records={"Customer": [json.dumps({"FirstName": HOSTILE * 5000}).encode() + b"\n"]})
    words = ["load", "Customer", "--column", "FirstName", "--out", "-", "--format", format_, "-q"]
    master, slave = os.openpty()
    with subprocess.Popen([sys.executable, "-m", "mews_frames", *words], stdout=slave) as process:
        os.close(slave)
        shown = b""
        with contextlib.suppress(OSError):  # which is how its end shows
            while data := os.read(master, 65_536):
                shown += data
    os.close(master)
    assert process.returncode == 0
    text = shown.decode().replace("\r\n", "\n")  # the terminal's own
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    assert text.count("\\x9b2J") == text.count("\\x7fä") == text.count("…") == 5000


def test_letters_that_come_in_pieces_are_shown_whole():
    shown = io.BytesIO()
    eyes = _ForEyes(shown)
    assert [eyes.write(bytes([byte])) for byte in HOSTILE.encode()] == [1] * len(HOSTILE.encode())
    assert shown.getvalue().decode() == "\\x1b]0;a\\x07\\x9b2J\\x0d\\x7fä\t…"


def test_a_pipe_gets_a_guest_s_text_as_it_is(open_mews, run):
    open_mews(records={"Customer": [json.dumps({"FirstName": HOSTILE}).encode() + b"\n"]})
    ran = run("load", "Customer", "--column", "FirstName", "--out", "-", "--format", "csv")
    assert HOSTILE in ran.out


def test_quiet_says_nothing(mews, run, tmp_path):
    ran = run("load", "OrderItem", "--out", tmp_path / "x.csv", "--quiet")
    assert (ran.code, ran.raw, ran.err) == (0, b"", "")


def test_the_summary_is_for_programs(mews, run, tmp_path):
    out = tmp_path / "x.parquet"
    first = json.loads(run("load", "OrderItem", "--out", out, "--json").out)
    again = json.loads(run("load", "OrderItem", "--out", out, "--json").out)
    assert (first["rows"], first["columns"]) == (200, 53)
    assert (first["path"], first["bytes"]) == (str(out), out.stat().st_size)
    assert (first["from_cache"], again["from_cache"]) == (False, True)
    assert first["exports"] == again["exports"]


def test_the_second_load_sends_nothing(mews, run, tmp_path):
    run("load", "OrderItem", "--out", tmp_path / "x.csv")
    sent = len(mews.requests)
    ran = run("load", "OrderItem", "--out", tmp_path / "x.jsonl")
    assert len(mews.requests) == sent > 0
    assert "--refresh for newer" in ran.err


def test_a_refresh_asks_anew(mews, run, tmp_path):
    run("load", "OrderItem", "--out", tmp_path / "x.csv")
    run("load", "OrderItem", "--out", tmp_path / "x.csv", "--refresh")
    assert [request.operation for request in mews.requests].count("add") == 2


def test_what_is_asked_reaches_mews(mews, run, tmp_path):
    enterprise = mews.enterprise_ids[0]
    window = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00+01:00")
    words = ["--updated", *window, "--enterprise-id", enterprise]
    ran = run("load", "OrderItem", "--out", tmp_path / "x.csv", *words)
    assert ran.code == 0, ran.err
    body = mews.requests[0].body
    assert body["Scope"] == {"EnterpriseIds": [enterprise]}
    assert body["Filters"]["UpdatedUtc"] == {
        "StartUtc": "2026-01-01T00:00:00Z",
        "EndUtc": "2026-01-31T23:00:00Z",
    }


def test_a_ledger_is_asked_for_by_posting_dates(mews, run, tmp_path):
    words = ["--posted", "2026-01-01", "2026-01-31"]
    ran = run("load", "LedgerEntry", "--out", tmp_path / "x.csv", *words)
    assert ran.code == 0, ran.err
    filters = mews.requests[0].body["Filters"]["LedgerEntryFilters"]
    assert filters == {"Posting": {"Start": "2026-01-01", "End": "2026-01-31"}}


def test_a_window_may_be_open(open_mews, run, tmp_path):
    mews = open_mews()
    ran = run("load", "Bill", "--out", tmp_path / "x.csv", "--updated", mews_start(mews), "now")
    assert ran.code == 0, ran.err


def mews_start(mews):
    return f"{mews.clock.now():%Y-%m}-01T00:00:00Z"


@pytest.mark.parametrize(
    "words",
    [
        ["--out", "x.xlsx"],
        ["--out", "-"],
        ["--out", "-", "--format", "csv", "--json"],
        ["--out", "nowhere/x.csv"],
        ["--out", "folder.csv"],
        ["--out", "x.csv", "--format", "yaml"],
        ["--out", "x.csv", "--column", "Amount.NetVale"],
        ["--out", "x.csv", "--money", "gold"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_written_is_refused_before_anything_is_sent(
    words, mews, run, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    ran = run("load", "OrderItem", *words)
    assert ran.code == 2
    assert "\n\nhint: " in ran.err
    assert not mews.requests


LIMITED = """
import resource, sys
from mews_frames._cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="a limit for files as POSIX has it")
@pytest.mark.parametrize("name", ["x.csv", "x.parquet"])
def test_a_write_that_fails_leaves_the_old_file_and_no_half_one(name, open_mews, run, tmp_path):
    open_mews(rows=3000)
    assert run("load", "OrderItem", "--out", tmp_path / "all.parquet").code == 0
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / name).write_text("what was there before")
    words = ["load", "OrderItem", "--out", str(folder / name)]
    code = [sys.executable, "-c", LIMITED, *words]
    ran = subprocess.run(code, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stderr
    assert f"error: {folder / name} was not written: " in ran.stderr
    assert "File too large" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert [path.name for path in folder.iterdir()] == [name]
    assert (folder / name).read_text() == "what was there before"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_a_private_file_stays_private(mews, run, tmp_path):
    out = tmp_path / "x.csv"
    out.touch(mode=0o600)
    run("load", "OrderItem", "--out", out)
    assert out.stat().st_size
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="Windows makes links for administrators only")
def test_a_link_stays_a_link(mews, run, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link, real = tmp_path / "x.csv", tmp_path / "elsewhere" / "real.csv"
    real.write_text("old")
    link.symlink_to(real)
    run("load", "OrderItem", "--out", link)
    assert link.is_symlink()
    assert real.read_text().startswith("Id,")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
def test_a_named_pipe_is_written_to_and_not_replaced(mews, run, tmp_path):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(Path(pipe).read_text()), daemon=True)
    reader.start()
    assert run("load", "OrderItem", "--out", pipe).code == 0
    reader.join(30)
    assert read[0].startswith("Id,")
    assert pipe.is_fifo()


def test_fields_of_parquet_say_what_they_mean(mews, run, tmp_path):
    import pyarrow.parquet as pq

    run("load", "OrderItem", "--out", tmp_path / "x.parquet", "--nested")
    schema = pq.read_schema(tmp_path / "x.parquet")
    assert schema.names == mf.schema_of("OrderItem", flatten=False).names()
    assert schema.field("Id").metadata[b"description"]
