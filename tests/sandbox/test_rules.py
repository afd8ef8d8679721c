"""The pretend Mews follows the documented rules of the two operations, through either door."""

import uuid
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from support.door import ENVELOPE, POSTED

from mews_frames._sandbox import rules
from mews_frames._sandbox.hotel import group_of
from mews_frames._schemas import ENTITY_TYPES

SOME_ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
PATHS = "/api/connector/v1/exports/"
GROUP = group_of(200, 0)
"""The hotels behind a door that is opened without options."""


def text(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(clock, **length):
    return text(clock.now() - timedelta(**length))


def updated(start, end):
    return {"UpdatedUtc": {"StartUtc": start, "EndUtc": end}}


def posting(start, end):
    return {"LedgerEntryFilters": {"Posting": {"Start": start, "End": end}}}


def said(answer, status=400):
    """Give what a refusal says."""
    assert answer.status_code == status, answer.text
    return answer.json()["Message"]


# --------------------------------------------------------------------------- the envelope


def test_an_add_is_answered_with_a_pending_export_that_has_every_field(door):
    answer = door.add("OrderItem")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    export = answer.json()["Export"]
    assert str(uuid.UUID(export["Id"])) == export["Id"]
    assert export["Scope"].pop("EnterpriseIds")
    assert export == {
        "Id": export["Id"],
        "Status": "Pending",
        "EntityType": "OrderItem",
        "Scope": {"ChainIds": None},
        "Files": [],
        "ExpiresUtc": None,
        "Filters": None,
    }


def test_every_answer_has_a_request_id_of_its_own_and_the_date_of_the_clock(door):
    link = door.link()
    answers = [
        door.add("Bill"),
        door.add("Nothing"),
        door.post("add", {"AccessToken": "wrong"}),
        door.http.get("/nowhere"),
        door.http.get(link),
        door.http.get(link + "0"),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 401, 404, 200, 403]
    ids = [answer.headers["Request-Id"] for answer in answers]
    assert len({uuid.UUID(each) for each in ids}) == len(answers)
    for answer in answers:
        assert parsedate_to_datetime(answer.headers["Date"]) == door.clock.now()


def test_an_error_has_a_message_and_the_request_id(door):
    answer = door.add("Nothing")
    body = answer.json()
    assert body["Message"] == "Invalid EntityType."
    assert body["RequestId"] == answer.headers["Request-Id"]


@pytest.mark.parametrize("path", ["add/", "Add", "getall", "getAll/", "delete", ""])
def test_the_path_counts_to_the_letter(door, path):
    assert door.http.post(PATHS + path, json=ENVELOPE).status_code == 404
    assert door.http.post("/API/connector/v1/exports/add", json=ENVELOPE).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
@pytest.mark.parametrize("operation", ["add", "getAll"])
def test_the_operations_answer_to_post_alone(door, method, operation):
    assert door.http.request(method, PATHS + operation).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b"null",
        b"{",
        b"{'ClientToken': 1}",
        b'{"ClientToken": "a", "ClientToken": "a"}',
        b'{"Number": NaN}',
        b'{"Number": 1,}',
        b"{} {}",
        b'{"Text": "\xff"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
    ],
    ids=lambda body: body[:20],
)
def test_a_body_that_is_not_one_strict_json_object_is_refused(door, body):
    answer = door.http.post(
        PATHS + "add", content=body, headers={"Content-Type": "application/json"}
    )
    assert "JSON" in said(answer)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_refused(door, kind):
    assert "Content-Type" in said(door.post("add", {}, headers={"Content-Type": kind}))


def test_a_content_type_with_a_charset_is_taken(door):
    kind = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert door.post("add", {"EntityType": "Bill"}, headers=kind).status_code == 200


def test_a_body_that_is_too_large_is_refused(door):
    assert "large" in said(door.add("OrderItem", Notes="x" * (1024 * 1024)), status=413)


@pytest.mark.parametrize("name", ["ClientToken", "AccessToken", "Client"])
@pytest.mark.parametrize("value", [None, "", " ", 1, ["token"]])
def test_tokens_and_client_name_must_not_be_empty(door, name, value):
    assert said(door.post("getAll", {"ExportIds": [SOME_ID], name: value})) == f"Invalid {name}."


@pytest.mark.parametrize("name", ["ClientToken", "AccessToken"])
def test_a_wrong_token_is_told_before_anything_else_of_the_request(door, name):
    answer = door.post("add", {name: "wrong", "EntityType": "Nothing", "Unknown": 1})
    assert "Token" in said(answer, status=401)


def test_language_and_culture_go_together(door):
    both = {"LanguageCode": "en-US", "CultureCode": "en-US"}
    assert door.add("Bill", **both).status_code == 200
    for name in both:
        assert "go together" in said(door.add("Payment", **{name: "en-US"}))
        assert said(door.add("Payment", **(both | {name: ""}))) == f"Invalid {name}."


@pytest.mark.parametrize(
    "body",
    [
        {"EntityType": "OrderItem", "entityType": "OrderItem"},
        {"EntityType": "OrderItem", "Scope": {"Enterprises": [SOME_ID]}},
        {"EntityType": "OrderItem", "Filters": {"CreatedUtc": None}},
        {"EntityType": "OrderItem", "Filters": {"UpdatedUtc": {"From": None}}},
        {"EntityType": "LedgerEntry", "Filters": {"LedgerEntryFilters": {"Type": "x"}}},
        {
            "EntityType": "LedgerEntry",
            "Filters": {"LedgerEntryFilters": {"Posting": {"Start": "2025-01-01", "Until": 1}}},
        },
    ],
)
def test_an_unknown_field_is_refused_wherever_it_stands(door, body):
    assert "Unknown field" in said(door.post("add", body))


def test_an_unknown_field_of_get_all_is_refused(door):
    body = {"ExportIds": [SOME_ID], "Limitation": {"Count": 10}}
    assert said(door.post("getAll", body)) == "Unknown field Limitation in the request."


# --------------------------------------------------------------------------- add: type and scope


def test_all_ten_types_can_be_exported_side_by_side(door):
    exports = [
        door.added(name, **({"Filters": POSTED} if name == "LedgerEntry" else {}))
        for name in ENTITY_TYPES
    ]
    assert [export["EntityType"] for export in exports] == list(ENTITY_TYPES)
    assert len(exports) == 10
    door.clock.sleep(3)
    looks = door.get_all(*[export["Id"] for export in exports]).json()["Exports"]
    assert {look["Status"] for look in looks} == {"Success"}
    assert all(door.rows(look) for look in looks)


@pytest.mark.parametrize("name", ["orderitem", "ORDERITEM", "OrderItems", "", None, 5, ["Bill"]])
def test_an_entity_type_that_is_not_spelled_as_documented_is_refused(door, name):
    assert said(door.add(name)) == "Invalid EntityType."


@pytest.mark.parametrize("name", [t for t in ENTITY_TYPES if t not in ("Customer", "Company")])
def test_most_types_take_enterprises_and_no_chains(door, name):
    filters = {"Filters": POSTED} if name == "LedgerEntry" else {}
    refused = door.add(name, Scope={"ChainIds": [SOME_ID]}, **filters)
    assert said(refused).startswith("Invalid ChainIds")
    one, two = GROUP.enterprise_ids[:2]
    export = door.added(name, Scope={"EnterpriseIds": [one.upper(), two]}, **filters)
    assert export["Scope"] == {"EnterpriseIds": [one, two], "ChainIds": None}


@pytest.mark.parametrize("name", ["Customer", "Company"])
def test_customers_and_companies_take_chains_and_no_enterprises(door, name):
    refused = door.add(name, Scope={"EnterpriseIds": [SOME_ID]})
    assert said(refused).startswith("Invalid EnterpriseIds")
    export = door.added(name, Scope={"ChainIds": GROUP.chain_ids[:1]})
    assert export["Scope"] == {"EnterpriseIds": None, "ChainIds": [GROUP.chain_ids[0]]}


@pytest.mark.parametrize("scope", [None, {}, {"EnterpriseIds": None, "ChainIds": None}])
def test_without_ids_the_scope_is_all_that_the_token_reaches(door, scope):
    export = door.finish("OrderItem", Scope=scope)
    ids = export["Scope"]["EnterpriseIds"]
    assert {row["EnterpriseId"] for row in door.rows(export)} == set(ids)


def test_only_rows_of_the_scope_are_exported(open_door):
    door = open_door(rows=5000)
    everywhere = door.finish("Customer")
    chains = everywhere["Scope"]["ChainIds"]
    enterprises = door.added("OrderItem")["Scope"]["EnterpriseIds"]
    door.clock.sleep(3)
    some = door.finish("OrderItem", Scope={"EnterpriseIds": enterprises[:1]})
    assert {row["EnterpriseId"] for row in door.rows(some)} == set(enterprises[:1])
    assert {row["ChainId"] for row in door.rows(everywhere)} == set(chains)


@pytest.mark.parametrize(
    ("name", "key", "known"),
    [
        ("OrderItem", "EnterpriseIds", GROUP.enterprise_ids[0]),
        ("Company", "ChainIds", GROUP.chain_ids[0]),
    ],
)
def test_ids_that_the_token_does_not_reach_are_refused(door, name, key, known):
    refused = door.add(name, Scope={key: [known, SOME_ID]})
    assert said(refused).startswith(f"Invalid {key}: {SOME_ID} is")
    assert door.added(name, Scope={key: [known]})["Scope"][key] == [known]


def test_records_of_ones_own_may_be_of_any_property(open_door):
    door = open_door(given={"OrderItem": [b"{}"]})
    scope = {"EnterpriseIds": [SOME_ID]}
    assert door.added(Scope=scope)["Scope"]["EnterpriseIds"] == [SOME_ID]
    assert door.add("Bill", Scope=scope).status_code == 400


@pytest.mark.parametrize(
    "ids", [[], [SOME_ID] * 1001, SOME_ID, {}, 1, ["text"], [SOME_ID, None], [f"{{{SOME_ID}}}"]]
)
def test_a_list_of_ids_holds_1_to_1000_guids(door, ids):
    assert said(door.add("OrderItem", Scope={"EnterpriseIds": ids})).startswith(
        "Invalid EnterpriseIds"
    )
    assert said(door.add("Company", Scope={"ChainIds": ids})).startswith("Invalid ChainIds")
    assert said(door.post("getAll", {"ExportIds": ids})).startswith("Invalid ExportIds")


def test_a_list_of_1000_ids_is_taken(door):
    ids = [GROUP.enterprise_ids[0]] * 1000
    assert door.add("OrderItem", Scope={"EnterpriseIds": ids}).status_code == 200
    assert door.get_all(*[SOME_ID] * 1000).json() == {"Exports": []}


@pytest.mark.parametrize("name", ["Scope", "Filters"])
@pytest.mark.parametrize("value", [[], "text", 1])
def test_scope_and_filters_are_objects(door, name, value):
    assert said(door.add("OrderItem", **{name: value})) == f"Invalid {name}."


# --------------------------------------------------------------------------- add: filters


def test_filters_are_null_where_none_were_sent_and_have_both_keys_else(door):
    window = updated(ago(door.clock, days=10), ago(door.clock, days=9))
    assert door.added("Bill")["Filters"] is None
    assert door.added("Payment", Filters={})["Filters"] == {
        "UpdatedUtc": None,
        "LedgerEntryFilters": None,
    }
    assert door.added("OrderItem", Filters=window)["Filters"] == window | {
        "LedgerEntryFilters": None
    }
    assert door.added("LedgerEntry", Filters=POSTED)["Filters"] == {"UpdatedUtc": None} | POSTED


def test_a_window_is_at_most_180_days_long(door):
    end = door.clock.now() - timedelta(days=1)
    start = end - timedelta(days=180)
    too_long = updated(text(start - timedelta(seconds=1)), text(end))
    assert "180 days" in said(door.add("OrderItem", Filters=too_long))
    assert door.add("OrderItem", Filters=updated(text(start), text(end))).status_code == 200


def test_a_window_ends_at_least_5_minutes_ago(door):
    start = ago(door.clock, days=1)
    too_fresh = updated(start, ago(door.clock, minutes=4, seconds=59))
    assert "5 minutes" in said(door.add("OrderItem", Filters=too_fresh))
    assert door.add("OrderItem", Filters=updated(start, ago(door.clock, minutes=5))).is_success


def test_a_window_does_not_end_before_it_starts(door):
    backwards = updated(ago(door.clock, days=1), ago(door.clock, days=2))
    assert "start" in said(door.add("OrderItem", Filters=backwards))


@pytest.mark.parametrize("name", ["StartUtc", "EndUtc"])
@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        "",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00+01:00",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00.12345678Z",
    ],
)
def test_both_ends_of_a_window_are_utc_instants(door, name, value):
    window = updated("2026-01-01T00:00:00Z", "2026-01-31T00:00:00.1234567Z")
    window["UpdatedUtc"][name] = value
    assert said(door.add("OrderItem", Filters=window)) == f"Invalid {name}."


def test_ledger_entries_need_a_posting_range_and_take_nothing_else(door):
    window = updated("2026-01-01T00:00:00Z", "2026-01-31T00:00:00Z")
    for filters in (None, {}, {"LedgerEntryFilters": {}}, {"LedgerEntryFilters": None}):
        assert "needs Posting" in said(door.add("LedgerEntry", Filters=filters))
    assert "UpdatedUtc" in said(door.add("LedgerEntry", Filters=POSTED | window))
    for name in (each for each in ENTITY_TYPES if each != "LedgerEntry"):
        assert "for LedgerEntry alone" in said(door.add(name, Filters=POSTED))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2025-01-02", "2025-01-01"),
        ("2025-02-29", "2025-03-01"),
        ("2025-01-01T00:00:00Z", "2025-02-01"),
        ("2025-01-01", "20250201"),
        ("2025-01-01", "2025-W01-3"),
        ("2025-01-01", None),
        (None, "2025-01-01"),
        (20250101, "2025-02-01"),
    ],
)
def test_a_posting_range_is_two_dates_in_order(door, start, end):
    assert "Invalid" in said(door.add("LedgerEntry", Filters=posting(start, end)))


def test_the_start_of_a_window_is_included_and_its_end_is_not(open_door):
    door = open_door(rows=2000)
    times = [row["UpdatedUtc"] for row in door.rows(door.finish("OrderItem"))]
    day = ago(door.clock, days=1)[:10]
    start, end = min(t for t in times if t > "2026-01"), max(t for t in times if t < day)
    between = sorted(t for t in times if start <= t < end)
    assert start in between
    some = door.rows(door.finish("OrderItem", Filters=updated(start, end)))
    assert sorted(row["UpdatedUtc"] for row in some) == between
    exactly = door.rows(door.finish("OrderItem", Filters=updated(start, start)))
    assert {row["UpdatedUtc"] for row in exactly} == {start}


def test_both_dates_of_a_posting_range_are_included(open_door):
    door = open_door(rows=3000)
    everything = posting("2000-01-01", "2100-01-01")
    dates = [
        row["PostingDate"] for row in door.rows(door.finish("LedgerEntry", Filters=everything))
    ]
    first, last = sorted(set(dates))[10], sorted(set(dates))[12]
    some = door.rows(door.finish("LedgerEntry", Filters=posting(first, last)))
    assert {first, last} <= {row["PostingDate"] for row in some}
    assert len(some) == sum(first <= each <= last for each in dates)
    one = door.rows(door.finish("LedgerEntry", Filters=posting(first, first)))
    assert {row["PostingDate"] for row in one} == {first}


# --------------------------------------------------------------------------- the life of an export


def test_a_second_export_of_a_running_type_is_refused(door):
    first = door.added("OrderItem")
    assert "already in progress" in said(door.add("OrderItem"))  # Pending
    assert door.add("Reservation").status_code == 200
    door.clock.sleep(2)
    assert door.look(first["Id"])["Status"] == "Processing"
    assert "already in progress" in said(door.add("OrderItem"))
    door.clock.sleep(1)
    assert door.add("OrderItem").status_code == 200


def test_a_refused_export_does_not_exist(door):
    door.added("OrderItem")
    assert door.add("OrderItem").status_code == 400
    door.clock.sleep(3)
    assert door.add("OrderItem").status_code == 200


def test_an_export_is_pending_then_processing_then_done(open_door):
    door = open_door(duration=9.0)
    export = door.added()
    seen = []
    for _ in range(11):
        seen.append(door.look(export["Id"])["Status"])
        door.clock.sleep(1)
    assert seen == ["Pending"] * 3 + ["Processing"] * 6 + ["Success"] * 2


def test_files_and_expiry_are_empty_until_an_export_has_finished(door):
    export = door.added()
    for _ in range(3):
        running = door.look(export["Id"])
        assert (running["Files"], running["ExpiresUtc"]) == ([], None)
        door.clock.sleep(1)
    done = door.look(export["Id"])
    assert len(done["Files"]) == 4
    assert done["ExpiresUtc"] == text(door.clock.now() + timedelta(days=7))


def test_an_expired_export_keeps_its_expiry_and_loses_its_files(door):
    done = door.finish()
    door.clock.sleep(7 * 86_400 - 1)
    assert door.look(done["Id"])["Files"]
    door.clock.sleep(1)
    expired = door.look(done["Id"])
    assert (expired["Status"], expired["Files"]) == ("Expired", [])
    assert expired["ExpiresUtc"] == done["ExpiresUtc"]


def test_a_forgotten_export_is_missing_from_the_answer(door):
    old = door.finish("OrderItem")
    door.clock.sleep(37 * 86_400)
    assert door.look(old["Id"])["Status"] == "Expired"
    door.clock.sleep(1)
    new = door.added("Bill")
    exports = door.get_all(old["Id"], new["Id"], SOME_ID).json()["Exports"]
    assert [export["Id"] for export in exports] == [new["Id"]]


def test_exports_are_shown_once_each_in_the_order_asked_for_in_any_case(door):
    ids = [door.added(name)["Id"] for name in ("OrderItem", "Bill", "Payment")]
    asked = [ids[2], ids[0].upper(), ids[2], ids[1]]
    shown = [export["Id"] for export in door.get_all(*asked).json()["Exports"]]
    assert shown == [ids[2], ids[0], ids[1]]


def test_what_was_asked_for_is_shown_at_every_look(door):
    window = updated(ago(door.clock, days=10), ago(door.clock, days=9))
    scope = {"EnterpriseIds": GROUP.enterprise_ids[:1]}
    export = door.added("OrderItem", Scope=scope, Filters=window)
    look = door.look(export["Id"])
    assert (look["Scope"], look["Filters"]) == (export["Scope"], export["Filters"])


def test_an_export_without_rows_succeeds_without_files(open_door):
    export = open_door(rows=0).finish()
    assert (export["Status"], export["Files"]) == ("Success", [])


def test_an_export_has_parts_of_whole_lines_of_the_size_told(door):
    export = door.finish()
    assert len(export["Files"]) == 4
    for file in export["Files"]:
        body = door.http.get(file["Url"]).content
        assert len(body) == file["SizeInBytes"]
        assert body.endswith(b"}\n")
    assert len(door.rows(export)) == 200


def test_a_sandbox_that_fails_itself_answers_500_and_says_why(door, monkeypatch):
    def no_disk(*_args):
        raise OSError("no space left")

    monkeypatch.setattr(rules.Store, "add", no_disk)
    assert "no space left" in said(door.add("OrderItem"), status=500)


# --------------------------------------------------------------------------- the rate limit


def test_the_201st_request_in_30_seconds_is_refused_with_the_seconds_to_wait(door):
    for _ in range(100):
        assert door.get_all(SOME_ID).status_code == 200
    door.clock.sleep(10)
    for _ in range(100):
        assert door.get_all(SOME_ID).status_code == 200
    answer = door.add("OrderItem")
    assert "Too many" in said(answer, status=429)
    assert answer.headers["Retry-After"] == "20"
    door.clock.sleep(19)
    assert door.get_all(SOME_ID).status_code == 429
    door.clock.sleep(1)  # the window slides: the first hundred are out of it
    assert door.add("OrderItem").status_code == 200


def test_downloads_and_strangers_do_not_count_towards_the_limit(door):
    link = door.link()
    for _ in range(250):
        assert door.http.get(link).status_code == 200
        assert door.post("getAll", {"AccessToken": "wrong"}).status_code == 401
    assert door.get_all(SOME_ID).status_code == 200
