"""The compiled reader reads and writes nothing but its own memory, whatever the lines are."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = """
import sys
from pathlib import Path
from hatch_build import build_library

sys.exit(build_library(Path(sys.argv[1]), *sys.argv[2:]))
"""
RUN = """
import sys
from pathlib import Path
import pytest
from mews_frames._frames import compiled

compiled.LIBRARY = Path(sys.argv[1])
assert compiled.is_there()
sys.exit(pytest.main(sys.argv[2:]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not there to watch the memory")
def test_no_octet_beyond_the_buffers_is_touched(tmp_path):
    """The tests that feed it damage, under gcc's sanitizers of memory and arithmetic."""
    library = tmp_path / "watched.so"
    flags = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    subprocess.run([sys.executable, "-c", BUILD, str(library), *flags], cwd=ROOT, check=True)
    asan = subprocess.run(
        [shutil.which("gcc"), "-print-file-name=libasan.so"],
        capture_output=True,
        text=True,
        check=True,
    )
    tests = [str(ROOT / "tests" / "frames" / f"test_{name}.py") for name in ("compiled", "damage")]
    subprocess.run(
        [sys.executable, "-c", RUN, str(library), "-q", "-n0", "-k", "not hostile", *tests],
        cwd=ROOT,
        env={
            **os.environ,
            "LD_PRELOAD": asan.stdout.strip(),
            "ASAN_OPTIONS": "detect_leaks=0",
            "PYTHONMALLOC": "malloc",  # else small objects lie side by side, and unwatched
        },
        check=True,
    )
