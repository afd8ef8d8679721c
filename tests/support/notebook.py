"""A real notebook kernel, as Jupyter starts one."""

import time
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

jupyter_client = pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")


@dataclass
class Cell:
    """What a cell printed, and how it ended."""

    printed: str = ""
    status: str = ""
    traceback: str = ""
    seconds: float = 0.0


@dataclass
class Notebook:
    manager: object
    client: object

    def run(self, code, hear=None):
        """Run a cell to its end; ``hear`` is called with all it has printed so far."""
        cell, asked = Cell(), self.client.execute(code)
        began = time.monotonic()
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != asked:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                cell.printed += content["text"]
                if hear is not None:
                    hear(cell.printed)
            elif message["msg_type"] == "error":
                cell.traceback = "\n".join(content["traceback"])
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                break
        while (reply := self.client.get_shell_msg(timeout=60))["parent_header"]["msg_id"] != asked:
            pass  # answers to what was asked before
        cell.status = reply["content"]["status"]
        cell.seconds = time.monotonic() - began
        return cell

    def interrupt(self):
        """Press the stop button."""
        self.manager.interrupt_kernel()


@contextmanager
def open_notebook(environment):
    """Start a kernel with these environment variables, and end it."""
    manager = jupyter_client.KernelManager()
    manager.start_kernel(env=environment)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Notebook(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
