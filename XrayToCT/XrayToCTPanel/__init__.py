"""XrayToCTPanel: what stands between Slicer and XrayToCTLib, one role a file.

Slicer puts the module's own folder on sys.path. Installed, XrayToCTLib lies beside it; in a checkout it lies one folder
up, which is appended here (appended, not inserted: nothing of Slicer's may be hidden by it).
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

if find_spec("XrayToCTLib") is None:
    sys.path.append(str(Path(__file__).resolve().parents[2]))
