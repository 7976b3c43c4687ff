"""The node program. It ships as a zipapp with `frameworks` beside it, so that only relative imports work in here.

What it needs of a framework is handed to it (see main.py); frameworks are imported for their types alone.
"""
