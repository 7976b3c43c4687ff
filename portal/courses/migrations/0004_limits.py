import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0003_assistants'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Limit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(choices=[('course', 'All of the course together'), ('student', 'Each student; with a user, this one')], max_length=10)),
                ('name', models.CharField(max_length=20)),
                ('value', models.DecimalField(decimal_places=6, max_digits=18, null=True)),
                ('course', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='limits', to='courses.course')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='limits', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('user', None)), fields=('course', 'scope', 'name'), name='one_limit_of_a_name'), models.UniqueConstraint(condition=models.Q(('user', None), _negated=True), fields=('course', 'user', 'name'), name='one_exception_of_a_name'), models.CheckConstraint(condition=models.Q(('user', None), ('scope', 'student'), _connector='OR'), name='exceptions_are_students'), models.CheckConstraint(condition=models.Q(('value', None), ('value__gte', 0), _connector='OR'), name='no_limit_is_negative')],
            },
        ),
    ]
