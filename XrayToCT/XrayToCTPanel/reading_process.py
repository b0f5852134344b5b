"""Reading process: reads one radiograph file for another process. Run as a script, where there is no slicer:

    python reading_process.py LIBRARY_PARENT FILE POLARITY PIXELS

PIXELS is the .npy file to write; what else there is to know goes to stdout as one line of JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(library: str, file: str, polarity: str, pixels: str) -> None:
    sys.path.append(library)
    from XrayToCTLib.errors import XrayToCTError
    from XrayToCTLib.readers import read_radiograph
    from XrayToCTLib.worker.array_file import write_array
    from XrayToCTLib.worker.records import radiograph_record

    try:
        radiograph = read_radiograph(file, polarity=polarity)
    except XrayToCTError as error:
        print(json.dumps({"error": [error.message, error.hint]}))
        return
    write_array(Path(pixels), radiograph.pixels)
    print(json.dumps({"radiograph": radiograph_record(radiograph)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
