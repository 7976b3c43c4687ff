"""What the web server serves. ASGI, as long polls and event streams must not hold a thread each."""

import gc
import os

from django.core.asgi import get_asgi_application

from portal.limits import BodyLimit
from portal.threads import SharedThreads

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = BodyLimit(SharedThreads(get_asgi_application()))

# What a process is made of stays: looked through with each full collection, it held up one answer of twenty.
gc.collect()
gc.freeze()
# And a page of a list makes thousands of objects, which go as it is sent: not worth a look after each few hundred.
gc.set_threshold(50_000, 10, 10)
