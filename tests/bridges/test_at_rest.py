"""The bridges are leaves: nobody pays for them who does not use them."""

import subprocess
import sys


def modules_loaded_by(code):
    run = subprocess.run(
        [sys.executable, "-c", code + "\nimport sys; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(run.stdout.split())


def test_importing_the_library_loads_no_bridge():
    loaded = modules_loaded_by("import mews_frames")
    assert "mews_frames._client" in loaded
    assert not {name for name in loaded if name.startswith("mews_frames._bridges")}
    assert "fsspec" not in loaded


def test_a_cached_load_uses_no_bridge(tmp_path):
    code = f"""
import os
os.environ["MEWS_FRAMES_CACHE_DIR"] = {str(tmp_path)!r}
import mews_frames as mf
with mf.sandbox(rows=20, duration=0) as mews, mews.client() as client:
    client.load_entities("Bill", progress=False).collect()
"""
    loaded = modules_loaded_by(code)
    assert not {name for name in loaded if name.startswith("mews_frames._bridges")}


def test_fsspec_finds_it_without_this_library_being_imported():
    code = "import fsspec; assert fsspec.get_filesystem_class('mews').protocol == 'mews'"
    assert "mews_frames._bridges.filesystem" in modules_loaded_by(code)
    assert "mews_frames._bridges.filesystem" not in modules_loaded_by("import fsspec")
