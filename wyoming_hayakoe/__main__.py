"""``python -m wyoming_hayakoe``."""

import sys

from wyoming_hayakoe.cli import main

if __name__ == "__main__":
    sys.exit(main())
