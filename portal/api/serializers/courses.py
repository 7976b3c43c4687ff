"""Courses."""

from __future__ import annotations

from rest_framework import serializers

from portal.courses.models import Course


class CourseSerializer(serializers.ModelSerializer[Course]):
    class Meta:
        model = Course
        fields = ("id", "name", "title")
