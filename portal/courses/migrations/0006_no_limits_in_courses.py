from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0005_limits_of_fields'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='course',
            name='clusters_each',
        ),
        migrations.RemoveField(
            model_name='course',
            name='folder_gb_each',
        ),
        migrations.RemoveField(
            model_name='course',
            name='hours_at_most',
        ),
    ]
