"""Lines made to crash a reader or to fill its memory, and a program that decodes them.

``python -m support.hostile compiled`` (or ``arrow``, for the other fast path) says for each line
what became of it, and at last its peak of memory.
"""

import re
import sys
from pathlib import Path

from mews_frames._frames import compiled
from mews_frames.errors import DecodeError
from support.frames import decoded

CHUNK = 1 << 20

HOSTILE = {
    "a text of 50 MB": lambda: b'{"Id":"%s"}' % (b"x" * 50_000_000),
    "a new text of 50 MB": lambda: b'{"New":"%s"}' % ("ü" * 25_000_000).encode(),
    "50 MB of escapes": lambda: b'{"Id":"%s"}' % (b"\\u00e9" * 8_333_333),
    "a number of 50 MB": lambda: b'{"Value":%s}' % (b"9" * 50_000_000),
    "50 MB of empty lists": lambda: b'{"New":[%s[]]}' % (b"[]," * 16_666_666),
    "50 MB of empty order items": lambda: b'{"OrderItems":[%s{}]}' % (b"{}," * 16_666_666),
    "50 MB of keys": lambda: b"{%s}" % b",".join(b'"%d":0' % i for i in range(5_000_000)),
    "a key repeated among many": lambda: (
        b'{%s,"299999":0}' % b",".join(b'"%d":0' % i for i in range(300_000))
    ),
    "50 MB of blanks": lambda: b" " * 50_000_000,
    "50 MB of braces": lambda: b"{" * 50_000_000,
    "1,000 lists": lambda: b'{"New":%s%s}' % (b"[" * 1_000, b"]" * 1_000),
    "1,000 objects": lambda: b'{"New":' * 1_000 + b"0" + b"}" * 1_000,
    "1,000 known lists": lambda: b'{"OrderItems":%s%s}' % (b"[" * 1_000, b"]" * 1_000),
    "1,000,000 lists": lambda: b'{"New":%s%s}' % (b"[" * 1_000_000, b"]" * 1_000_000),
    "1,000,000 open objects": lambda: b'{"New":' * 1_000_000,
    "a null between records": lambda: b'{"Id":"a"}null{"Id":"b"}',
    "an exponent out of all bounds": lambda: b'{"Value":0e-999999999}',
    "a quoted exponent out of all bounds": lambda: b'{"Value":"0e-999999999"}',
    "a quoted exponent after many digits": lambda: b'{"Value":"%se-999999999"}' % (b"0" * 500),
    "a quoted exponent of many digits": lambda: b'{"Value":"0e-%s999999999"}' % (b"0" * 500),
    "a quoted exponent with a point": lambda: b'{"Value": "-0.E-999999999" }',
    "a quoted exponent, e escaped": lambda: b'{"Value":"0\\u0065-999999999"}',
    "a quoted exponent, minus escaped": lambda: b'{"Value":"0e\\u002d999999999"}',
    "a quoted exponent, point escaped": lambda: b'{"Value":"0\\u002ee-999999999"}',
    "a quoted exponent, plus escaped": lambda: b'{"Value":"\\u002b0e-999999999"}',
    "a quoted exponent, digits escaped": lambda: b'{"Value":"\\u0030e-99999\\u00399999"}',
    "an exponent beyond counting": lambda: b'{"Value":1e%s}' % (b"9" * 400),
}


def outcome(line):
    """Say which columns hold the value of a line, or which error it is."""
    entity_type = "Bill" if b"OrderItems" in line[:20] else "LedgerEntry"
    chunks = [line[i : i + CHUNK] for i in range(0, len(line), CHUNK)]
    try:
        table = decoded(None, entity_type, chunks=[*chunks, b"\n"])
    except DecodeError as error:
        return f"error in line {error.line}: {error.message.partition(': ')[2]}"
    filled = [name for name in table.column_names if table[name].null_count < table.num_rows]
    return f"value in {', '.join(filled)}" if table.num_rows else "no row"


def peak():
    """Give the most memory that this process has held, in MB, where Linux tells."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) // 1_000 if found else 0


if __name__ == "__main__":
    if sys.argv[1] == "arrow":
        compiled.is_there = lambda: False
    for name, make in HOSTILE.items():
        print(f"{name}: {outcome(make())}", flush=True)  # noqa: T201 - a test reads it
    print(f"peak in MB: {peak()}")  # noqa: T201 - a test reads it
