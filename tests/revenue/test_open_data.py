"""The open order file to the penny: every figure that is true of it, and the same file again."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.db import connection

from tandem.project.commands import imports
from tandem.revenue.models import Order, OrderLine

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TANDEM_OPEN_DATA", ROOT.parent / "shared" / "data"))
FILE = DATA / "commerce" / "online_retail.csv.gz"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        not FILE.is_file(), reason=f"the open data are not at {DATA}: set TANDEM_OPEN_DATA"
    ),
]

CLEAN_BY_MONTH = {
    "2010-12": "572713.89",
    "2011-01": "569445.04",
    "2011-02": "447137.35",
    "2011-03": "595500.76",
    "2011-04": "469200.36",
    "2011-05": "678594.56",
    "2011-06": "661213.69",
    "2011-07": "600091.01",
    "2011-08": "645343.90",
    "2011-09": "952838.38",
    "2011-10": "1039318.79",
    "2011-11": "1161817.38",
    "2011-12": "518192.79",
}


def run(*words):
    answer = CliRunner().invoke(
        imports.command,
        ["orders", str(FILE), "--currency", "GBP", "--timezone", "Europe/London", "--json", *words],
        catch_exceptions=False,
    )
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.output.splitlines()[-1])


def rows(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def test_the_open_orders_come_to_what_is_true_of_them():
    report = run()
    assert [report[name] for name in ("rows", "created", "updated", "skipped", "failed")] == [
        541_909, 541_909, 0, 0, 0
    ]  # fmt: skip
    figures = report["figures"]
    assert figures == {
        "currency": "GBP",
        "lines": 541_909,
        "orders": 25_900,
        "customers": 4_372,
        "net": "9747747.93",
        "net_known_customers": "8300065.81",
        "reversals": "-896812.49",
        "reversals_known_customers": "-611342.09",
        "reversal_lines": 9_288,
        "reversal_orders": 3_836,
        "reversal_lines_known_customers": 8_905,
        "adjustments": "-11062.06",
        "reversals_with_earlier_purchase": 7_599,
        "reversals_with_one_purchase_large_enough": 7_174,
    }
    assert {one["code"]: one["count"] for one in report["warnings"]} == {
        "lines_without_customer": 135_080,
        "exact_duplicate_lines": 5_270,
        "orders_with_two_moments": 43,
        "customers_with_two_countries": 8,
        "stock_corrections": 1_336,
        "bad_debt_adjustments": 3,
        "prices_finer_than_currency": 4,
        "free_lines": 1_179,
        "countries_unknown": 1_265,
        "unlinked_reversals": 2_109,
        "customer_numbers_as_decimals": 4_372,
    }
    _the_records_say_the_same()
    again = run()
    assert [again[name] for name in ("rows", "created", "updated", "skipped", "failed")] == [
        541_909, 0, 0, 541_909, 0
    ]  # fmt: skip
    assert (Order.objects.count(), OrderLine.objects.count()) == (25_900, 541_909)
    _the_records_say_the_same()


def _the_records_say_the_same():
    assert rows("SELECT sum(net_minor), sum(line_count), count(*) FROM revenue_order") == [
        (974_774_793, 541_909, 25_900)
    ]
    known = (
        "SELECT sum(net_minor), count(DISTINCT company_id) FROM revenue_order WHERE company_id > 0"
    )
    assert rows(known) == [(830_006_581, 4_372)]
    assert (
        dict(
            rows(
                """
            SELECT to_char(l.at AT TIME ZONE 'Europe/London', 'YYYY-MM'),
                   (sum(l.amount_minor) / 100.0)::numeric(14, 2)::text
            FROM revenue_orderline l JOIN revenue_order o ON o.id = l.order_id
            WHERE l.kind = 'sale' AND o.company_id IS NOT NULL GROUP BY 1
            """
            )
        )
        == CLEAN_BY_MONTH
    )
    # Never more is taken back than was bought.
    assert rows(
        """
        SELECT count(*) FROM (
            SELECT k.original_id FROM revenue_reversallink k
            JOIN revenue_orderline l ON l.id = k.original_id
            GROUP BY k.original_id, l.quantity HAVING sum(k.quantity) > l.quantity
        ) t
        """
    ) == [(0,)]
    assert rows(
        """
        SELECT count(*) FROM (
            SELECT l.id FROM revenue_orderline l
            LEFT JOIN revenue_reversallink k ON k.reversing_id = l.id
            WHERE l.kind = 'reversal' GROUP BY l.id, l.quantity
            HAVING coalesce(sum(k.quantity), 0) <> -l.quantity
        ) t
        """
    ) == [(0,)]
