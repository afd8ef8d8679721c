"""Checks that an auditor likes: what a frame should satisfy, as a small table and no exception."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from mews_frames._frames.columns import flat_columns
from mews_frames._frames.flat import flat
from mews_frames._models import Export
from mews_frames._schemas import ENTITY_TYPES, Field, load_schema
from mews_frames.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl

__all__ = ["Subject", "check"]

A_CENT = 0.01
"""By how much gross may differ from net and taxes: each is rounded by itself."""

SEEN_MISSING = {
    "Payment": {"SettlementUtc"},  # operations/payments.md: null in all three examples
    "Reservation": {"GroupId", "ScheduledEndUtc"},  # operations/reservations.md: null in older ones
    "Company": {"Options.AddTaxDeductedPaymentToInvoices"},  # operations/companies.md: in neither
}
"""Required, say the docs of Mews, and missing in their own examples."""

KEYS = {
    "OrderItem": {"BillId": "Bill"},
    "Payment": {"BillId": "Bill", "ReservationId": "Reservation"},
    "Reservation": {
        "BookerId": "Customer",
        "AvailabilityBlockId": "AvailabilityBlock",
        "PartnerCompanyId": "Company",
        "TravelAgencyId": "Company",
    },
    "Customer": {"CompanyId": "Company", "MergeTargetId": "Customer"},
    "Company": {"MotherCompanyId": "Company", "MergeTargetId": "Company"},
    "Bill": {"CorrectedBillId": "Bill"},
    "AvailabilityAdjustment": {"AvailabilityBlockId": "AvailabilityBlock"},
    "AvailabilityBlock": {
        "BookerId": "Customer",
        "CompanyId": "Company",
        "TravelAgencyId": "Company",
    },
}
"""Which column names a record of which type. ``ServiceOrderId`` is not among them: it may name an
order of a product, which is not exported; nor is LedgerEntry.BillId, which may name a deleted bill
(changelog of Mews' docs, 2026-05-18)."""

ACCOUNTS = ("Customer", "Company")
"""What ``AccountId`` names, as ``AccountType`` says."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked.

    Attributes
    ----------
    entity_type
        Of the records.
    frame
        Flat columns.
    names
        Of the columns that there are.
    export
        What was asked of Mews, if that is known: its window and its scope.
    """

    entity_type: str
    frame: pl.LazyFrame = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    export: Export | None = None


@dataclass(frozen=True, slots=True)
class _Finding:
    """One line of the table; the expressions are of one frame."""

    check: str
    column: str | None
    failed: pl.Expr
    example: pl.Expr


Load: TypeAlias = "Callable[[str | Export], tuple[pl.LazyFrame, Export]]"
"""Loads what is no frame yet, and says what was asked of Mews for it."""

Lazily: TypeAlias = "Callable[[Any], pl.LazyFrame]"
"""Takes a frame of any backend, and refuses what is none."""


def check(what: Any, load: Load, lazily: Lazily) -> pl.DataFrame:
    """Check a frame, an export, an entity type, or several of them together.

    Parameters
    ----------
    what
        As for `mews_frames.check`.
    load, lazily
        How to get at what there is to check.

    Raises
    ------
    InvalidArgumentError
        If that is no frame, or its columns do not say of which entity type it is.
    """
    several = what if isinstance(what, Mapping) else {None: what}
    subjects = [_subject(each, name, load, lazily) for name, each in several.items()]
    return _table({each.entity_type: each for each in subjects})


def _subject(each: Any, entity_type: str | None, load: Load, lazily: Lazily) -> Subject:
    export = None
    if isinstance(each, str | Export):
        each, export = load(each)
        entity_type = export.entity_type
    frame = flat(lazily(each))
    names = tuple(frame.collect_schema().names())
    if entity_type is None:
        entity_type = _type_of(names)
    return Subject(load_schema(entity_type).entity_type, frame, names, export)


def _type_of(names: Sequence[str]) -> str:
    known = {t: {column.name for column in flat_columns(t)} for t in ENTITY_TYPES}
    theirs = {name for name in names if any(name in columns for columns in known.values())}
    meant = [t for t, columns in known.items() if theirs <= columns]
    if len(meant) != 1 or not theirs:
        raise InvalidArgumentError(
            "the columns of this frame do not say of which entity type it is: "
            + (f"it may be {' or '.join(meant)}" if theirs and meant else "it is none of them"),
            hint='mf.check({"OrderItem": frame}) says it',
        )
    return meant[0]


def _table(subjects: Mapping[str, Subject]) -> pl.DataFrame:
    """Check frames, each by itself and as far as they refer to each other.

    Returns
    -------
    ``entity_type``, ``check``, ``column``, ``rows`` looked at, ``failed``, ``example``.
    """
    import polars as pl

    lines = [line for subject in subjects.values() for line in _lines(subject, subjects)]
    schema = {
        "entity_type": pl.String(),
        "check": pl.String(),
        "column": pl.String(),
        "rows": pl.Int64(),
        "failed": pl.Int64(),
        "example": pl.String(),
    }
    return pl.DataFrame(lines, schema=schema, orient="row")


def _lines(subject: Subject, subjects: Mapping[str, Subject]) -> Iterator[tuple[Any, ...]]:
    """Run the checks of one frame in one pass, those between frames after it."""
    import polars as pl

    findings = [*_unique(subject), *_required(subject), *_sums(subject), *_window(subject),
                *_currencies(subject)]  # fmt: skip
    answer = subject.frame.select(
        pl.len().alias("rows"),
        *(found.failed.cast(pl.Int64).alias(f"{i}") for i, found in enumerate(findings)),
        *(found.example.cast(pl.String).first().alias(f"{i}e") for i, found in enumerate(findings)),
    ).collect()
    rows = answer["rows"].item()
    passed = set()
    for i, found in enumerate(findings):
        failed, example = answer[f"{i}"].item(), answer[f"{i}e"].item()
        if found.check == REQUIRED and not failed:
            passed.add(found.check)  # one line for all the columns that are as they should be
            continue
        yield subject.entity_type, found.check, found.column, rows, failed, example
    if passed:
        yield subject.entity_type, REQUIRED, None, rows, 0, None
    yield from _orphans(subject, subjects, rows)
    yield from _coverage(subject, rows)


# --------------------------------------------------------------------------- one frame


def _unique(subject: Subject) -> Iterator[_Finding]:
    import polars as pl

    if "Id" in subject.names:
        key = pl.col("Id")
        wrong = key.is_null() | key.is_duplicated()
        yield _Finding(
            "unique ids", "Id", key.len() - key.drop_nulls().n_unique(), key.filter(wrong)
        )


REQUIRED = "required fields"


def _required(subject: Subject) -> Iterator[_Finding]:
    import polars as pl

    names = set(subject.names) - SEEN_MISSING.get(subject.entity_type, set())
    for name in _required_names(load_schema(subject.entity_type).fields):
        if name in names:
            missing = pl.col(name).is_null()
            yield _Finding(REQUIRED, name, missing.sum(), _who(subject, missing))


def _required_names(fields: tuple[Field, ...], above: str = "") -> Iterator[str]:
    """List the columns that the docs do not let be null, nor anything above them.

    Not what is deprecated: the docs do not say whether exports have it at all.
    """
    for each in fields:
        if each.nullable or each.deprecated:
            continue
        if each.type == "object":
            yield from _required_names(each.fields, f"{above}{each.name}.")
        else:
            yield above + each.name


def _sums(subject: Subject) -> Iterator[_Finding]:
    import polars as pl

    names = set(subject.names)
    for name in subject.names:
        amount, _, leaf = name.rpartition(".")
        parts = [f"{amount}.{part}" for part in ("NetValue", "TaxValues")]
        if leaf == "GrossValue" and names.issuperset(parts):
            net, taxes = (pl.col(part) for part in parts)
            tax = taxes.list.eval(pl.element().struct.field("Value").cast(pl.Float64)).list.sum()
            gap = pl.col(name).cast(pl.Float64) - net.cast(pl.Float64) - tax.fill_null(0)
            wrong = (gap.abs() > A_CENT + 1e-6).fill_null(value=False)
            yield _Finding("gross is net and taxes", name, wrong.sum(), _who(subject, wrong))


def _window(subject: Subject) -> Iterator[_Finding]:
    import polars as pl

    filters = subject.export.filters if subject.export else None
    if filters is None:
        return
    if filters.updated and "UpdatedUtc" in subject.names:
        start, end = filters.updated
        column, inside = pl.col("UpdatedUtc"), pl.lit(value=True)
        if start is not None:
            inside &= column >= start
        if end is not None:
            inside &= column < end
        outside = (~inside).fill_null(value=True)
        yield _Finding("within the window", "UpdatedUtc", outside.sum(), _who(subject, outside))
    if filters.posted and "PostingDate" in subject.names:
        outside = (~pl.col("PostingDate").is_between(*filters.posted)).fill_null(value=True)
        yield _Finding("within the window", "PostingDate", outside.sum(), _who(subject, outside))


def _currencies(subject: Subject) -> Iterator[_Finding]:
    """Count what a sum over the whole frame would add up that is of another currency."""
    import polars as pl

    for name in subject.names:
        if (
            name.endswith(".Currency")
            and name.removesuffix("Currency") + "NetValue" in subject.names
        ):
            codes = pl.col(name).drop_nulls()
            most = codes.value_counts(sort=True).struct.field("count").first().fill_null(0)
            several = codes.unique().sort().str.join(", ")
            yield _Finding(
                "one currency",
                name,
                codes.len() - most,
                pl.when(codes.n_unique() > 1).then(several),
            )


def _who(subject: Subject, wrong: pl.Expr) -> pl.Expr:
    """Give the ids of rows that fail: no guest's name gets into a table of checks."""
    import polars as pl

    return pl.col("Id").filter(wrong) if "Id" in subject.names else pl.lit(None, pl.String)


# --------------------------------------------------------------------------- between frames


def _orphans(
    subject: Subject, subjects: Mapping[str, Subject], rows: int
) -> Iterator[tuple[Any, ...]]:
    import polars as pl

    names = subject.names
    for column, target in KEYS.get(subject.entity_type, {}).items():
        if column in names and _has_ids(subjects.get(target)):
            asking = subject.frame.select(column)
            yield _orphan_line(subject, column, asking, [subjects[target]], rows)
    if {"AccountId", "AccountType"} <= set(names):
        there = [kind for kind in ACCOUNTS if _has_ids(subjects.get(kind))]
        if there:
            asking = subject.frame.filter(pl.col("AccountType").is_in(there)).select("AccountId")
            targets = [subjects[kind] for kind in there]
            yield _orphan_line(subject, "AccountId", asking, targets, rows)


def _has_ids(subject: Subject | None) -> bool:
    return subject is not None and "Id" in subject.names


def _orphan_line(
    subject: Subject, column: str, asking: pl.LazyFrame, targets: list[Subject], rows: int
) -> tuple[Any, ...]:
    import polars as pl

    known = pl.concat([target.frame.select("Id") for target in targets])
    lost = asking.drop_nulls().join(known, left_on=column, right_on="Id", how="anti").collect()
    of = " or ".join(target.entity_type for target in targets)
    example = lost[column].first() if len(lost) else None
    return subject.entity_type, f"foreign keys of {of}", column, rows, len(lost), example


def _coverage(subject: Subject, rows: int) -> Iterator[tuple[Any, ...]]:
    """Find properties that were asked for and have no rows."""
    import polars as pl

    scope = subject.export.scope if subject.export else None
    if scope is None:
        return
    for column, ids in (("EnterpriseId", scope.enterprise_ids), ("ChainId", scope.chain_ids)):
        if ids and column in subject.names:
            there = subject.frame.select(pl.col(column).unique()).collect()[column]
            missing = sorted({*map(str.lower, ids)} - {*there.drop_nulls().str.to_lowercase()})
            example = missing[0] if missing else None
            yield (
                subject.entity_type, "properties with rows", column, rows, len(missing), example
            )  # fmt: skip
