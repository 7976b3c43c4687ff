"""Whether the node has the GPUs that its cluster's owner has asked for."""

from __future__ import annotations

import subprocess

from .errors import StepError
from .node import Node

SECONDS = 60.0
TAIL_LETTERS = 1200


def check(node: Node) -> None:
    """StepError where a worker has fewer GPUs than it is to have, as nvidia-smi counts them."""
    if not node.gpus or node.name == node.master:
        return
    advice = "choose a flavor with so many, and an image with NVIDIA's driver"
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StepError(
            f"this node is to have {node.gpus} GPUs, but nvidia-smi does not tell: {error}; {advice}"
        ) from error
    found = sum(line.strip().isdigit() for line in done.stdout.splitlines()) if done.returncode == 0 else 0
    if found < node.gpus:
        raise StepError(
            f"this node is to have {node.gpus} GPUs, but nvidia-smi shows {found}: {advice}",
            done.stdout[-TAIL_LETTERS:],
        )
