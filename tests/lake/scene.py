"""What the tests of the lake are played on: events as the collector stores them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from tandem.kernel.ids import new_public_id

NOW = datetime.now(UTC).replace(microsecond=0)
NOON = NOW.replace(hour=12, minute=0, second=0) - timedelta(days=1)
"""Of yesterday: a day that is over, and whose part of the table is there."""


def event(**fields: Any) -> dict[str, Any]:
    """An event as the collector hands it to the database; ``at`` may be a moment."""
    texts = dict.fromkeys(
        ("visitor", "url", "referrer", "title", "source", "medium", "campaign", "channel"), ""
    )
    base = {"id": str(new_public_id()), "at": NOON, "name": "page", "props": {}}
    made = {**texts, **base, **fields}
    return {**made, "at": made["at"].isoformat()}


def store(*events: dict[str, Any]) -> int:
    """Take events as the collector does; how many are new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT lake_store(%s::json)", [json.dumps(events)])
        return int(cursor.fetchone()[0])


def files_there() -> set[str]:
    """The names in the lake's folder."""
    base = Path(settings.MEDIA_ROOT) / "lake"
    return {str(one.relative_to(base)) for one in base.rglob("*") if one.is_file()}
