"""Orders from files: taken whole, once, and taken back; what is odd is said."""

import gzip
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.kernel.actor import Actor
from tandem.kernel.damage import FileDamaged
from tandem.kernel.errors import DomainError, Refused
from tandem.kernel.models import ChangeSet, ProgressRecord
from tandem.kernel.progress import Cancelled
from tandem.kernel.tables import survey
from tandem.kernel.undo import AlreadyUndone
from tandem.people.models import Company
from tandem.records.actions import import_now, note_upload, revert_import
from tandem.records.errors import ColumnMissing, ImportNotDone, MappingInvalid, NothingRead
from tandem.records.models import ExternalId, ImportRun, ImportState
from tandem.records.schemas import ImportOptions
from tandem.revenue import queries
from tandem.revenue.actions import book_order, change_order
from tandem.revenue.models import Order, OrderLine, ReversalLink
from tandem.revenue.rules import line_amount
from tandem.revenue.schemas import ChangeOrder, NewOrder

pytestmark = pytest.mark.django_db

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
ROWS = (
    "1,A,Tin whistle,6.0,2011-01-03 08:26:00,2.55,17850.0,United Kingdom",
    "1,A,Tin whistle,6.0,2011-01-03 08:26:00,2.55,17850.0,United Kingdom",
    "1,B,,1,2011-01-03 08:27:00,0.001,17850.0,United Kingdom",
    "2,A,Tin whistle,4,2011-02-03 09:00:00,2.55,,EIRE",
    "3,C,Found,-3,2011-02-04 09:00:00,0,,United Kingdom",
    "A4,B,Adjust bad debt,1,2011-02-05 09:00:00,-10.50,,United Kingdom",
    "C5,A,Tin whistle,-7,2011-03-01 10:00:00,2.55,17850.0,France",
    "C6,Z,Never sold,-1,2011-03-02 10:00:00,9.99,17850.0,United Kingdom",
)
FIELDS = {"currency": "GBP", "time_zone": "Europe/London"}


@pytest.fixture
def load(system: Actor, tmp_path):
    """Import rows as the scene: ``load(ROWS)``, ``load(ROWS, is_trial=True)``."""

    def run(rows: Any, *, by: Actor | None = None, is_trial: bool = False, **options: Any) -> Any:
        path = tmp_path / "orders.csv"
        content = rows if isinstance(rows, bytes) else "\n".join((HEADER, *rows)).encode()
        path.write_bytes(content)
        actor = by or system
        given = ImportOptions.model_validate({**FIELDS, **options})
        noted = note_upload(actor, kind="orders", name=path.name, of=survey(path), options=given)
        return import_now(actor, noted, path=path, is_trial=is_trial)

    return run


def counted() -> tuple[int, ...]:
    return tuple(
        model.objects.count() for model in (Order, OrderLine, ReversalLink, Company, ExternalId)
    )


def notices(run: ImportRun) -> dict[str, int]:
    return {one["code"]: one["count"] for one in run.report["warnings"]}


def test_rows_of_one_number_become_an_order(load):
    run = load(ROWS)
    assert run.state == ImportState.DONE
    report = run.report
    assert [report[name] for name in ("rows", "created", "updated", "skipped", "failed")] == [
        8, 8, 0, 0, 0
    ]  # fmt: skip
    order = Order.objects.get(number="1")
    assert (order.net_minor, order.line_count, order.country) == (3060, 3, "GB")
    assert order.ordered_at == datetime(2011, 1, 3, 8, 26, tzinfo=UTC)
    assert (order.company.name, order.company.country) == ("Customer 17850", "GB")
    assert ExternalId.objects.get().value == "17850"
    assert Order.objects.get(number="2").country == "IE"
    assert sorted(OrderLine.objects.values_list("kind", flat=True)) == [
        "adjustment", "adjustment", "reversal", "reversal", "sale", "sale", "sale", "sale"
    ]  # fmt: skip
    assert report["figures"]["net"] == "2.46"
    assert report["related"]["companies"] == {"created": 1}


def test_what_is_odd_is_named(load):
    assert notices(load(ROWS)) == {
        "lines_without_customer": 3,
        "exact_duplicate_lines": 1,
        "orders_with_two_moments": 1,
        "customers_with_two_countries": 1,
        "stock_corrections": 1,
        "bad_debt_adjustments": 1,
        "prices_finer_than_currency": 1,
        "unlinked_reversals": 1,
        "customer_numbers_as_decimals": 1,
    }


def test_reversals_are_linked_as_by_hand(load):
    run = load(ROWS)
    assert list(
        ReversalLink.objects.order_by("pk").values_list(
            "reversing__order__number", "original__ordinal", "quantity", "rule"
        )
    ) == [
        ("C5", 2, Decimal(6), "latest_earlier"),
        ("C5", 1, Decimal(1), "latest_earlier"),
        ("C6", None, Decimal(1), "unlinked"),
    ]
    assert run.report["related"]["reversals"] == {"linked": 1, "linked_in_part": 0, "unlinked": 1}


def test_the_same_file_again_changes_nothing(load):
    load(ROWS)
    before = counted()
    report = load(ROWS).report
    assert [report[name] for name in ("rows", "created", "updated", "skipped")] == [8, 0, 0, 8]
    assert counted() == before
    assert report["related"]["reversals"] == {"linked": 0, "linked_in_part": 0, "unlinked": 0}


def test_a_longer_file_adds_what_is_missing(load):
    load(ROWS[:5])
    report = load(ROWS).report
    assert (report["created"], report["skipped"]) == (3, 5)
    assert counted() == (6, 8, 3, 1, 1)
    report = load((*ROWS, "2,B,More,1,2011-02-03 09:00:00,1,,EIRE")).report
    assert (report["created"], report["related"]["orders"]) == (1, {"created": 0, "extended": 1})
    assert Order.objects.get(number="2").net_minor == 1120


def test_purchases_that_come_later_are_found_by_earlier_reversals(load):
    load(ROWS[6:7])
    assert list(ReversalLink.objects.values_list("original", flat=True)) == [None]
    load(ROWS[:1])
    assert sorted(ReversalLink.objects.values_list("quantity", "rule")) == [
        (Decimal(1), "unlinked"),
        (Decimal(6), "latest_earlier"),
    ]


def test_what_is_here_stays_where_the_file_says_otherwise(load):
    load(ROWS)
    changed = ROWS[0].replace("6.0", "60")
    report = load((changed, *ROWS[1:])).report
    assert (report["created"], report["updated"], report["skipped"]) == (0, 0, 8)
    assert notices(ImportRun.objects.latest("id"))["lines_differ"] == 1
    assert Order.objects.get(number="1").net_minor == 3060


def test_a_trial_says_all_and_writes_nothing(load):
    run = load(ROWS, is_trial=True)
    assert (run.state, run.report["created"], run.report["dry_run"]) == ("previewed", 8, True)
    assert counted() == (0, 0, 0, 0, 0)
    assert ProgressRecord.objects.get().state == "done"


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress("\n".join((HEADER, *ROWS)).encode(), mtime=0)[:-30],
        "\n".join((HEADER, *ROWS[:3], "7,A,cut o")).encode(),
        "\n".join((HEADER, *ROWS, '7,A,"never closed')).encode(),
        b"\x89PNG\r\n\x1a\n\x00\x00",
    ],
)
def test_a_damaged_file_changes_nothing(load, content):
    sets = ChangeSet.objects.filter(action="records.run_import").count()
    with pytest.raises(DomainError) as refused:
        load(content)
    assert refused.value.code in {"file_damaged", "file_unreadable"}
    assert counted() == (0, 0, 0, 0, 0)
    assert ChangeSet.objects.filter(action="records.run_import").count() == sets
    assert set(ImportRun.objects.values_list("state", flat=True)) <= {"failed"}


def test_a_break_in_the_middle_is_noted_with_its_place(load):
    with pytest.raises(FileDamaged):
        load("\n".join((HEADER, *ROWS[:3], "7,A")).encode())
    run = ImportRun.objects.get()
    assert (run.state, "Row 4" in run.error) == ("failed", True)
    assert ProgressRecord.objects.get().state == "failed"


def test_a_file_without_a_needed_column_is_refused(load):
    with pytest.raises(ColumnMissing) as refused:
        load(b"InvoiceNo,UnitPrice\n1,2\n")
    assert [error.field for error in refused.value.errors] == ["mapping.ordered_at"]
    assert counted() == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("mapping", [{"colour": "InvoiceNo"}, {"number": "Nowhere"}])
def test_a_mapping_that_does_not_fit_is_refused(load, mapping):
    with pytest.raises(MappingInvalid):
        load(ROWS, mapping=mapping)
    assert ImportRun.objects.count() == 0


def test_a_mapping_goes_before_the_guess(load):
    run = load(ROWS, mapping={"description": None, "product_code": "Description"})
    assert run.mapping["product_code"] == "Description"
    assert "description" not in run.mapping
    assert OrderLine.objects.filter(product_code="Tin whistle").count() == 4


def test_an_order_with_a_bad_row_fails_whole(load):
    bad = "1,B,,1,soon,0.5,17850.0,United Kingdom"
    run = load((*ROWS, bad))
    report = run.report
    assert (report["rows"], report["created"], report["failed"]) == (9, 5, 4)
    assert {one["row"]: one["reason"] for one in report["failures"]}[9] == "Date is no date"
    assert not Order.objects.filter(number="1").exists()


def test_a_file_of_which_nothing_can_be_read_is_refused(load):
    with pytest.raises(NothingRead):
        load(["1,A,x,1,soon,2,,"])
    assert counted() == (0, 0, 0, 0, 0)


def test_who_may_not_import_changes_nothing(load, make_actor):
    for role in ("viewer", "seller", "marketer"):
        with pytest.raises(Refused):
            load(ROWS, by=make_actor(role))
    assert (*counted(), ImportRun.objects.count()) == (0, 0, 0, 0, 0, 0)


def test_an_import_that_is_stopped_leaves_nothing(load, monkeypatch):
    def stop(*_args: Any, **_words: Any) -> None:
        raise Cancelled()

    monkeypatch.setattr("tandem.revenue.actions.imports._link", stop)
    with pytest.raises(Cancelled):
        load(ROWS)
    assert counted() == (0, 0, 0, 0, 0)
    assert ImportRun.objects.get().state == "failed"


def test_an_import_is_taken_back_whole(load, system):
    run = load(ROWS)
    counts = revert_import(system, run.public_id)
    assert dict(counts) == {"orders": 6, "companies": 1, "kept": 0}
    assert queries.orders_visible_to(system).count() == 0
    assert not Company.objects.filter(deleted_at__isnull=True).exists()
    assert ExternalId.objects.count() == 0
    with pytest.raises(AlreadyUndone):
        revert_import(system, run.public_id)
    report = load(ROWS).report
    assert (report["created"], report["skipped"]) == (8, 0)
    assert queries.sums_of(queries.orders_visible_to(system))[0].minor == 246


def test_what_people_changed_since_stays(load, system, admin):
    run = load(ROWS)
    kept = Order.objects.get(number="2")
    change_order(admin, kept.public_id, data=ChangeOrder(company="Hythe Gifts"))
    mine, _new = book_order(admin, data=NewOrder(number="mine", amount=1, company="Customer 17850"))
    counts = revert_import(system, run.public_id)
    assert dict(counts) == {"orders": 5, "companies": 0, "kept": 1}
    left = queries.orders_visible_to(system).order_by("number")
    assert [order.number for order in left] == ["2", "mine"]
    assert mine.company.deleted_at is None


def test_a_failed_import_has_nothing_to_take_back(load, system):
    with pytest.raises(NothingRead):
        load(["1,A,x,1,soon,2,,"])
    with pytest.raises(ImportNotDone):
        revert_import(system, ImportRun.objects.get().public_id)


def test_what_was_not_given_is_said(load, system, tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text("order number;date;price\n1;02/03/2011;1,5\n2;03/03/2011;2,5\n")
    noted = note_upload(
        system, kind="orders", name="plain.csv", of=survey(path), options=ImportOptions()
    )
    run = import_now(system, noted, path=path)
    assert run.report["assumed"] == {"currency": "EUR", "time_zone": "UTC", "date_order": "dmy"}
    assert Order.objects.get(number="1").net_minor == 150


sources = count(1)
cents = st.decimals(min_value=Decimal(-500), max_value=Decimal(500), places=3)


@settings(max_examples=15)
@given(lines=st.lists(st.tuples(st.integers(-50, 50), cents), min_size=1, max_size=20))
def test_amounts_are_rounded_as_the_rule_says(load, lines):
    source = f"s{next(sources)}"
    load(
        [f"7,A,x,{quantity},2011-01-03 08:26,{price},,UK" for quantity, price in lines],
        source=source,
    )
    found = OrderLine.objects.filter(order__source=source).order_by("ordinal")
    assert list(found.values_list("amount_minor", flat=True)) == [
        line_amount(Decimal(quantity), price, "GBP").minor for quantity, price in lines
    ]
