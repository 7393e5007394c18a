"""The event table, cut by days, the ids of a week, and the function that stores events."""

import datetime as dt

import django.db.models.functions.datetime
from django.db import migrations, models

TABLES = """
    CREATE TABLE lake_event (
        id uuid NOT NULL,
        at timestamptz NOT NULL,
        received_at timestamptz NOT NULL DEFAULT statement_timestamp(),
        client_at timestamptz,
        visitor varchar(64) NOT NULL,
        name varchar(64) NOT NULL,
        url varchar(2048) NOT NULL,
        referrer varchar(2048) NOT NULL,
        title varchar(300) NOT NULL,
        source varchar(120) NOT NULL,
        medium varchar(120) NOT NULL,
        campaign varchar(120) NOT NULL,
        channel varchar(16) NOT NULL,
        props jsonb NOT NULL
    ) PARTITION BY RANGE (at);
    CREATE TABLE lake_event_other PARTITION OF lake_event DEFAULT;
    CREATE INDEX event_by_visitor ON lake_event (visitor, at) WHERE visitor <> '';
    CREATE INDEX event_by_time ON lake_event (at);
    CREATE TABLE lake_seen (
        id uuid PRIMARY KEY,
        seen_at timestamptz NOT NULL DEFAULT statement_timestamp()
    );
    CREATE INDEX seen_by_time ON lake_seen USING brin (seen_at);
"""

# One round trip a flush. The ids are taken in their order, so that two collectors that hear the
# same events at once wait for each other instead of locking each other out.
STORE = """
    CREATE FUNCTION lake_store(events json) RETURNS integer LANGUAGE sql AS $$
        WITH told AS (
            SELECT DISTINCT ON (id) *
            FROM json_to_recordset(events) AS e (id uuid, at timestamptz, client_at timestamptz,
                visitor text, name text, url text, referrer text, title text, source text,
                medium text, campaign text, channel text, props jsonb)
            ORDER BY id
        ), fresh AS (
            INSERT INTO lake_seen (id) SELECT id FROM told ON CONFLICT DO NOTHING RETURNING id
        ), stored AS (
            INSERT INTO lake_event (id, at, client_at, visitor, name, url, referrer, title,
                source, medium, campaign, channel, props)
            SELECT id, at, client_at, visitor, name, url, referrer, title, source, medium,
                campaign, channel, coalesce(props, '{}')
            FROM told JOIN fresh USING (id)
            RETURNING 1
        )
        SELECT count(*)::integer FROM stored
    $$;
"""


def make_first_days(apps, schema_editor):
    # A week back for events that come late, a week ahead; a job of the room goes on from there.
    today = dt.datetime.now(dt.UTC).date()
    for number in range(-8, 8):
        day = today + dt.timedelta(days=number)
        after = day + dt.timedelta(days=1)
        schema_editor.execute(
            f"CREATE TABLE IF NOT EXISTS lake_event_{day:%Y%m%d} PARTITION OF lake_event"
            f" FOR VALUES FROM ('{day} 00:00:00+00') TO ('{after} 00:00:00+00')"
        )


class Migration(migrations.Migration):
    initial = True

    dependencies = [("kernel", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql=[TABLES, STORE],
            reverse_sql=[
                "DROP FUNCTION lake_store(json)",
                "DROP TABLE lake_event",
                "DROP TABLE lake_seen",
            ],
            state_operations=[
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("at", models.DateTimeField()),
                        (
                            "received_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now()
                            ),
                        ),
                        ("client_at", models.DateTimeField(null=True)),
                        ("visitor", models.CharField(blank=True, max_length=64)),
                        ("name", models.CharField(max_length=64)),
                        ("url", models.CharField(blank=True, max_length=2048)),
                        ("referrer", models.CharField(blank=True, max_length=2048)),
                        ("title", models.CharField(blank=True, max_length=300)),
                        ("source", models.CharField(blank=True, max_length=120)),
                        ("medium", models.CharField(blank=True, max_length=120)),
                        ("campaign", models.CharField(blank=True, max_length=120)),
                        ("channel", models.CharField(blank=True, max_length=16)),
                        ("props", models.JSONField(default=dict)),
                    ],
                    options={
                        "db_table": "lake_event",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("visitor", ""), _negated=True),
                                fields=["visitor", "at"],
                                name="event_by_visitor",
                            ),
                            models.Index(fields=["at"], name="event_by_time"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="EventSeen",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        (
                            "seen_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now()
                            ),
                        ),
                    ],
                    options={"db_table": "lake_seen"},
                ),
            ],
        ),
        migrations.RunPython(make_first_days, migrations.RunPython.noop),
    ]
