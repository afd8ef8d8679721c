"""All that CI runs: ``nox``. Some of it: ``nox -s lint``. What takes long: ``nox -s slow``.

Everything but the wheel runs in the environment that nox itself is installed in: the one that
the README makes.
"""

import os
import shutil
import sys
from pathlib import Path

import nox

os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]
nox.options.sessions = ["tests", "lint", "types", "schemas", "docs", "wheel"]
nox.options.error_on_external_run = False

DIST = Path("dist")


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Run the tests, and show what they reach."""
    session.run("pytest", "-q", "--cov", "--cov-report=term", *session.posargs)


@nox.session(venv_backend="none")
def slow(session: nox.Session) -> None:
    """Run the long profiles: minutes to an hour."""
    session.run("pytest", "-q", "-m", "slow", "--timeout=3600", *session.posargs)


@nox.session(venv_backend="none")
def bench(session: nox.Session) -> None:
    """Measure, and write docs/explanation/performance.md; needs pysimdjson for the floor."""
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Check style and layout."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """Check types: inside with mypy, what users see with pyright."""
    session.run("mypy")
    session.run("pyright", "--verifytypes", "mews_frames", "--ignoreexternal")


@nox.session(venv_backend="none")
def schemas(session: nox.Session) -> None:
    """Check that the data files are those that the script makes."""
    session.run("python", "scripts/make_schemas.py", "--check")


@nox.session(venv_backend="none")
def notebooks(session: nox.Session) -> None:
    """Run the notebooks into files to look at; session docs runs them, too, and is stricter."""
    made = Path(session.create_tmp())
    for source in sorted(Path("notebooks").glob("*.py")):
        target = made / f"{source.stem}.ipynb"
        session.run(
            "jupytext", "--quiet", "--execute", "--to", "ipynb", "-o", str(target), str(source)
        )


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """Build the documentation, which runs the notebooks: a warning or a failing cell ends it."""
    session.run("python", "-m", "sphinx", "-n", "-W", "--keep-going", "-b", "html",
                "docs", "docs/_build/html", *session.posargs)  # fmt: skip


@nox.session(venv_backend="venv")
def wheel(session: nox.Session) -> None:
    """Build the package, install the wheel where nothing else is, and run the demo with it."""
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("pyproject-build", "--outdir", str(DIST), external=True, silent=True)
    (built,) = DIST.glob("*.whl")
    session.install("-c", "constraints.txt", str(built))
    with session.chdir(session.create_tmp()):  # away from the sources
        session.run("mews-frames", "demo")
