"""The triggers of history, written anew; they stand where they were first added.

Nothing was released before that, and what the old ones wrote was the same.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("people", "0003_custom_fields")]

    operations = []
