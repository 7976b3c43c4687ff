"""Begins as many threads as it is told, or as it may; tells how many there were at once."""

import json
import sys
import threading

threading.stack_size(64 << 10)
over = threading.Event()
threads = []
for _ in range(json.loads(sys.argv[1])["threads"]):
    thread = threading.Thread(target=over.wait)
    try:
        thread.start()
    except RuntimeError:
        break
    threads.append(thread)
print(f"\nTOLD {len(threads)}", flush=True)
over.set()
for thread in threads:
    thread.join()
