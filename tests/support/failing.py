"""Fails in every way there is, and shows each failure as viewers of tracebacks would.

``python -m support.failing FOLDER`` loads from the Mews of the environment. What it says, logs,
pickles and caches is searched for secrets afterwards; this program itself never holds one.
"""

import io
import logging
import pickle
import resource
import sys
from contextlib import contextmanager
from pathlib import Path

import mews_frames as mf


def views(error):
    """Show an error with all variables of all frames: as rich does, and as IPython does."""
    from IPython.core.ultratb import VerboseTB
    from rich.console import Console
    from rich.traceback import Traceback

    said = io.StringIO()
    console = Console(file=said, width=5000)
    console.print(
        Traceback.from_exception(
            type(error),
            error,
            error.__traceback__,
            show_locals=True,
            locals_max_length=10_000,
            locals_max_string=1_000_000,
            locals_hide_dunder=False,
            locals_hide_sunder=False,
            max_frames=0,
        )
    )
    yield said.getvalue()
    verbose = VerboseTB(include_vars=True, color_scheme="NoColor", long_header=False)
    yield verbose.text(type(error), error, error.__traceback__)
    try:
        yield pickle.dumps(error).decode("latin-1")
    except TypeError as refused:
        yield str(refused)


def attempt(name, folder, load):
    """Run something that fails, and write down what can be seen of it."""
    write_down(name, folder, attempted(load))


def attempted(load):
    """Run something; give what it raised."""
    try:
        load()
    except BaseException as error:  # noqa: BLE001 - KeyboardInterrupt is one of them
        return error
    return None


def write_down(name, folder, error):
    """Write down what can be seen of an error."""
    kind = type(error).__name__ if error else "fine"
    if error:
        texts = [f"{name}: {kind}", str(error), repr(error), *views(error)]
        (folder / f"{name}.txt").write_text("\n".join(texts), "utf-8", errors="replace")
    print(f"{name}: {kind}", flush=True)  # noqa: T201 - a test reads it


def interrupted(where):
    """Make the next call of a function deep in the HTTP library end like on Ctrl-C."""
    import httpcore

    from mews_frames._connector import http

    owner, method = {
        "post": (httpcore._backends.sync.SyncStream, "write"),
        "body": (httpcore._backends.sync.SyncStream, "read"),
        "reading-json": (http.httpx._client.BoundSyncStream, "__iter__"),
    }[where]
    before = getattr(owner, method)

    def interrupt(self, *arguments, **options):
        setattr(owner, method, before)
        raise KeyboardInterrupt

    setattr(owner, method, interrupt)


@contextmanager
def little_room(log):
    """Let no file of this process grow beyond 20 KB; the log waits in memory meanwhile."""
    waiting = io.StringIO()
    file = log.setStream(waiting)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        file.write(waiting.getvalue())
        log.setStream(file)


CELLS = (
    "%xmode Verbose",
    "import mews_frames as mf\nmf.load_entities('OrderItem')",
    "mf.load_export('3fa85f64-5717-4562-b3fc-2c963f66afa6')",  # Mews does not know it
)


def run_notebook(path):
    """Run cells in a kernel, one of which fails, and keep what they say."""
    import nbformat
    from nbclient import NotebookClient

    cells = [nbformat.v4.new_code_cell(text) for text in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, allow_errors=True, kernel_name="python3").execute()
    nbformat.write(notebook, path)
    print("notebook: done", flush=True)  # noqa: T201


def main(folder):
    """Fail, and load in the end."""
    logging.basicConfig(filename=folder / "all.log", level=logging.DEBUG)

    def load(entity_type="OrderItem"):
        return mf.load_entities(entity_type, progress=print, refresh=True)

    attempt("01-bad-token", folder, load)
    attempt("02-refused", folder, load)
    for number, where in enumerate(("post", "body", "reading-json"), start=3):
        interrupted(where)
        attempt(f"0{number}-interrupted-{where}", folder, load)
    for number in range(6, 10):
        attempt(f"0{number}-load", folder, load)
    (log,) = logging.getLogger().handlers
    with little_room(log):
        failed = attempted(load)
    write_down("10-no-room", folder, failed)
    frame = mf.load_entities("Bill", cache=False, progress=print)
    for number, thing in enumerate((frame, mf.exports(), mf.cache.entries()), start=20):
        (folder / f"{number}.txt").write_text(f"{thing!r}\n{thing}", "utf-8")
    (folder / "frame.pickle").write_bytes(pickle.dumps(frame))
    run_notebook(folder / "run.ipynb")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
