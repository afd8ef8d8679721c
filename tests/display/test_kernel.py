"""A real Jupyter kernel through run, interrupt and run again: what a notebook shows and keeps."""

import os
import re
from datetime import UTC, datetime

import pytest

import mews_frames as mf
from mews_frames.testing import FakeClock

jupyter_client = pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")

PATIENCE = 60
"""Seconds for one message of a kernel on a machine that is busy."""

LOAD = 'orders = client.load_entities("OrderItem")'


class Cell:
    """One run of a cell, and what came of it."""

    def __init__(self, notebook, code):
        self._notebook = notebook
        self._asked = notebook.client.execute(code)
        self.messages = []

    def until(self, wanted):
        """Read on until a message is as wanted; give it."""
        while True:
            message = self._notebook.client.get_iopub_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") != self._asked:
                continue
            self.messages.append(message)
            if wanted(message):
                return message
            assert not is_idle(message), f"it ended before: {self.shown}"

    def end(self):
        self.until(is_idle)
        return self

    def of_kind(self, kind):
        return [message for message in self.messages if message["msg_type"] == kind]

    @property
    def displays(self):
        kinds = {"display_data", "update_display_data"}
        return [message for message in self.messages if message["msg_type"] in kinds]

    @property
    def shown(self):
        """What stands there in the end, as plain text and as HTML; what a saved notebook keeps."""
        return self.displays[-1]["content"]["data"]

    @property
    def error(self):
        (error,) = self.of_kind("error")
        return error["content"]["ename"]


def is_idle(message):
    is_status = message["msg_type"] == "status"
    return is_status and message["content"]["execution_state"] == "idle"


def says(pattern):
    def wanted(message):
        shown = message["content"].get("data", {}).get("text/plain", "")
        return re.search(pattern, shown) is not None

    return wanted


class Notebook:
    def __init__(self, environment):
        self.manager = jupyter_client.KernelManager()
        self.manager.start_kernel(env=os.environ | environment)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)

    def run(self, code):
        return Cell(self, code)

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@pytest.fixture
def mews():
    """A Mews whose exports end when the test says so."""
    clock = FakeClock(datetime.now(UTC))
    with mf.sandbox(rows=60, duration=1000, clock=clock) as mews:
        yield mews


@pytest.fixture
def notebook(mews, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    (tmp_path / "ipython").mkdir()
    notebook = Notebook(
        {
            "MEWS_PLATFORM_ADDRESS": mews.address,
            "MEWS_CLIENT_TOKEN": mews.client_token,
            "MEWS_ACCESS_TOKEN": mews.access_token,
            "MEWS_FRAMES_CACHE_DIR": str(tmp_path / "cache"),
        }
    )
    notebook.run("import mews_frames as mf, polars as pl; client = mf.Client()").end()
    yield notebook
    notebook.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of jupyter_client's own
def test_run_interrupt_run_again(notebook, mews):
    first = notebook.run(LOAD)
    first.until(says("added export "))
    first.until(says("Pending at Mews: "))
    first.until(says(r"([2-9]|\d\d) s so far"))  # the seconds go on
    notebook.manager.interrupt_kernel()
    first.end()
    (export_id,) = {look.body["ExportIds"][0] for look in looks(mews)}
    assert first.error == "KeyboardInterrupt"
    assert first.shown["text/plain"].startswith("OrderItem: interrupted; ")
    assert f'mf.load_export("{export_id}")' in first.shown["text/plain"]
    assert "mf-stopped" in first.shown["text/html"]
    assert_one_calm_display(first)

    second = notebook.run(LOAD)
    second.until(says(f"export {export_id} is running already"))
    mews.clock.sleep(1000)
    second.end()
    assert second.of_kind("error") == []
    assert second.shown["text/plain"].startswith("OrderItem: 60 rows in 4 parts, ")
    assert "<details open>" in second.shown["text/html"]
    assert export_id in second.shown["text/html"]
    assert "complete up to " in second.shown["text/html"]
    assert_one_calm_display(second)

    third = notebook.run(LOAD).end()
    assert "refresh=True for newer" in third.shown["text/plain"]
    assert "<details>" in third.shown["text/html"]  # folded: a line
    assert_one_calm_display(third)
    assert [r.operation for r in mews.requests].count("add") == 1

    frame = notebook.run("orders.head(1)").end()  # a LazyFrame stays one of Polars
    assert "LazyFrame" in frame.of_kind("execute_result")[0]["content"]["data"]["text/plain"]
    quiet = notebook.run('client.load_entities("OrderItem", progress=False);').end()
    assert quiet.displays == quiet.of_kind("stream") == []
    shown = notebook.run("client").end().of_kind("execute_result")[0]["content"]["data"]
    assert mews.address in shown["text/html"]

    failed = notebook.run('client.load_entities("Bill", timeout=0)').end()
    assert failed.error == "ExportTimeoutError"
    assert failed.shown["text/plain"].startswith("Bill: not loaded; stopped after ")


def looks(mews):
    return [request for request in mews.requests if request.operation == "getAll"]


def assert_one_calm_display(cell):
    """One display, changed in place, never more than twice in a second, and nothing besides."""
    assert len(cell.of_kind("display_data")) == 1
    assert len({each["content"]["transient"]["display_id"] for each in cell.displays}) == 1
    assert cell.of_kind("stream") == []
    updates = cell.of_kind("update_display_data")
    sent = [datetime.fromisoformat(str(each["header"]["date"])) for each in updates]
    for one, third in zip(sent, sent[2:], strict=False):
        assert (third - one).total_seconds() > 0.95
