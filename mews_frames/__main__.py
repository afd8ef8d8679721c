"""``python -m mews_frames``: the command line, for where scripts are not on the path."""

from __future__ import annotations

import sys

from mews_frames._cli import main

if __name__ == "__main__":
    sys.exit(main())
