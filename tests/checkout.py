"""Where the checkout is. Tests import this by name; `conftest` is ambiguous once there are several."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
