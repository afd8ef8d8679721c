"""How the documentation is built: ``python -m sphinx -n -W --keep-going -b html docs OUT``.

Nothing is fetched and nothing refers to a CDN: it builds on a machine without internet, and what
is built reads well on one.
"""

import atexit
import os
import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

# The notebooks run on the sandbox in a folder of their own: not one export of yours is touched.
os.environ["MEWS_FRAMES_CACHE_DIR"] = mkdtemp(prefix="mews-frames-docs-")
atexit.register(shutil.rmtree, os.environ["MEWS_FRAMES_CACHE_DIR"], ignore_errors=True)
for name in [each for each in os.environ if each.startswith("MEWS_")]:
    if name != "MEWS_FRAMES_CACHE_DIR":
        del os.environ[name]  # whatever you have set, the docs are the same

from mews_frames import __version__  # noqa: E402 - of this tree, not of what is installed

project = "mews_frames"
author = "the mews_frames developers"
copyright = "2026, the mews_frames developers. BSD-3-Clause"  # noqa: A001 - Sphinx' name for it
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_design",
    "sphinx_copybutton",
    "made",  # docs/_ext/made.py
    "offline",  # docs/_ext/offline.py
]
exclude_patterns = ["_build", "_ext", "decisions/README.md"]  # that one is included
default_role = "autolink"

# The first notebook takes about 15 s; the limit is for a machine that does much else.
nb_execution_mode = "auto"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_output_stderr = "warn"  # a warning in a notebook is a warning of the build, hence an error
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type"]  # tables of great_tables also come as text

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # else the overloads are shown; `made` puts types beside the parameters
numpydoc_show_class_members = False
add_module_names = False
# What other libraries document cannot be fetched here; what is private has no page.
nitpick_ignore_regex = [
    (r"py:.*", r"mews_frames\._.*"),
    (r"py:.*", r"(?!mews_frames\.)\w+\..*"),
    (r"py:.*", r"(datetime|timedelta)"),
]

html_theme = "pydata_sphinx_theme"
html_title = f"mews_frames {version}"
html_static_path = ["_static"]
html_css_files = ["frames.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "mews_frames"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
