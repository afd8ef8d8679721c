"""What exports do not carry of the made-up hotels comes as tables that join."""

import mews_frames as mf


def test_properties_describe_the_hotels_whose_orders_are_exported(clock):
    with mf.sandbox(rows=2000, clock=clock) as mews, mews.client() as client:
        orders = client.load_entities("OrderItem", progress=False).collect()
    properties = mews.properties
    assert set(orders["EnterpriseId"]) <= set(properties["EnterpriseId"])
    assert tuple(properties["EnterpriseId"]) == mews.enterprise_ids
    assert {"Name", "TimeZoneIdentifier", "Currency", "Rooms", "Pricing"} <= set(properties.columns)
    assert properties["Rooms"].min() > 0


def test_names_name_the_ids_of_reservations(clock):
    with mf.sandbox(rows=2000, clock=clock) as mews, mews.client() as client:
        stays = client.load_entities("Reservation", progress=False).collect()
    named = set(mews.names["Id"])
    assert set(stays["RateId"].drop_nulls()) <= named
    assert set(stays["RequestedResourceCategoryId"].drop_nulls()) <= named


def test_the_hotels_of_the_profile_need_no_open_sandbox(monkeypatch):
    monkeypatch.setenv("MEWS_FRAMES_PROFILE", "sandbox")
    enterprises = set(mf.sandbox().properties["EnterpriseId"])
    export = mf.start_export("Bill")
    assert set(export.scope.enterprise_ids) == enterprises
