"""Who sent events: the number of an agent with each of them, and agents with what they make likely."""

import django.contrib.postgres.fields
import django.db.models.functions.datetime
from django.db import migrations, models

STORE = """
    CREATE OR REPLACE FUNCTION lake_store(events json) RETURNS integer LANGUAGE sql AS $$
        WITH told AS (
            SELECT DISTINCT ON (id) *
            FROM json_to_recordset(events) AS e (id uuid, at timestamptz, client_at timestamptz,
                visitor text, name text, url text, referrer text, title text, source text,
                medium text, campaign text, channel text, props jsonb{typed})
            ORDER BY id
        ), fresh AS (
            INSERT INTO lake_seen (id) SELECT id FROM told ON CONFLICT DO NOTHING RETURNING id
        ), stored AS (
            INSERT INTO lake_event (id, at, client_at, visitor, name, url, referrer, title,
                source, medium, campaign, channel, props{named})
            SELECT id, at, client_at, visitor, name, url, referrer, title, source, medium,
                campaign, channel, coalesce(props, '{{}}'){named}
            FROM told JOIN fresh USING (id)
            RETURNING 1
        )
        SELECT count(*)::integer FROM stored
    $$;
"""

# Whoever makes up agents fills no table: of more than these the collector keeps no text. It says
# whether there is room. An agent that is here stays, and is marked as seen once a day.
NOTE = """
    CREATE FUNCTION lake_note_agents(agents json) RETURNS boolean LANGUAGE sql AS $$
        WITH told AS (
            SELECT DISTINCT ON (number) *
            FROM json_to_recordset(agents) AS a (number bigint, text text, from_page boolean,
                kind text, p_human float8, reasons text[], version text)
            ORDER BY number
        ), room AS (
            SELECT count(*) < 100000 AS is_there FROM lake_agent
        ), noted AS (
            INSERT INTO lake_agent (number, text, from_page, kind, p_human, reasons, version)
            SELECT number, text, from_page, kind, p_human, reasons, version FROM told
            WHERE (SELECT is_there FROM room)
                OR EXISTS (SELECT FROM lake_agent known WHERE known.number = told.number)
            ON CONFLICT (number) DO UPDATE SET seen_at = statement_timestamp()
            WHERE lake_agent.seen_at < statement_timestamp() - interval '1 day'
        )
        SELECT is_there FROM room
    $$;
"""


class Migration(migrations.Migration):
    dependencies = [("lake", "0004_fewer_bits_of_visitors")]

    operations = [
        migrations.CreateModel(
            name="Agent",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("text", models.CharField(max_length=400)),
                ("from_page", models.BooleanField()),
                ("kind", models.CharField(max_length=8)),
                ("p_human", models.FloatField()),
                (
                    "reasons",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), size=None
                    ),
                ),
                ("version", models.CharField(max_length=40)),
                (
                    "seen_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "db_table": "lake_agent",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["human", "machine", "unknown"])),
                        name="agent_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("p_human__gte", 0), ("p_human__lte", 1)),
                        name="agent_p_human",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="event",
            name="agent",
            field=models.BigIntegerField(null=True),
        ),
        migrations.RunSQL(
            STORE.format(typed=", agent bigint", named=", agent"),
            STORE.format(typed="", named=""),
        ),
        migrations.RunSQL(NOTE, "DROP FUNCTION lake_note_agents(json)"),
    ]
