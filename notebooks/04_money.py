# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Money that adds up
#
# Four exports, set against each other to the cent: order items, bills, payments, and the ledger.
# Every claim of this page is an `assert`: with data that do not add up, the notebook stops there.
#
# Money is decimal and its sums are exact, so that "equal" may mean equal.

# %%
from datetime import UTC, datetime

import altair as alt
import polars as pl
from great_tables import GT, loc, style

import mews_frames as mf

alt.renderers.enable("svg")

hotels = mf.sandbox().properties.select("EnterpriseId", "City", "TimeZoneIdentifier", "Currency")
today = datetime.now(UTC).date()

frames = mf.load_many(["OrderItem", "Bill", "Payment"], profile="sandbox")
items, bills, payments = (frames[name].collect() for name in ("OrderItem", "Bill", "Payment"))
ledger = mf.load_entities(
    "LedgerEntry", posted=("2020-01-01", str(today)), profile="sandbox"
).collect()

checks: list[tuple[str, int]] = []


def local_date(column: str) -> pl.Expr:
    """Give the date of an instant where its hotel stands."""
    return pl.coalesce(
        pl.when(pl.col("EnterpriseId") == id_).then(
            pl.col(column).dt.convert_time_zone(zone).dt.date()
        )
        for id_, zone in hotels.select("EnterpriseId", "TimeZoneIdentifier").iter_rows()
    )


def check(claim: str, differences: pl.Series) -> None:
    """Stop if anything is off, else remember how much was compared."""
    assert len(differences) > 0, f"nothing to compare: {claim}"
    assert differences.null_count() == 0, f"something has no partner: {claim}"
    assert (differences == 0).all(), f"off by up to {differences.abs().max()}: {claim}"
    checks.append((claim, len(differences)))


# %% [markdown]
# ## Lines: gross is net plus tax
#
# Taxes come twice, as a list by code and as a breakdown by rate. Both agree with the totals.

# %%
gross, net = pl.col("Amount.GrossValue"), pl.col("Amount.NetValue")
taxes = pl.col("Amount.TaxValues").list.eval(pl.element().struct.field("Value")).list.sum()
parts = pl.col("Amount.Breakdown.Items")
broken_down = parts.list.eval(pl.element().struct.field("NetValue")).list.sum()

check("line: gross = net + taxes", items.select(gross - net - taxes).to_series())
check("line: net = net of the breakdown", items.select(net - broken_down).to_series())
check(
    "line: unit price x count = amount",
    items.select(pl.col("UnitAmount.GrossValue") * pl.col("UnitCount") - gross).to_series(),
)

# %% [markdown]
# ## Bills: charges and payments
#
# **Payments are negative.** What is owed on a bill is therefore simply the sum of everything on it:
# zero when it is settled.

# %%
charged = items.filter(pl.col("BillId").is_not_null()).group_by("BillId").agg(charged=gross.sum())
paid = payments.filter(pl.col("BillId").is_not_null()).group_by("BillId").agg(paid=gross.sum())
balances = (
    bills.join(charged, left_on="Id", right_on="BillId", how="left")
    .join(paid, left_on="Id", right_on="BillId", how="left")
    .with_columns(balance=pl.col("charged") + pl.col("paid").fill_null(0))
)
settled = balances.filter(pl.col("PaidUtc").is_not_null())
owed = balances.filter(pl.col("PaidUtc").is_null())

check("bill: charges + payments = 0 once paid", settled["balance"])
assert owed.filter(pl.col("balance") < 0).is_empty()  # nobody has paid more than was due

# %% [markdown]
# Whoever fetches payments bill by bill misses those that are on none: deposits of guests who have
# not come yet. An export holds them all.

# %%
loose = (
    payments.filter(pl.col("BillId").is_null(), pl.col("State") == "Charged")
    .join(hotels, on="EnterpriseId")
    .group_by("City", "Currency")
    .agg(pl.len().alias("payments"), (-gross.sum()).alias("held"))
    .sort("City")
)
(
    GT(loose, rowname_col="City")
    .tab_header(title="Charged, and on no bill", subtitle="Deposits, less those paid back")
    .fmt_integer("payments")
    .fmt_number("held", decimals=2)
)

# %% [markdown]
# ## Who owes what: receivables by age
#
# Invoices that are closed and not paid, by how long ago they were due.

# %%
AGES = ["not due", "1-30 days", "31-60 days", "61-90 days", "older"]
late = (pl.lit(today) - local_date("DueUtc")).dt.total_days()
receivable = (
    owed.filter(pl.col("Type") == "Invoice", pl.col("State") == "Closed")
    .join(hotels, on="EnterpriseId")
    .with_columns(
        age=pl.coalesce(
            *(pl.when(late <= 30 * n).then(pl.lit(name)) for n, name in enumerate(AGES[:4])),
            pl.lit(AGES[-1]),
        ),
        hotel=pl.format("{} ({})", "City", "Currency"),
    )
    .group_by("hotel", "age")
    .agg(pl.len().alias("invoices"), pl.col("balance").sum().cast(pl.Float64))
)
(
    alt.Chart(receivable)
    .mark_bar(color="#4c78a8")
    .encode(
        alt.X("age:O", scale=alt.Scale(domain=AGES), title=None, axis=alt.Axis(labelAngle=-35)),
        alt.Y("balance:Q", title="owed"),
        alt.Facet("hotel:N", title=None, columns=3),
    )
    .resolve_scale(y="independent")
    .properties(width=210, height=160, title=alt.Title("Unpaid invoices by age", anchor="start"))
)

# %% [markdown]
# ## The ledger: debits equal credits
#
# `Value` is never negative: `LedgerEntryType` says which side it stands on. Entries have no
# currency: presumably it is that of the hotel, Mews does not say.

# %%
signed = pl.col("Value") * pl.when(pl.col("LedgerEntryType") == "Debit").then(1).otherwise(-1)
ledger = ledger.with_columns(signed=signed)


def sums(*by: str) -> pl.Series:
    """Add up debits less credits."""
    return ledger.group_by(by).agg(pl.col("signed").sum())["signed"]


check("ledger: debit = credit, by transaction", sums("TransactionId"))
check("ledger: debit = credit, by hotel and day", sums("EnterpriseId", "PostingDate"))

# %% [markdown]
# What was sold stands in both: revenue by hotel and *local* day, of items whose bill is closed,
# against what the ledger holds of the same items. City tax is passed on, and is no revenue.

# %%
sold = items.filter(pl.col("AccountingState") == "Closed", pl.col("Type") != "CityTax")
posted = (
    ledger.filter(pl.col("LedgerType") == "Revenue")
    .group_by("AccountingItemId")
    .agg(pl.col("signed").sum(), pl.col("PostingDate").first())
)
compared = sold.select("Id", "EnterpriseId", "ConsumedUtc", net).join(
    posted, left_on="Id", right_on="AccountingItemId", how="left"
)
compared = compared.filter(net != 0)  # what costs nothing is not posted

check("item: net = revenue posted", compared.select(net + pl.col("signed")).to_series())
off = pl.col("PostingDate") - local_date("ConsumedUtc")
check("item: posted on its local day", compared.select(off.dt.total_days()).to_series())

# %%
balance_of = dict(ledger.group_by("LedgerType").agg(pl.col("signed").sum()).iter_rows())
charged_payments = payments.filter(pl.col("State") == "Charged")
invoices = balances.filter(pl.col("Type") == "Invoice")
on_no_bill = charged_payments.filter(pl.col("BillId").is_null())

totals = pl.Series(
    [
        balance_of["Payment"] + charged_payments["Amount.GrossValue"].sum(),
        balance_of["City"] - invoices["balance"].sum(),
        balance_of["Deposit"] - on_no_bill["Amount.GrossValue"].sum(),
    ]
)
check("ledger: payments, invoices, deposits = their exports", totals)

# %% [markdown]
# Across hotels that is a sum over currencies: meaningless as money, yet good as a checksum.
#
# ## Why not floats?
#
# The same sum, in two orders, with doubles and with decimals:

# %%
values = items["Amount.NetValue"]
doubles = values.cast(pl.Float64)
forwards, backwards = sum(doubles), sum(doubles.reverse())
pl.DataFrame(
    {
        "": ["forwards", "backwards"],
        "floats": [repr(forwards), repr(backwards)],
        "decimals": [str(values.sum()), str(values.reverse().sum())],
    }
)

# %% [markdown]
# ## Tax report
#
# From `Amount.Breakdown.Items`, by code: net base and tax of the last whole year.

# %%
year = today.year - 1
tax = (
    items.filter(pl.col("AccountingState") == "Closed", local_date("ConsumedUtc").dt.year() == year)
    .join(hotels, on="EnterpriseId")
    .select("City", "Currency", parts.alias("part"))
    .explode("part")
    .unnest("part")
    .filter(pl.col("TaxRateCode").is_not_null())
    .group_by("City", "Currency", "TaxRateCode")
    .agg(pl.col("NetValue").sum().alias("base"), pl.col("TaxValue").sum().alias("tax"))
    .with_columns(rate=pl.col("tax").cast(pl.Float64) / pl.col("base").cast(pl.Float64))
    .sort("City", "TaxRateCode")
)
(
    GT(tax, rowname_col="TaxRateCode", groupname_col="City")
    .tab_header(title=f"Tax by code, {year}", subtitle="Closed items, by local date of consumption")
    .fmt_number(["base", "tax"], decimals=2)
    .fmt_percent("rate", decimals=2)
)

# %% [markdown]
# ## All in all

# %%
(
    GT(
        pl.DataFrame(checks, schema=["claim", "compared"], orient="row").with_columns(
            off=pl.lit("0.00")
        )
    )
    .tab_header(
        title="What was checked", subtitle="All of it holds, or this table would not be here"
    )
    .fmt_integer("compared")
    .cols_label(off="off by")
    .cols_align("right", "off")
    .tab_style(style.text(color="#2a7f3f", weight="bold"), loc.body(columns="off"))
)
