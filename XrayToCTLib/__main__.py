"""``python -m XrayToCTLib``: the command xray-to-ct, where it is not on the PATH."""

import sys

from .cli import main

sys.exit(main())
