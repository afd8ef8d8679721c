"""No value is lost or bent: properties of whatever Mews may send, for every entity type."""

import json
import re
from collections import Counter

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume
from hypothesis import strategies as st
from support import contract, records
from support.frames import PLACE, decoded, loaded
from support.records import budgets, for_all, of_every_type

from mews_frames._frames import decode
from mews_frames._frames.checks import Surprise
from mews_frames._frames.columns import RESCUED, flat_columns, keep
from mews_frames._frames.exact import decode_exact
from mews_frames._frames.fast import decode_fast
from mews_frames._frames.lines import Block
from mews_frames._schemas import load_schema


def rows_of(part, entity_type, **options):
    table = decoded(
        part.data, entity_type, chunks=part.chunks, block_size=part.block_size, **options
    )
    return pl.DataFrame(table).rows(named=True)


@budgets(25)
@of_every_type
@pytest.mark.usefixtures("reader")
def test_frame_and_rescued_data_give_back_every_value(entity_type, budget):
    @for_all(budget, records.parts(entity_type))
    def claim(part):
        contract.check_part(entity_type, part.lines, rows_of(part, entity_type))


@budgets(20)
@of_every_type
def test_what_fits_takes_the_fast_path_and_is_not_rescued(entity_type, budget):
    """But for numbers with negative exponents, texts that look like one, and texts that look like
    the end of an object and more: Arrow is not asked."""

    @for_all(budget, records.lines(entity_type, plain=True))
    def claim(line):
        plain = compact(line)
        assume(not re.search(rb"[-+.\d]e-\d+[\"},\]]", plain, re.IGNORECASE))
        assume(not re.search(rb"\}[ n]", plain))
        table = decode_fast(plain, keep(entity_type, None))
        assert table[RESCUED].null_count == table.num_rows == 1
        contract.check_part(entity_type, [line], pl.DataFrame(table).rows(named=True))


def compact(line):
    """Leave out blanks between keys and values, and spell texts plainly: as Mews would."""
    return contract.written(contract.parsed(line)).encode() + b"\n"


@budgets(20)
@of_every_type
def test_the_fast_path_agrees_with_the_exact_one(entity_type, budget):
    kept = keep(entity_type, None)
    taken = Counter()

    @for_all(budget, records.lines(entity_type))
    def claim(line):
        for data in (line + b"\n", compact(line)):
            try:
                fast = decode_fast(data, kept)
            except Surprise:
                taken["exact"] += 1
            else:
                taken["fast"] += 1
                assert fast.equals(decode_exact(Block(data), kept, PLACE))

    assert taken["fast"], "no line was plain enough to compare"
    assert taken["exact"], "no line was a surprise"


@budgets(12)
@of_every_type
def test_nested_and_flat_frames_agree(entity_type, budget, tmp_path):
    fields = load_schema(entity_type).fields

    @for_all(budget, records.parts(entity_type))
    def claim(part):
        table = decoded(part.data, entity_type)
        flat = loaded(tmp_path, [table], entity_type).collect()
        nested = loaded(tmp_path, [table], entity_type, flatten=False).collect()
        assert nested.columns == [*(f.name for f in fields), RESCUED]
        for wide, deep in zip(flat.rows(named=True), nested.rows(named=True), strict=True):
            assert deep.pop(RESCUED) == wide.pop(RESCUED)
            assert deep == {name: closed(v) for name, v in contract.nested(wide).items()}


def closed(value):
    """Make an object that holds nothing null, as a nested frame has it."""
    if not isinstance(value, dict):
        return value
    inner = {name: closed(v) for name, v in value.items()}
    return inner if any(v is not None for v in inner.values()) else None


@budgets(8)
@of_every_type
def test_polars_pandas_and_pyarrow_agree(entity_type, budget, tmp_path):
    @for_all(
        budget, records.parts(entity_type), st.booleans(), st.sampled_from(["decimal", "float"])
    )
    def claim(part, flatten, money):
        tables = [decoded(part.data, entity_type)]
        options = {"flatten": flatten, "money": money}
        ours = loaded(tmp_path, tables, entity_type, **options).collect()
        arrow = loaded(tmp_path, tables, entity_type, backend="pyarrow", **options)
        pandas = loaded(tmp_path, tables, entity_type, backend="pandas", **options)
        assert arrow.column_names == list(pandas.columns) == ours.columns
        for name in ours.columns:
            values = ours[name].to_list()
            assert arrow[name].to_pylist() == values
            assert pa.array(pandas[name]).to_pylist() == values


@budgets(12)
@of_every_type
def test_chosen_columns_agree_with_the_whole(entity_type, budget, tmp_path):
    names = sorted(
        {
            ".".join(column.path[: i + 1])
            for column in flat_columns(entity_type)
            for i in range(len(column.path))
        }
    )
    some = st.lists(st.sampled_from(names), min_size=1, max_size=6)

    @for_all(budget, records.parts(entity_type), some)
    def claim(part, chosen):
        whole = decoded(part.data, entity_type)
        at_once = decoded(part.data, entity_type, columns=chosen)
        later = loaded(tmp_path, [whole], entity_type, columns=chosen).collect()
        assert pl.DataFrame(at_once).equals(later)
        assert later.columns[-1] == RESCUED
        for row, all_of_it in zip(later.iter_rows(named=True), whole.to_pylist(), strict=True):
            mine, everything = row.pop(RESCUED), all_of_it[RESCUED]
            assert all(any(is_within(name, c) for c in chosen) for name in row)
            assert row == {name: all_of_it[name] for name in row}
            assert parsed(mine) == {
                pointer: value
                for pointer, value in parsed(everything).items()
                if any(belongs(pointer, name) for name in chosen)
            }
        wanted = [n for n in whole.column_names if any(is_within(n, c) for c in chosen)]
        assert later.columns[:-1] == wanted


def is_within(name, whole):
    return f"{name}.".startswith(f"{whole}.")


def belongs(pointer, name):
    """Say whether a rescued value lies in a column, or a column in what was rescued."""
    one, other = f"{pointer}/", f"/{name.replace('.', '/')}/"
    return one.startswith(other) or other.startswith(one)


def parsed(rescued):
    return {} if rescued is None else contract.parsed(rescued)


@budgets(25)
def test_rows_do_not_depend_on_how_bytes_arrive(budget):
    entity_types = st.sampled_from(["LedgerEntry", "Company", "Reservation"])
    drawn = entity_types.flatmap(lambda t: st.tuples(st.just(t), records.parts(t, max_lines=8)))

    @for_all(budget, drawn)
    def claim(drawn):
        entity_type, part = drawn
        assert rows_of(part, entity_type) == decoded(part.data, entity_type).to_pylist()


@pytest.mark.usefixtures("without_library")
def test_a_surprise_is_confined_to_its_line(monkeypatch):
    """Of many lines, only the pieces around a surprise go through the exact path."""
    exact = []

    def noted(block, kept, place):
        exact.append(block)
        return decode_exact(block, kept, place)

    monkeypatch.setattr(decode, "decode_exact", noted)
    lines = [
        json.dumps({"Id": str(i), "Value": i / 4} | ({"New": i} if i in {700, 2_000} else {}))
        for i in range(3_000)
    ]
    data = "\n".join(lines).encode()
    rows = decoded(data, "LedgerEntry").to_pylist()
    contract.check_part("LedgerEntry", lines, rows)
    assert exact
    assert sum(len(block.data) for block in exact) < len(data) / 2
    assert [block.line for block in exact] == sorted({block.line for block in exact})


@pytest.mark.usefixtures("without_library")
def test_where_every_line_surprises_none_is_tried_over_and_over(monkeypatch):
    tried = []
    monkeypatch.setattr(
        decode, "decode_fast", lambda data, kept: tried.append(data) or decode_fast(data, kept)
    )
    lines = [json.dumps({"Id": str(i), "New": i}) for i in range(5_000)]
    data = "\n".join(lines).encode()
    contract.check_part("LedgerEntry", lines, decoded(data, "LedgerEntry").to_pylist())
    assert sum(map(len, tried)) <= 2 * len(data) + len(lines)
