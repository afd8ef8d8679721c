"""The data files are those that scripts/make_schemas.py makes of scripts/entities.json."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mews_frames._schemas import ENTITY_TYPES

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "make_schemas.py"
FACTS = json.loads((ROOT / "scripts" / "entities.json").read_text(encoding="utf-8"))
EXPORTED, LOOKED_UP = FACTS["entities"], FACTS["lookups"]

of_every_type = pytest.mark.parametrize("entity_type", ENTITY_TYPES)


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_schemas", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copy(maker, tmp_path):
    return Path(shutil.copytree(maker.FOLDER, tmp_path / "schemas"))


def one_of(maker, *types):
    """Spell out a field whose shape depends on a discriminator."""
    branches = {f"Is{number}": f"Type{number}" for number in range(len(types))}
    facts = {"types": {f"Type{n}": {"fields": fields} for n, fields in enumerate(types)}}
    field = {"type": "object", "one_of": branches, "meaning": "either", "nullable": False}
    return {f["name"]: f for f in maker._field(facts, field)["fields"]}


def named(name, meaning, *, nullable=False, kind="string"):
    return {"name": name, "type": kind, "meaning": meaning, "nullable": nullable}


# --------------------------------------------------------------------------- the files


def test_the_files_are_up_to_date():
    done = subprocess.run(
        [sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_check_names_a_file_that_was_edited_by_hand(maker, copy, capsys):
    edited = copy / "Bill.json"
    edited.write_text(edited.read_text().replace("Closed", "Shut", 1))
    before = edited.read_text()
    assert maker.main(["--check"], copy) == 1
    assert [line.split(" is stale")[0] for line in capsys.readouterr().out.splitlines()] == [
        str(edited)
    ]
    assert edited.read_text() == before


def test_files_that_are_missing_or_too_many_are_stale(maker, copy):
    (copy / "Bill.json").unlink()
    (copy / "Stray.json").write_text("{}")
    files = maker.made(FACTS)
    assert maker.stale(files, copy) == ["Bill.json", "Stray.json"]
    assert maker.main([], copy) == 0
    assert maker.stale(files, copy) == []


def test_a_field_is_a_line_of_a_diff(maker):
    lines = maker.made(FACTS)["ResourceBlock.json"].splitlines()
    assert len(lines) == 1 + 12 + 1
    assert json.loads(lines[1].rstrip(","))["name"] == "Id"


# --------------------------------------------------------------------------- how they are made


def test_shapes_under_one_value_become_one_struct(maker):
    made = one_of(
        maker, [named("Id", "a"), named("Name", "b")], [named("Id", "c"), named("X", "d")]
    )
    assert list(made) == ["Id", "Name", "X"]
    assert made["Id"]["meaning"] == "a or c"
    assert made["X"]["meaning"] == "d; only for Is1"


def test_what_only_one_shape_has_can_be_null(maker):
    made = one_of(maker, [named("Id", "a"), named("Name", "b")], [named("Id", "c", nullable=True)])
    assert made["Name"]["nullable"]
    assert made["Id"]["nullable"]
    assert not one_of(maker, [named("Id", "a")], [named("Id", "a")])["Id"]["nullable"]


def test_one_name_with_two_types_is_refused(maker):
    with pytest.raises(ValueError, match="several types"):
        one_of(maker, [named("Id", "a")], [named("Id", "a", kind="integer")])


def test_a_meaning_names_the_values_that_are_old(maker):
    facts = {
        "enums": {
            "Way": {"meaning": "way", "values": dict.fromkeys("ABC", ""), "deprecated": ["A", "C"]},
            "Plain": {"meaning": "plain", "values": {"A": ""}},
        }
    }
    field = {"type": "enum", "enum": "Way", "nullable": False}
    assert (
        maker._field(facts, field | {"meaning": "mine"})["meaning"]
        == "mine; old values that can still occur: A, C"
    )
    assert maker._field(facts, field)["meaning"] == "way; old values that can still occur: A, C"
    assert maker._field(facts, field | {"enum": "Plain"})["meaning"] == "plain"


# --------------------------------------------------------------------------- the facts


def test_every_value_that_is_old_is_a_value():
    for name, enum in FACTS["enums"].items():
        assert set(enum.get("deprecated", [])) <= set(enum["values"]), name


def test_the_facts_cover_the_types_that_mews_exports():
    assert tuple(EXPORTED) == ENTITY_TYPES


def test_every_type_and_enum_is_used():
    text = json.dumps(FACTS["entities"]) + json.dumps(FACTS["types"])
    assert [
        name for name in FACTS["types"] if f'"{name}"' not in text.replace(f'"{name}": {{', "")
    ] == []
    assert [name for name in FACTS["enums"] if f'"enum": "{name}"' not in text] == []


@of_every_type
def test_keys_and_roles_name_fields_that_exist(entity_type):
    entity = EXPORTED[entity_type]
    there = set(paths(entity["fields"]))
    named = {
        *entity["primary_key"],
        *entity["money_fields"],
        *entity["time_roles"].values(),
        *filter(None, [entity["updated_field"]]),
        *(key["field"] for key in entity["foreign_keys"]),
    }
    assert named - there == set()


@of_every_type
def test_foreign_keys_lead_to_exports_or_lookups(entity_type):
    targets = {key["to"] for key in EXPORTED[entity_type]["foreign_keys"]}
    assert targets - {*EXPORTED, *LOOKED_UP} == set()


@of_every_type
def test_every_id_has_a_target_or_is_known_to_have_none(entity_type):
    entity = EXPORTED[entity_type]
    ids = {path for path, field in paths(entity["fields"]).items() if field["type"] == "uuid"}
    without = ids - {key["field"] for key in entity["foreign_keys"]} - set(entity["primary_key"])
    old = {path for path in without if path.split(".")[0].split("[")[0] in OLD}
    assert without - old == NO_TARGET.get(entity_type, set())


OLD = {
    *("Passport", "IdentityCard", "Visa", "DriversLicense", "Address"),
    *("Revenue", "Payments", "OrderItems", "PaymentItems", "AssigneeData", "CompanyDetails"),
}
"""Deprecated fields: their ids are left alone."""

NO_TARGET = {
    "AvailabilityBlock": {"QuoteId"},  # of Mews Events, which has no lookup
    "LedgerEntry": {"TransactionId"},  # only groups entries
    "Bill": {  # snapshots, to be read and not joined
        "OwnerData.Value.Id",
        "AssociatedAccountData[].BillCustomerData.Id",
        "AssociatedAccountData[].BillCompanyData.Id",
    },
}


def paths(fields, above=""):
    """List all fields at any depth, "[]" for the elements of a list."""
    found = {}
    for field in fields:
        name = above + field["name"]
        found[name] = field
        inner = field.get("items", field)
        mark = "[]" if "items" in field else ""
        if mark:
            found[name + mark] = inner
        types = [inner["of"]] if "of" in inner else inner.get("one_of", {}).values()
        for each in types:
            found |= paths(FACTS["types"][each]["fields"], f"{name}{mark}.")
    return found
