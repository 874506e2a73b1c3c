"""`make demo`: what a user does with the collection, while requests that must not fail are under way."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from .show import Show
from .steps import Demo, DemoError


def main() -> int:
    """Run the demo, and say how it went."""
    show = Show()
    try:
        with tempfile.TemporaryDirectory(prefix="demo-") as folder:
            Path(folder).chmod(0o755)  # the model server runs as another user
            demo = Demo(Path(folder), show)
            demo.run()
    except DemoError as error:
        if show.load:
            show.summary()
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return show.summary()


if __name__ == "__main__":
    sys.exit(main())
