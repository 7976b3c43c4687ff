"""Each course's three figures become rows of limits."""

from django.db import migrations

FIELDS = {
    "clusters": ("student", "clusters_each"),
    "folder_gb": ("student", "folder_gb_each"),
    "hours": ("course", "hours_at_most"),
}


def to_rows(apps, schema_editor):
    courses, limits = apps.get_model("courses", "Course"), apps.get_model("courses", "Limit")
    limits.objects.bulk_create(
        limits(course=course, scope=scope, name=name, value=getattr(course, field))
        for course in courses.objects.all()
        for name, (scope, field) in FIELDS.items()
    )


def to_fields(apps, schema_editor):
    limits = apps.get_model("courses", "Limit")
    for name, (scope, field) in FIELDS.items():
        for limit in limits.objects.filter(name=name, scope=scope, user=None).exclude(value=None):
            setattr(limit.course, field, int(limit.value))
            limit.course.save(update_fields=[field])


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0004_limits'),
    ]

    operations = [
        migrations.RunPython(to_rows, to_fields),
    ]
