"""Look-up tables of DICOM: the items of Modality LUT Sequence and VOI LUT Sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import XrayToCTError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def apply_lookup_table(values: np.ndarray, item: Dataset, *, signed: bool, little_endian: bool) -> np.ndarray:
    """Map values through one LUT item (PS3.3 C.11.1 and C.11.2): below the first entry -> first, beyond -> last.

    pydicom's own functions are not used here: 3.0.2 makes the index as narrow as the output, so that a LUT from 12 to
    8 bits wraps around, and it refuses a Modality LUT of 10, 12 or 14 bits.

    Args:
        values: any shape, any number type.
        item: holds LUT Descriptor (entries, first value, bits) and LUT Data.
        signed: whether the first value is a signed number (as the values that the LUT takes).

    Returns:
        float64, the shape of ``values``.

    Raises:
        XrayToCTError: the item is damaged.
    """
    descriptor = item.get("LUTDescriptor")
    data = item.get("LUTData")
    if descriptor is None or data is None or len(descriptor) != 3:
        raise XrayToCTError(
            "A look-up table in the file lacks its descriptor or its data.",
            hint='Pass voi="none" to read the image without it, or export the image again.',
        )
    entries = int(descriptor[0]) & 0xFFFF or 65536  # 0 stands for 65536: the field has 16 bits
    first = int(descriptor[1])
    if signed and first > 32767:  # written as US although the pixels are signed
        first -= 65536
    elif not signed and first < 0:
        first += 65536
    table = _entries(data, entries, little_endian)
    if table.size < entries:
        raise XrayToCTError(
            f"A look-up table in the file states {entries} entries and holds {table.size}.",
            hint='Pass voi="none" to read the image without it, or export the image again.',
        )
    index = np.clip(np.rint(values).astype(np.int64) - first, 0, entries - 1)
    return table[index].astype(np.float64)


def _entries(data: object, entries: int, little_endian: bool) -> np.ndarray:
    if isinstance(data, (bytes, bytearray)):
        # 8-bit tables are packed two to a word in some files: the length tells.
        if len(data) >= 2 * entries:
            return np.frombuffer(data, dtype="<u2" if little_endian else ">u2", count=entries)
        return np.frombuffer(data, dtype=np.uint8)[:entries]
    return np.atleast_1d(np.asarray(data)).astype(np.int64)[:entries] & 0xFFFF
