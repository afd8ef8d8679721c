"""Build the compiled reader with the package, where there is a C compiler; without one, go on.

``python hatch_build.py`` builds it in place. ``CC`` names the compiler, as anywhere; ``CC=false``
makes a package without the library, which reads at the speed of Arrow's reader instead:
docs/decisions/0016.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path(__file__).parent / "mews_frames" / "_frames"
SOURCE = FOLDER / "compiled.c"
LIBRARY = FOLDER / "compiled.bin"
"""The same name on every system: it is loaded by its path, not found."""

DIGEST = hashlib.sha256(SOURCE.read_bytes()).hexdigest()
"""By which `mews_frames._frames.compiled` knows a library that was built of other sources."""

FLAGS = (f'-DDIGEST="{DIGEST}"', "-O3", "-std=c99", "-shared", "-fPIC", "-fvisibility=hidden")


def build_library(target: Path = LIBRARY, *flags: str) -> str | None:
    """Compile the library; if that is not possible, say why, and leave none behind."""
    target.unlink(missing_ok=True)
    asked = os.environ.get("CC") or next(filter(shutil.which, ("cc", "gcc", "clang")), None)
    if asked is None:
        return "there is no C compiler"
    command = [*shlex.split(asked), *FLAGS, *flags, "-o", str(target), str(SOURCE)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError as error:
        return f"{asked} cannot be run: {error.strerror}"
    if done.returncode:
        target.unlink(missing_ok=True)
        return f"{asked} failed: {done.stderr.strip()}"
    return None


class CompiledReader(BuildHookInterface):  # type: ignore[type-arg]
    """Put the library into the wheel, and its platform into the name of the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build before the files of a wheel are gathered; an sdist holds the source alone."""
        if self.target_name != "wheel":
            return
        if why := build_library():
            self.app.display_warning(f"the compiled reader was not built: {why}")
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["artifacts"].append(LIBRARY.relative_to(Path(self.root)).as_posix())
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"  # called through ctypes: any Python will do


if __name__ == "__main__":
    sys.exit(build_library())
