"""Is an encapsulated JPEG stream whole? Several decoders fill a missing end with grey or noise and say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_ITEM = b"\xfe\xff\x00\xe0"
_END_OF_IMAGE = b"\xff\xd9"  # of JPEG, JPEG-LS and JPEG 2000 alike
_JPEG_FAMILY = "1.2.840.10008.1.2.4."


def check_stream_end(dataset: Dataset) -> tuple[str, ...]:
    """A warning when the last compressed frame lacks its end mark. (A few makers leave it out of whole images.)"""
    if not str(dataset.file_meta.TransferSyntaxUID).startswith(_JPEG_FAMILY):
        return ()
    if _last_fragment(dataset.PixelData).rstrip(b"\0").endswith(_END_OF_IMAGE):
        return ()
    return ("The compressed pixel data lack their end mark: the image may be truncated or damaged.",)


def _last_fragment(data: bytes) -> bytes:
    """The last item of encapsulated pixel data (PS3.5 A.4): tag, 32-bit length, content, again and again."""
    position, last = 0, b""
    while data[position : position + 4] == _ITEM:
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        last = data[position + 8 : position + 8 + length]
        position += 8 + length
    return last
