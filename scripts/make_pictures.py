"""Photograph what people see: notebooks in JupyterLab, light and dark, and a terminal.

Makes the pictures in ``docs/images``. Needs what the project itself does not: playwright, tmux, and
a Chromium that it may drive (``--chromium``); run it by hand when a display has changed::

    python scripts/make_pictures.py --chromium /usr/bin/chromium

The exports in the pictures are real ones of the sandbox, on a clock on which a minute takes a
second.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"

BEFORE = """
import os, time
from datetime import UTC, datetime, timedelta

import mews_frames as mf
from mews_frames._clock import SystemClock

START, BEGAN = datetime.now(UTC), time.monotonic()
SystemClock.monotonic = lambda self: (time.monotonic() - BEGAN) * 60
SystemClock.now = lambda self: START + timedelta(seconds=self.monotonic())
SystemClock.sleep = lambda self, seconds: time.sleep(seconds / 60)

mews = mf.sandbox(rows=20_000, duration=430, clock=SystemClock())
os.environ["MEWS_PLATFORM_ADDRESS"] = mews.address
os.environ["MEWS_CLIENT_TOKEN"] = mews.client_token
os.environ["MEWS_ACCESS_TOKEN"] = mews.access_token
for _ in range(3):
    mf.load_entities("OrderItem", refresh=True, progress=False)
"""
"""Runs before the notebook: a minute takes a second, and some exports are history."""

CELLS = (
    'import mews_frames as mf\n\norders = mf.load_entities("OrderItem", refresh=True)',
    'orders = mf.load_entities("OrderItem")',
    "mf.cache",
)


@contextmanager
def jupyter(folder: Path, theme: str) -> Iterator[str]:
    """Run JupyterLab in a theme, with one notebook."""
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
    (settings / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False})
    )
    startup = folder / "home" / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "before.py").write_text(BEFORE)
    write_notebook(folder / "demo.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser", "--ip=127.0.0.1"]
    words += [f"--port={port}", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    homes = {name: str(folder / name.lower()) for name in ("HOME", "MEWS_FRAMES_CACHE_DIR")}
    environment = os.environ | homes | {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")}
    server = subprocess.Popen(  # noqa: S603 - our own words
        words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}/doc/tree/demo.ipynb"
    finally:
        server.terminate()
        server.wait()


def write_notebook(path: Path) -> None:
    """Write the cells as a notebook."""
    made: dict[str, Any] = {"execution_count": None, "metadata": {}, "outputs": []}
    cells = [
        {"cell_type": "code", "id": f"cell-{number}", "source": source} | made
        for number, source in enumerate(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    whole = {"nbformat": 4, "nbformat_minor": 5, "cells": cells}
    path.write_text(json.dumps(whole | {"metadata": {"kernelspec": kernel}}))


def wait_for(port: int) -> None:
    """Wait until a server takes connections."""
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("JupyterLab does not start")


def photograph(browser: Any, address: str, scheme: str) -> None:
    """Run the notebook, and photograph it on the way and in the end."""
    page = browser.new_page(viewport={"width": 900, "height": 900}, color_scheme=scheme)
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.wait_for_timeout(4000)  # until the kernel is there
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).first.click()
    cell = page.locator(".jp-CodeCell").first
    cell.get_by_text("so far").wait_for(timeout=120_000)
    page.wait_for_timeout(3500)  # three and a half minutes later, on that clock
    cell.screenshot(path=IMAGES / f"progress-{scheme}.png")
    page.locator(".jp-CodeCell").last.locator("details").wait_for(timeout=120_000)
    page.wait_for_timeout(500)
    cell.screenshot(path=IMAGES / f"card-{scheme}.png")
    page.close()


def terminal(browser: Any) -> None:
    """Photograph the command line at work, in a terminal that tmux keeps."""
    from rich.console import Console
    from rich.text import Text

    def tmux(*words: str) -> str:
        ran = subprocess.run(  # noqa: S603 - our own words
            ["tmux", "-L", "pictures", *words],  # noqa: S607 - where it is differs
            check=True,
            capture_output=True,
            text=True,
        )
        return ran.stdout

    bin_, load = Path(sys.executable).parent, "mews-frames load OrderItem --profile sandbox -o"
    with tempfile.TemporaryDirectory() as folder:
        shell = f"cd {folder}; HOME={folder} PS1='$ ' PATH={bin_}:$PATH bash --norc --noprofile"
        tmux("new-session", "-d", "-x", "110", "-y", "14", shell)
        try:
            for line, seconds in (
                ("clear", 1.0),
                (f"{load} orders.parquet", 8.0),
                (f"{load} orders.csv --plan", 2.0),
                (f"{load} orders.csv --refresh", 2.8),
            ):
                tmux("send-keys", line, "Enter")
                time.sleep(seconds)
            shown = tmux("capture-pane", "-ep")
        finally:
            tmux("kill-session")
        console = Console(record=True, width=110, file=io.StringIO())
        console.print(Text.from_ansi(shown.rstrip() + "\n"))
        svg = Path(folder, "terminal.svg")
        console.save_svg(str(svg), title="mews-frames")
        page = browser.new_page(viewport={"width": 1000, "height": 420})
        page.set_content(svg.read_text())
        page.locator("svg").first.screenshot(path=IMAGES / "terminal.png")
        page.close()


def main() -> None:
    """Make the pictures."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser to drive")
    chromium = parser.parse_args().chromium
    IMAGES.mkdir(exist_ok=True)
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    quiet += ["--disable-sync", "--no-first-run"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=quiet)
        terminal(browser)
        for name, theme in (("light", "JupyterLab Light"), ("dark", "JupyterLab Dark")):
            with tempfile.TemporaryDirectory() as folder, jupyter(Path(folder), theme) as address:
                photograph(browser, address, name)
        browser.close()


if __name__ == "__main__":
    main()
