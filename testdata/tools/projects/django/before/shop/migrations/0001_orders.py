from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Orders", [("id", models.IntegerField(primary_key=True)), ("note", models.TextField())],
                               {"db_table": "orders"}),
        migrations.RunSQL("INSERT INTO orders SELECT n, n FROM generate_series(1, 500) AS n"),
    ]
