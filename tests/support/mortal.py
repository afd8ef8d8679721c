"""Processes that load an export and say where they are, so that they can be killed there.

A nest has everything imported and forks a process for each load: a real one, which cost a
hundredth of a second to start. What it is doing it writes, with the time, into a pipe: ``+wait``
where a phase begins, ``-wait`` where it ends. The last words of a process that was killed say which
phases it died in.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

PHASES = ("add", "send", "note", "wait", "download", "decode", "commit")
"""To find or add, and in that: to send the request, to note the answer. The others are stages."""

HURRY = 10.0
"""How much shorter than asked for a pause is, so that a thousand lives take minutes."""


class Hurried:
    """The machine's clock, but for pauses."""

    def __init__(self, hurry=HURRY, ahead=None):
        self.hurry, self.ahead = hurry, ahead

    def now(self):
        return datetime.now(UTC) + self.ahead if self.ahead else datetime.now(UTC)

    def monotonic(self):
        return time.monotonic()

    def sleep(self, seconds):
        time.sleep(seconds / self.hurry)


# --------------------------------------------------------------------------- the killer's side


@dataclass
class Life:
    """One process: what it said, and when."""

    pid: int = 0
    began: float = 0.0
    marks: list = field(default_factory=list)
    ended: float = 0.0

    @property
    def words(self):
        return [word for _, word in self.marks]

    @property
    def is_done(self):
        return "done" in self.words

    @property
    def error(self):
        return next((word[6:] for word in self.words if word.startswith("error ")), None)

    @property
    def last_phases(self):
        """The phases that it was in at its end; several, since parts go side by side."""
        open_ = {
            phase: self.words.count("+" + phase) - self.words.count("-" + phase) for phase in PHASES
        }
        return tuple(phase for phase in PHASES if open_[phase] > 0)

    def lengths(self, phase):
        """How long each stretch of a phase took, in seconds, first come, first gone."""
        begins = [when for when, word in self.marks if word == "+" + phase]
        ends = [when for when, word in self.marks if word == "-" + phase]
        return [end - begin for begin, end in zip(begins, ends, strict=False)]


class Nest:
    """Starts processes that load. Threads may share it."""

    def __init__(self):
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout.readline() == "ready\n"

    def close(self):
        with self._process:
            self._process.stdin.close()

    def live(self, folder, hear=None, **order):
        """Let a process load into ``folder / "cache"``, until its end.

        ``hear(life, word)`` is called with everything it says, as it says it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        pipe = folder / f"marks-{time.monotonic_ns()}"
        os.mkfifo(pipe)
        life = Life(began=time.monotonic())
        order = {"cache": str(folder / "cache")} | order | {"pipe": str(pipe)}
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        with pipe.open() as words:
            for line in words:
                when, _, word = line.rstrip("\n").partition(" ")
                life.marks.append((int(when) / 1e9, word))
                if word.startswith("pid "):
                    life.pid = int(word[4:])
                if hear is not None:
                    hear(life, word)
        life.ended = time.monotonic()
        pipe.unlink()
        return life


class Killer:
    """Kills a process in a phase: a share of its usual length after its ``nth`` beginning."""

    def __init__(self, phase, nth, after):
        self.phase, self.nth, self.after = phase, nth, after
        self._thread = None

    def __call__(self, life, word):
        if word != "+" + self.phase:
            return
        self.nth -= 1
        if self.nth == 0:
            # In a thread, so that the pipe is read on and no process waits for a reader.
            self._thread = threading.Thread(target=self._kill, args=(life,))
            self._thread.start()

    def _kill(self, life):
        time.sleep(self.after)
        if not life.is_done:
            with suppress(ProcessLookupError):
                os.kill(life.pid, signal.SIGKILL)

    def wait(self):
        if self._thread is not None:
            self._thread.join()


# --------------------------------------------------------------------------- the nest's side


def _mark(pipe, word):
    os.write(pipe, f"{time.monotonic_ns()} {word}\n".encode())


def _watch(pipe):
    """Have the stages of the library say when they begin and end."""
    import mews_frames._bring as bring
    import mews_frames._exports.add as adding
    import mews_frames._parts as parts
    import mews_frames._pipe as pipes
    from mews_frames._connector.connector import Connector
    from mews_frames._exports.download import Download
    from mews_frames._exports.find import Find

    def during(phase, function):
        def watched(*args, **kwargs):
            _mark(pipe, "+" + phase)
            try:
                return function(*args, **kwargs)
            finally:
                _mark(pipe, "-" + phase)

        return watched

    finished, decode_part, replace_with = pipes.finished, parts.decode_part, parts.replace_with

    def waiting(*args):
        _mark(pipe, "+wait")
        for each in finished(*args):
            _mark(pipe, "-wait")
            yield each
            _mark(pipe, "+wait")
        _mark(pipe, "-wait")

    def decoding(chunks, *args):
        def begun():
            for number, chunk in enumerate(chunks):
                if number == 0:
                    _mark(pipe, "+decode")
                yield chunk

        return decode_part(begun(), *args)

    def committing(source, target):
        _mark(pipe, "-decode")
        during("commit", replace_with)(source, target)

    Find.__call__ = during("add", Find.__call__)
    Connector.add = during("send", Connector.add)
    adding._keep = during("note", adding._keep)
    Download.__call__ = during("download", Download.__call__)
    pipes.finished = waiting
    parts.decode_part = decoding
    parts.replace_with = committing
    bring.write_manifest = during("commit", bring.write_manifest)


def _without_locks():
    """Have locks do nothing, as on some network file systems."""
    import fcntl

    fcntl.flock = lambda _handle, _operation: None


def _live(order):
    import mews_frames as mf

    pipe = os.open(order["pipe"], os.O_WRONLY)
    _mark(pipe, f"pid {os.getpid()}")
    try:
        _watch(pipe)
        if order.get("lying"):
            _without_locks()
        with mf.Client(
            order["client_token"],
            order["access_token"],
            platform_address=order["address"],
            cache_dir=order["cache"],
            clock=Hurried(),
        ) as client:
            frame = client.load_entities("OrderItem", progress=False, **order.get("options", {}))
            if order.get("out"):
                frame.collect().write_ipc(order["out"])
        _mark(pipe, "done")
    except BaseException as error:  # noqa: BLE001 - whoever reads the pipe says what it means
        _mark(pipe, f"error {type(error).__name__}: {error}".replace("\n", " "))


def _brood():
    import filelock  # noqa: F401 - what a load imports, once for all
    import httpx  # noqa: F401
    import pyarrow.parquet
    import tenacity
    import truststore  # noqa: F401

    import mews_frames._client
    import mews_frames._parts  # noqa: F401

    del tenacity, pyarrow
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they died
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        if os.fork() == 0:
            try:
                _live(json.loads(line))
            finally:
                os._exit(0)


if __name__ == "__main__":
    _brood()
