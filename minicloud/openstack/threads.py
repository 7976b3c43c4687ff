"""Heat 27 keeps every finished thread, and with it whole stacks, for ever: 28 MiB for ten clusters, and it refuses
new work when its list is full. Here finished threads let go of what they hold and leave the list."""
# mypy: disable-error-code="import-untyped,import-not-found"

from __future__ import annotations

from typing import Any


def install() -> None:
    from heat.engine import service

    run, add_thread = service.ThreadWithCallback.run, service.ThreadGroup.add_thread

    def run_and_let_go(self: Any) -> None:
        try:
            run(self)
        finally:
            self.target, self.args, self.kwargs, self.callbacks = None, (), {}, []

    def add_to_the_living(self: Any, func: Any, *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            self.threads[:] = [thread for thread in self.threads if thread.is_alive()]
        return add_thread(self, func, *args, **kwargs)

    service.ThreadWithCallback.run = run_and_let_go
    service.ThreadGroup.add_thread = add_to_the_living
