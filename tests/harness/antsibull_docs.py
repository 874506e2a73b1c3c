"""antsibull-docs with temporary folders whose names reStructuredText does not take for references: `python -m harness.antsibull_docs ARGUMENT...`.

Its pages have the path of the folder in them, and one of 37 random names ends with `_`.
"""

from __future__ import annotations

import string
import sys
import tempfile

from antsibull_docs.cli.antsibull_docs import main

if __name__ == "__main__":
    tempfile._RandomNameSequence.characters = string.ascii_lowercase  # type: ignore[attr-defined]
    sys.exit(main())
