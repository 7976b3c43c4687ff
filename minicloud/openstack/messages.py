"""oslo.messaging's in-process transport asks its queues 20 times a second, for each of Heat's listeners, for ever.
Here a listener sleeps until a message is delivered."""
# mypy: disable-error-code="import-untyped,import-not-found,untyped-decorator"

from __future__ import annotations

import threading
import time
from typing import Any

# A listener that is told to stop looks up this often.
LOOK_UP_SECONDS = 1.0


class Deliveries:
    """Counts messages and wakes who waits for the next."""

    def __init__(self) -> None:
        self.count = 0
        self.condition = threading.Condition()

    def add(self) -> None:
        with self.condition:
            self.count += 1
            self.condition.notify_all()

    def wait_beyond(self, seen: int, seconds: float) -> None:
        with self.condition:
            if self.count == seen:
                self.condition.wait(seconds)


def install() -> None:
    from oslo_messaging._drivers import base, impl_fake

    deliveries = Deliveries()
    deliver = impl_fake.FakeExchange.deliver_message

    def deliver_and_wake(self: Any, *args: Any, **kwargs: Any) -> None:
        deliver(self, *args, **kwargs)
        deliveries.add()

    def next_message(listener: Any) -> Any:
        for target in listener._targets:
            exchange = listener._exchange_manager.get_exchange(target.exchange)
            context, message, reply_queue, requeue = exchange.poll(target, listener._pool)
            if message is not None:
                return impl_fake.FakeIncomingMessage(context, message, reply_queue, requeue)
        return None

    @base.batch_poll_helper
    def poll(self: Any, timeout: float | None = None) -> Any:
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._stopped.is_set():
            seen = deliveries.count
            message = next_message(self)
            left = LOOK_UP_SECONDS if deadline is None else deadline - time.monotonic()
            if message is not None or left <= 0:
                return message
            deliveries.wait_beyond(seen, min(left, LOOK_UP_SECONDS))
        return None

    impl_fake.FakeExchange.deliver_message = deliver_and_wake
    impl_fake.FakeListener.poll = poll
