"""Make mews_frames/_schemas/*.json of the facts in entities.json.

::

    python scripts/make_schemas.py            # writes what has changed
    python scripts/make_schemas.py --check    # writes nothing; exit status 1 if a file is stale
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

FACTS = Path(__file__).with_name("entities.json")
FOLDER = Path(__file__).parents[1] / "mews_frames" / "_schemas"

Json = dict[str, Any]


def schema_of(facts: Json, entity_type: str) -> Json:
    """Spell out an entity type: references to types and enums are followed."""
    entity = facts["entities"][entity_type]
    return {
        "entity_type": entity_type,
        "scope": entity["scope"],
        "filter": entity["filter"],
        "fields": [_field(facts, field) for field in entity["fields"]],
    }


def _field(facts: Json, field: Json, sign: str = "") -> Json:
    """Spell out a field, or the elements of a list, which have no name.

    Parameters
    ----------
    sign
        What the sign of money means: that depends on where an Amount is used.
    """
    spelled = {"name": field["name"]} if "name" in field else {}
    spelled |= {
        "type": field["type"],
        "meaning": _meaning(facts, field, sign if "unit" in field else ""),
        "nullable": field.get("nullable", True),
    }
    if "unit" in field:
        spelled["unit"] = field["unit"]
    if field.get("deprecated"):
        spelled["deprecated"] = True
    if "enum" in field:
        spelled["values"] = list(facts["enums"][field["enum"]]["values"])
    if "of" in field:
        spelled["fields"] = [
            _field(facts, inner, field.get("sign", ""))
            for inner in facts["types"][field["of"]]["fields"]
        ]
    if "one_of" in field:
        spelled["fields"] = _either(facts, field["one_of"])
    if "items" in field:
        spelled["items"] = _field(facts, field["items"])
    return spelled


def _meaning(facts: Json, field: Json, sign: str) -> str:
    """Give the meaning of a field; elements of a list have that of their type or enum."""
    old = facts["enums"][field["enum"]].get("deprecated") if "enum" in field else None
    if "meaning" not in field and "enum" in field:
        field = facts["enums"][field["enum"]]
    elif "meaning" not in field and "of" in field:
        field = facts["types"][field["of"]]
    warning = old and f"old values that can still occur: {', '.join(old)}"
    return "; ".join(filter(None, (field["meaning"], sign or field.get("sign"), warning)))


def _either(facts: Json, branches: dict[str, str]) -> list[Json]:
    """Put the shapes that one field can have into one: the fields of all of them.

    Parameters
    ----------
    branches
        From value of the discriminator to type.
    """
    shapes = {
        value: {field["name"]: _field(facts, field) for field in facts["types"][name]["fields"]}
        for value, name in branches.items()
    }
    names = dict.fromkeys(name for shape in shapes.values() for name in shape)
    return [_same({v: s[name] for v, s in shapes.items() if name in s}, shapes) for name in names]


def _same(found: dict[str, Json], shapes: Json) -> Json:
    """Make one field of those that have the same name in different shapes."""
    if len({field["type"] for field in found.values()}) > 1:
        raise ValueError(f"one name, several types: {found}")
    meaning = " or ".join(dict.fromkeys(field["meaning"] for field in found.values()))
    only = "" if len(found) == len(shapes) else f"; only for {', '.join(found)}"
    first = next(iter(found.values()))
    return first | {
        "meaning": meaning + only,
        # A record has one of the shapes, so what the others have is missing.
        "nullable": bool(only) or any(field["nullable"] for field in found.values()),
    }


def written(value: Any, depth: int = 0) -> str:
    """Write JSON with one field a line, so that a change is one line of a diff."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {written(value[k], depth)}" for k in value) + "}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        below, end = "\n" + " " * (depth + 1), "\n" + " " * depth
        return "[" + ",".join(below + written(v, depth + 1) for v in value) + end + "]"
    return json.dumps(value, ensure_ascii=False)


def made(facts: Json) -> dict[str, str]:
    """Make all files: from name to text."""
    return {f"{name}.json": written(schema_of(facts, name)) + "\n" for name in facts["entities"]}


def stale(files: dict[str, str], folder: Path) -> list[str]:
    """List the files that differ, are missing, or should not be there."""
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in {*files, *there} if files.get(name) != there.get(name))


def main(arguments: list[str] | None = None, folder: Path = FOLDER) -> int:
    """Write the stale files, or with ``--check`` only name them."""
    parser = argparse.ArgumentParser(description="make mews_frames/_schemas of entities.json")
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 if stale")
    check = parser.parse_args(arguments).check
    files = made(json.loads(FACTS.read_text(encoding="utf-8")))
    names = stale(files, folder)
    for name in names:
        if check:
            print(f"{folder / name} is stale: run python scripts/make_schemas.py")
        elif name in files:
            (folder / name).write_text(files[name], encoding="utf-8", newline="\n")
            print(f"wrote {folder / name}")
        else:
            (folder / name).unlink()
            print(f"removed {folder / name}")
    return 1 if check and names else 0


if __name__ == "__main__":
    sys.exit(main())
