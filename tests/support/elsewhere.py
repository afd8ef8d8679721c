"""Other machines, as far as one machine can be several."""

import os
from contextlib import contextmanager

PLACES = ["folder", "memory", "s3"]
"""Kinds of stores that machines share."""


def environment(**more):
    """The environment of another process: this one's, without what is about Mews."""
    mine = {n: v for n, v in os.environ.items() if not n.startswith(("MEWS_", "COV_"))}
    return mine | more


@contextmanager
def wiped():
    """Let child processes that begin meanwhile know nothing of Mews."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment(DASK_LOGGING__DISTRIBUTED="critical"))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
