"""Who composed the documents of a chunk, and what the judge found."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cycles", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="chunk", name="composed", field=models.JSONField(default=dict)
        ),
    ]
