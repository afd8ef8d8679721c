"""Bad input: one clear error that says what, where and what to do, and nothing is sent."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pandas as pd
import pytest

import mews_frames as mf
from mews_frames import errors

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def mews(clock):
    with mf.sandbox(rows=20, clock=clock) as box:
        yield box


def refused(mews, call, kind, *words):
    """Expect one clear error that holds these words, and not a single request."""
    with pytest.raises(errors.MewsError) as caught:
        call()
    error = caught.value
    assert type(error) is kind
    for word in words:
        assert word in str(error), f"{word!r} is not in: {error}"
    assert error.hint
    assert "\n" not in error.message
    assert not error.message.endswith(".")
    assert mews.requests == ()


# --------------------------------------------------------------------------- what is asked for

BAD = {
    "an unknown entity type": (
        "orderitem",
        {},
        "'orderitem' is not an entity type",
        "OrderItem",
        "LedgerEntry",
    ),
    "no text at all": (None, {}, "None is not an entity type"),
    "chains for enterprises": ("OrderItem", {"chain_ids": [ID]}, "chain_ids", "enterprise_ids="),
    "enterprises for chains": (
        "Customer",
        {"enterprise_ids": [ID]},
        "enterprise_ids",
        "Customer",
        "chain_ids=",
    ),
    "an empty scope": ("OrderItem", {"enterprise_ids": []}, "enterprise_ids holds 0 ids", "1000"),
    "a scope of too many": ("OrderItem", {"enterprise_ids": [ID] * 1001}, "holds 1001 ids"),
    "a scope of one text": ("OrderItem", {"enterprise_ids": ID}, "a list", f"['{ID}']"),
    "a scope of one number": ("OrderItem", {"enterprise_ids": 7}, "a list", "not 7"),
    "a scope of something else": ("OrderItem", {"enterprise_ids": ["Ritz"]}, "'Ritz'", "UUID"),
    "a scope with None in it": ("Customer", {"chain_ids": [ID, None]}, "None in chain_ids"),
    "a naive start": (
        "OrderItem",
        {"updated": (datetime(2026, 1, 1), JANUARY)},  # noqa: DTZ001 - that is the point
        "start of updated has no time zone",
        "UTC",
    ),
    "a naive end": (
        "OrderItem",
        {"updated": (JANUARY, "2026-02-01T00:00:00")},
        "end of updated has no time zone",
        "'2026-02-01T00:00:00'",
    ),
    "a date as an instant": ("OrderItem", {"updated": (date(2026, 1, 1), None)}, "no instant"),
    "words as an instant": ("OrderItem", {"updated": ("last month", None)}, "'last month'"),
    "no instant of pandas": ("OrderItem", {"updated": (pd.NaT, None)}, "no instant"),
    "an instant before the calendar": (
        "OrderItem",
        {"updated": ("0001-01-01T00:00:00+14:00", None)},
        "outside of the calendar",
    ),
    "no start": ("OrderItem", {"updated": (None, JANUARY)}, "no start"),
    "one instant": ("OrderItem", {"updated": "2026-01-01T00:00:00Z"}, "two values"),
    "three instants": ("OrderItem", {"updated": (JANUARY,) * 3}, "two values"),
    "an end before the start": (
        "OrderItem",
        {"updated": (JANUARY, JANUARY - timedelta(days=1))},
        "2025-12-31T00:00:00Z",
        "2026-01-01T00:00:00Z",
    ),
    "an end at the start": ("OrderItem", {"updated": (JANUARY, JANUARY)}, "not after its start"),
    "no posting dates for LedgerEntry": ("LedgerEntry", {}, "LedgerEntry needs posted", "posted=("),
    "posting dates for another type": (
        "OrderItem",
        {"posted": ("2026-01-01", "2026-01-31")},
        "posted goes with LedgerEntry only",
        "OrderItem",
        "updated=",
    ),
    "update times for LedgerEntry": (
        "LedgerEntry",
        {"updated": (JANUARY, None)},
        "updated does not go with LedgerEntry",
        "posted=",
    ),
    "posting dates the wrong way round": (
        "LedgerEntry",
        {"posted": ("2026-01-31", "2026-01-01")},
        "2026-01-31",
        "2026-01-01",
    ),
    "an instant as a posting date": ("LedgerEntry", {"posted": (JANUARY, JANUARY)}, "no date"),
    "a day that is none": ("LedgerEntry", {"posted": ("2026-02-30", "2026-03-01")}, "2026-02-30"),
    "a negative age": ("OrderItem", {"max_age": -1}, "max_age", "-1"),
    "an age in words": ("OrderItem", {"max_age": "1 day"}, "max_age", "'1 day'"),
}
every_bad_request = pytest.mark.parametrize(
    ("entity_type", "options", "words"),
    [(t, options, words) for t, options, *words in BAD.values()],
    ids=list(BAD),
)


@every_bad_request
def test_a_bad_load_is_refused(mews, entity_type, options, words):
    def call():
        mews.client().load_entities(entity_type, **options)

    refused(mews, call, errors.InvalidArgumentError, *words)


@every_bad_request
def test_a_bad_start_is_refused_alike(mews, entity_type, options, words):
    def call():
        mews.client().start_export(entity_type, **options)

    refused(mews, call, errors.InvalidArgumentError, *words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"timeout": -1}, ["timeout", "-1"]),
        ({"timeout": float("nan")}, ["timeout", "nan"]),
        ({"timeout": "1h"}, ["timeout", "'1h'"]),
        ({"progress": True}, ["progress", "True"]),
        ({"backend": "spark"}, ["'spark'", "polars", "pandas"]),
        ({"money": "cents"}, ["'cents'", "decimal", "float"]),
        ({"columns": []}, ["columns is empty"]),
        ({"columns": "Id"}, ["list", "not 'Id'", "columns=['Id']"]),
        ({"columns": 5}, ["list", "not 5", "columns=['Id']"]),
        ({"columns": [1]}, ["list", "not [1]", "columns=['Id']"]),
        ({"columns": [None]}, ["list", "not [None]"]),
        ({"columns": (name for name in ["Id"])}, ["list", "not <generator", "columns=['Id']"]),
    ],
)
def test_a_bad_option_is_refused(mews, options, words):
    def call():
        mews.client().load_entities("OrderItem", **options)

    refused(mews, call, errors.InvalidArgumentError, *words)


def test_unknown_columns_are_refused_and_the_nearest_are_listed(mews):
    def call():
        mews.client().load_entities("OrderItem", columns=["Id", "Ammount.NetValue", "zzz"])

    words = ["OrderItem", "'Ammount.NetValue', 'zzz'", "Amount.NetValue", "schema_of('OrderItem')"]
    refused(mews, call, errors.UnknownColumnError, *words)


@pytest.mark.parametrize(
    ("entity_types", "options", "words"),
    [
        ([], {}, ["list of entity types"]),
        ("OrderItem", {}, ["list of entity types", "'OrderItem'"]),
        (["OrderItem", "OrderItem"], {}, ["twice"]),
        (["OrderItem", "Guest"], {}, ["'Guest'"]),
        (["OrderItem", "LedgerEntry"], {}, ["LedgerEntry needs posted"]),
        (["OrderItem", "Bill"], {"chain_ids": [ID]}, ["none of OrderItem, Bill", "chain_ids"]),
        (["OrderItem", "Bill"], {"posted": ("2026-01-01",) * 2}, ["none of", "posted"]),
        (["OrderItem", "Customer"], {"enterprise_ids": []}, ["holds 0 ids"]),
        (["OrderItem", "Bill"], {"columns": ["Id", "Nope"]}, ["'Nope'"]),
        (["OrderItem", "Customer"], {"columns": ["Amount"]}, ["Customer has none"]),
        (["OrderItem", "Bill"], {"columns": "Id"}, ["list", "not 'Id'"]),
        (["OrderItem", "Bill"], {"columns": iter(["Id"])}, ["list", "not <list_iterator"]),
    ],
)
def test_a_bad_load_of_several_is_refused(mews, entity_types, options, words):
    with pytest.raises(errors.InvalidArgumentError) as caught:
        mews.client().load_many(entity_types, **options)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert caught.value.hint
    assert mews.requests == ()


# --------------------------------------------------------------------------- which export


@pytest.mark.parametrize("export_id", ["", "latest", ID[:-1], ID.replace("-", ""), "../x", 7, None])
def test_an_id_that_is_no_uuid_is_refused(mews, export_id):
    def call():
        mews.client().load_export(export_id)

    refused(mews, call, errors.InvalidArgumentError, repr(export_id), "UUID", "mf.exports()")


def test_the_id_of_an_unknown_export_is_refused(mews):
    with pytest.raises(errors.InvalidArgumentError, match=f"not know an export {ID}") as caught:
        mews.client().load_export(ID)
    assert caught.value.export_id == ID
    assert "mf.exports()" in caught.value.hint
    assert [request.operation for request in mews.requests] == ["getAll"]


def test_a_bad_option_for_an_export_is_refused(mews):
    def call():
        mews.client().load_export(ID, backend="spark")

    refused(mews, call, errors.InvalidArgumentError, "'spark'")


def test_a_column_that_the_export_does_not_have_is_refused(mews):
    client = mews.client()
    export = client.start_export("Bill")
    with pytest.raises(errors.UnknownColumnError, match="Bill has no column 'Nmae'"):
        client.load_export(export.id, columns=["Nmae"])
    assert "download" not in [request.operation for request in mews.requests]


# --------------------------------------------------------------------------- settings


@pytest.mark.parametrize("blank", [None, "", "  "])
@pytest.mark.parametrize("name", ["client_token", "access_token"])
def test_a_missing_or_blank_token_is_refused_and_every_place_is_named(mews, name, blank):
    tokens = {"client_token": "a-token", "access_token": "another", name: blank}

    def call():
        mf.Client(**tokens, platform_address=mews.address)

    words = [
        name.replace("_", " "),
        f"argument {name}",
        f"MEWS_{name.upper()}",
        "'default'",
        "config.toml",
        "mews-frames login",
        'profile="sandbox"',
    ]
    refused(mews, call, errors.ConfigurationError, *words)


def test_a_load_without_any_setting_names_every_place_too():
    with pytest.raises(errors.ConfigurationError, match="MEWS_CLIENT_TOKEN"):
        mf.load_entities("OrderItem")


@pytest.mark.parametrize(
    "address", ["api.mews.com", "ftp://api.mews.com", "https://", "https://api.mews.com/v1", "//x"]
)
def test_an_address_without_scheme_or_with_more_is_refused(mews, address):
    def call():
        mews.client(platform_address=address)

    refused(mews, call, errors.ConfigurationError, "platform address", "https://api.mews.com")


def test_an_unknown_profile_is_refused(mews):
    def call():
        mews.client(profile="prod")

    refused(mews, call, errors.ConfigurationError, "'prod'", "sandbox")


def test_a_cache_folder_that_cannot_be_written_is_refused(mews, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    def call():
        mews.client(cache_dir=blocked / "cache").load_entities("OrderItem")

    refused(mews, call, errors.CacheError, str(blocked / "cache"), "MEWS_FRAMES_CACHE_DIR")


def test_a_cache_folder_that_is_a_file_is_refused(mews, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    def call():
        mews.client(cache_dir=blocked).load_entities("OrderItem")

    refused(mews, call, errors.CacheError, str(blocked), "MEWS_FRAMES_CACHE_DIR")


# --------------------------------------------------------------------------- what is told first


@pytest.mark.parametrize(
    "call",
    [
        lambda: mf.load_entities("OrderItems"),
        lambda: mf.load_many(["Bill", "OrderItems"]),
        lambda: mf.start_export("OrderItems"),
        lambda: mf.sync_entities("OrderItems"),
        lambda: mf.changes("OrderItems", since=0),
        lambda: mf.drift("OrderItems"),
        lambda: mf.check("OrderItems"),
        lambda: mf.load_export("OrderItems"),
    ],
    ids=["load", "load_many", "start", "sync", "changes", "drift", "check", "load_export"],
)
def test_a_slip_in_the_type_is_told_before_tokens_are_missed(call):
    with pytest.raises(errors.InvalidArgumentError, match="'OrderItems'") as caught:
        call()
    assert "OrderItem" in caught.value.hint.replace("OrderItems", "")


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("orderitem", "OrderItem"),
        ("OrderItems", "OrderItem"),
        ("order_item", "OrderItem"),
        ("LedgerEntries", "LedgerEntry"),
        ("availabilityblock", "AvailabilityBlock"),
        ("Reservaton", "Reservation"),
    ],
)
def test_the_nearest_type_is_named(slip, meant):
    with pytest.raises(errors.InvalidArgumentError) as caught:
        mf.schema_of(slip)
    assert caught.value.hint.startswith(f"did you mean {meant}?")


def test_no_type_is_guessed_from_nowhere():
    with pytest.raises(errors.InvalidArgumentError) as caught:
        mf.describe("Zebra")
    assert caught.value.hint.startswith("one of OrderItem, ")


# --------------------------------------------------------------------------- plausible mistakes


@pytest.mark.parametrize(
    "call",
    [
        mf.load_entities,
        mf.start_export,
        mf.sync_entities,
        mf.describe,
        mf.schema_of,
        lambda types: mf.load_many([types]),
    ],
    ids=["load", "start", "sync", "describe", "schema", "a list in a list"],
)
def test_a_list_where_one_type_belongs_leads_to_load_many(call):
    with pytest.raises(errors.InvalidArgumentError) as caught:
        call(["OrderItem", "Payment"])
    assert "mf.load_many(['OrderItem', 'Payment'])" in caught.value.hint


def test_several_types_may_come_from_a_generator(mews):
    frames = mews.client().load_many((name for name in ("Bill", "Company")), progress=False)
    assert list(frames) == ["Bill", "Company"]


def test_ids_may_be_uuids(mews):
    client = mews.client()
    known = mews.enterprise_ids[0]
    export = client.start_export("Bill", enterprise_ids=[UUID(known)])
    assert export.scope.enterprise_ids == (known,)
    assert client.start_export("Bill", enterprise_ids=[known.upper()]).id == export.id


@pytest.mark.parametrize("instant", [pd.Timestamp("2026-01-01"), JANUARY])
def test_an_instant_for_a_posting_date_is_told_as_such(mews, instant):
    def call():
        mews.client().load_entities("LedgerEntry", posted=(instant, instant))

    refused(mews, call, errors.InvalidArgumentError, "an instant, and no date", ".date()")


@pytest.mark.parametrize("name", ["rows", "parts", "duration", "port"])
def test_a_sandbox_takes_numbers(name):
    with pytest.raises(errors.InvalidArgumentError, match=f"{name} of a sandbox is a number"):
        mf.sandbox(**{name: "10"})
