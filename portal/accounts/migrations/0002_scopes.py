"""Tokens get scopes and a name. Those that were there knew none: they end, and people log in anew."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SCOPE = [
    ("read", "Read"),
    ("clusters", "Clusters, folders and jobs"),
    ("course", "Courses"),
    ("billing", "Credits and charges"),
    ("admin", "Administration"),
]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            "user",
            "service_scopes",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(choices=SCOPE, max_length=20), null=True, size=None
            ),
        ),
        migrations.DeleteModel("ApiToken"),
        migrations.CreateModel(
            "ApiToken",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=60)),
                ("digest", models.CharField(max_length=64, unique=True)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(choices=SCOPE, max_length=20), size=None
                    ),
                ),
                ("by_password", models.BooleanField(help_text="of a log-in; others make no further tokens")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(help_text="to the minute", null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ["-created_at", "id"]},
        ),
    ]
