"""How long the company keeps the log of who saw what."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_roles"),
    ]

    operations = [
        migrations.AddField(
            model_name="companysettings",
            name="access_log_days",
            field=models.PositiveSmallIntegerField(db_default=365, default=365),
        ),
        migrations.AddConstraint(
            model_name="companysettings",
            constraint=models.CheckConstraint(
                condition=models.Q(("access_log_days__range", (1, 3650))),
                name="company_access_log_days",
            ),
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="companysettings",
            name="history_update",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="companysettings",
            trigger=pgtrigger.compiler.Trigger(
                name="history_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO kernel_recordchange (change_set_id, model, object_id, root_kind, root_id, operation, fields) SELECT (SELECT tandem_change_set()), 'accounts.companysettings', n.id, 'company_settings', n.id, 'update', CASE WHEN o.name IS DISTINCT FROM n.name THEN jsonb_build_object('name', jsonb_build_array(o.name, n.name)) ELSE '{}'::jsonb END || CASE WHEN o.base_currency IS DISTINCT FROM n.base_currency THEN jsonb_build_object('base_currency', jsonb_build_array(o.base_currency, n.base_currency)) ELSE '{}'::jsonb END || CASE WHEN o.time_zone IS DISTINCT FROM n.time_zone THEN jsonb_build_object('time_zone', jsonb_build_array(o.time_zone, n.time_zone)) ELSE '{}'::jsonb END || CASE WHEN o.fiscal_year_start_month IS DISTINCT FROM n.fiscal_year_start_month THEN jsonb_build_object('fiscal_year_start_month', jsonb_build_array(o.fiscal_year_start_month, n.fiscal_year_start_month)) ELSE '{}'::jsonb END || CASE WHEN o.week_start IS DISTINCT FROM n.week_start THEN jsonb_build_object('week_start', jsonb_build_array(o.week_start, n.week_start)) ELSE '{}'::jsonb END || CASE WHEN o.default_country IS DISTINCT FROM n.default_country THEN jsonb_build_object('default_country', jsonb_build_array(o.default_country, n.default_country)) ELSE '{}'::jsonb END || CASE WHEN o.working_hours IS DISTINCT FROM n.working_hours THEN jsonb_build_object('working_hours', jsonb_build_array(o.working_hours, n.working_hours)) ELSE '{}'::jsonb END || CASE WHEN o.access_log_days IS DISTINCT FROM n.access_log_days THEN jsonb_build_object('access_log_days', jsonb_build_array(o.access_log_days, n.access_log_days)) ELSE '{}'::jsonb END FROM old_rows o FULL JOIN new_rows n ON n.id = o.id WHERE (o.name, o.base_currency, o.time_zone, o.fiscal_year_start_month, o.week_start, o.default_country, o.working_hours, o.access_log_days) IS DISTINCT FROM (n.name, n.base_currency, n.time_zone, n.fiscal_year_start_month, n.week_start, n.default_country, n.working_hours, n.access_log_days); RETURN NULL;",
                    hash="84917d33be6ab4500a0464e2988a4b193e078f96",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_history_update_43f1f",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="accounts_companysettings",
                    when="AFTER",
                ),
            ),
        ),
    ]
