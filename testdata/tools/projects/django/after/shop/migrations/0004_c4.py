from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0003_c3")]
    operations = [migrations.AddConstraint("orders", models.CheckConstraint(check=models.Q(id__gt=0), name="c4"))]
