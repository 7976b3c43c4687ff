from django.apps import AppConfig


class CoursesConfig(AppConfig):
    """Courses, their rosters and limits."""

    name = "portal.courses"
