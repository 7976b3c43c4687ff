"""What every body is read with."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class TypedSerializer(serializers.Serializer[Any]):
    """Takes no number for a text, as DRF does: a client that sends one has something else in mind."""

    def to_internal_value(self, data: Any) -> Any:
        given = data if isinstance(data, dict) else {}
        texts = [name for name, field in self.fields.items() if isinstance(field, serializers.CharField)]
        if wrong := [name for name in texts if isinstance(given.get(name), int | float)]:
            raise serializers.ValidationError(dict.fromkeys(wrong, "must be a text"))
        return super().to_internal_value(data)


class StrictSerializer(TypedSerializer):
    """Refuses what it does not know: a misspelt field must not be passed over in silence."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            raise serializers.ValidationError(
                {name: f"unknown; known are {', '.join(self.fields)}" for name in unknown}
            )
        return super().to_internal_value(data)
