"""--plan says what a load would do, and sends nothing."""

import json

import pytest

import mews_frames as mf

WINDOW = ("2025-01-01T00:00:00Z", "2025-12-01T00:00:00Z")


def plan(run, *words):
    ran = run("load", "OrderItem", *words, "--plan", "--json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_nothing_is_sent_and_nothing_is_written(mews, run, tmp_path):
    (step,) = plan(run)
    assert (step["does"], step["id"], step["rows"]) == ("add", None, None)
    assert mews.requests == ()
    assert not (tmp_path / "cache").exists()


def test_a_long_window_is_shown_piece_by_piece(mews, run):
    one, two = plan(run, "--updated", *WINDOW)
    assert one["filters"]["UpdatedUtc"]["StartUtc"] == WINDOW[0]
    assert one["filters"]["UpdatedUtc"]["EndUtc"] == two["filters"]["UpdatedUtc"]["StartUtc"]
    assert two["filters"]["UpdatedUtc"]["EndUtc"] == WINDOW[1]
    assert mews.requests == ()


def test_what_is_cached_is_read_and_the_rest_added(mews, run, tmp_path):
    first = ("2025-01-01T00:00:00Z", "2025-06-30T00:00:00Z")
    run("load", "OrderItem", "--updated", *first, "--out", tmp_path / "x.csv")
    sent = len(mews.requests)
    ran = run("load", "OrderItem", "--updated", *WINDOW, "--plan")
    lines = ran.out.splitlines()
    assert "1 of 2" in lines[1]
    assert "read from the cache" in lines[1]
    assert "2 of 2" in lines[2]
    assert "add a new export" in lines[2]
    assert ran.err == "1 export would be added; nothing was sent\n"
    assert len(mews.requests) == sent


def test_a_running_export_is_attached_to_and_a_finished_one_downloaded(open_mews, run, clock):
    mews = open_mews(duration=600, clock=clock)
    export_id = run("export", "start", "OrderItem").out.strip()
    with mf.Client(clock=clock) as client:
        (step,) = client.plan("OrderItem").to_dicts()
        assert (step["does"], step["id"]) == ("attach", export_id)
        (step,) = client.plan("OrderItem", refresh=True).to_dicts()
        assert step["does"] == "attach"  # a refresh goes on with one that is running
        client.load_entities("OrderItem", columns=["Id"], progress=False)
        (step,) = client.plan("OrderItem").to_dicts()
        assert (step["does"], step["rows"]) == ("download", None)
        (step,) = client.plan("OrderItem", columns=["Id"]).to_dicts()
        assert (step["does"], step["rows"]) == ("read", 200)
        (step,) = client.plan("OrderItem", refresh=True).to_dicts()
        assert (step["does"], step["id"]) == ("add", None)
        assert 600 <= step["usual_seconds"] <= 660
    assert [r.operation for r in mews.requests].count("add") == 1


@pytest.mark.parametrize(
    "words", [["--column", "Amount.NetVale"], ["--posted", "2026-01-01", "2026-01-31"]]
)
def test_what_load_refuses_plan_refuses(words, mews, run):
    ran = run("load", "OrderItem", *words, "--plan")
    assert ran.code == 2
    assert "\n\nhint: " in ran.err


def test_a_load_that_goes_nowhere_is_refused(mews, run):
    ran = run("load", "OrderItem")
    assert ran.code == 2
    assert "--out OrderItem.parquet" in ran.err
    assert mews.requests == ()
