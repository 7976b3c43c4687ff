"""What every body is read with."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class TypedSerializer(serializers.Serializer[Any]):
    """Takes no number for a text, and no 0 or "yes" for false or true, as DRF does: a client that sends one has
    something else in mind. Behind a question mark all is text."""

    def to_internal_value(self, data: Any) -> Any:
        given = data if isinstance(data, dict) else {}
        texts = [name for name, field in self.fields.items() if isinstance(field, serializers.CharField)]
        wrong = {name: "must be a text" for name in texts if isinstance(given.get(name), int | float)}
        if not self.context.get("is_query"):
            truths = [name for name, field in self.fields.items() if isinstance(field, serializers.BooleanField)]
            wrong |= {name: "must be true or false" for name in truths if not isinstance(given.get(name, True), bool)}
        if wrong:
            raise serializers.ValidationError(wrong)
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
