"""A cache in a folder that is copied to a cloud is a warning, once, that ends nobody's program."""

import os
import subprocess
import sys

import pytest

from mews_frames._cache.layout import Layout
from mews_frames._cache.synced import synced_by

EXAMPLES = {
    "Dropbox/hotel": "Dropbox",
    "Dropbox (Hotel Group)": "Dropbox",
    "OneDrive - Hotel Group/reports": "OneDrive",
    "Library/Mobile Documents/com~apple~CloudDocs": "iCloud Drive",
    "iCloudDrive": "iCloud Drive",
    "Google Drive/My Drive": "Google Drive",
    "Library/CloudStorage/GoogleDrive-someone": "a cloud",
    "Nextcloud/shared": "Nextcloud",
    "MEGAsync": "MEGA",
}


@pytest.mark.parametrize(("folder", "program"), EXAMPLES.items())
def test_synced_folders_are_known_by_their_names(tmp_path, folder, program):
    assert synced_by(tmp_path / folder / "cache") == program


@pytest.mark.parametrize(
    "folder", ["home/.cache/mews-frames", "dropboxes", "my onedrive notes", "boxes", "home"]
)
def test_other_folders_are_not(tmp_path, folder):
    (tmp_path / "home" / ".dropbox").mkdir(parents=True)  # settings of Dropbox, no synced folder
    assert synced_by(tmp_path / folder / "cache") is None


@pytest.mark.parametrize("mark", [".stfolder", ".dropbox.cache", ".nextcloudsync.log"])
def test_synced_folders_are_known_by_what_lies_in_them(tmp_path, mark):
    (tmp_path / "shared" / mark).mkdir(parents=True)
    assert synced_by(tmp_path / "shared" / "reports" / "cache") is not None


def test_what_a_link_leads_to_counts(tmp_path):
    (tmp_path / "Dropbox").mkdir()
    try:
        (tmp_path / "reports").symlink_to(tmp_path / "Dropbox")
    except OSError:
        pytest.skip("no right to make links")
    assert synced_by(tmp_path / "reports" / "cache") == "Dropbox"


def test_the_warning_comes_once(tmp_path, caplog):
    layout = Layout(tmp_path / "Dropbox" / "cache")
    for _ in range(3):
        layout.make(layout.requests)
    assert caplog.text.count("that Dropbox copies elsewhere") == 1
    assert str(tmp_path / "Dropbox" / "cache") in caplog.text


SCRIPT = """
import sys
from pathlib import Path
from mews_frames._cache.layout import Layout
layout = Layout(Path(sys.argv[1]) / "OneDrive" / "cache")
layout.make(layout.requests)
"""


def test_a_program_that_takes_warnings_for_errors_goes_on_and_says_it(tmp_path):
    words = [sys.executable, "-W", "error", "-c", SCRIPT, str(tmp_path)]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ)
    assert ran.returncode == 0, ran.stderr
    assert "that OneDrive copies elsewhere" in ran.stderr
