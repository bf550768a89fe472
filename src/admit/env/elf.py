"""The few bytes of a Linux executable that tell its C library and its ABI.

For: the compatibility tags of an interpreter on musl, or on 32-bit ARM.
Does not know: tags, how to run anything.
Shape: path -> `Executable`, or None for what is no ELF file.
Spec: ELF-32 and ELF-64 object file format (header, program header PT_INTERP).
"""

from __future__ import annotations

import struct

from admit.value import value

_PT_INTERP = 3
_ARM = 40
_ARM_ABI_5 = 0x05000000
_ARM_HARD_FLOAT = 0x00000400


@value
class Executable:
    """What the headers say."""

    loader: str
    """The dynamic loader it asks for; "" if it is linked statically."""
    is_hard_float_arm: bool


def read_executable(path: str) -> Executable | None:
    """Read the headers of an executable."""
    try:
        with open(path, "rb") as file:
            head = file.read(64)
            if len(head) < 52 or head[:4] != b"\x7fELF":
                return None
            order = "<" if head[5] == 1 else ">"
            is_wide = head[4] == 2
            # e_machine; e_phoff and e_flags; e_phentsize and e_phnum
            (machine,) = struct.unpack_from(f"{order}H", head, 18)
            offset, _, flags = struct.unpack_from(
                f"{order}QQI" if is_wide else f"{order}III", head, 32 if is_wide else 28
            )
            size, count = struct.unpack_from(f"{order}HH", head, 54 if is_wide else 42)
            file.seek(offset)
            loader = b""
            for _ in range(count):
                entry = file.read(size)
                (kind,) = struct.unpack_from(f"{order}I", entry)
                if kind == _PT_INTERP:
                    start, length = (
                        struct.unpack_from(f"{order}Q16xQ", entry, 8)
                        if is_wide
                        else struct.unpack_from(f"{order}I8xI", entry, 4)
                    )
                    file.seek(start)
                    loader = file.read(length).rstrip(b"\0")
                    break
    except (OSError, struct.error):
        return None
    is_hard = machine == _ARM and flags & 0xFF000000 == _ARM_ABI_5
    return Executable(
        loader.decode("utf-8", "surrogateescape"),
        is_hard and bool(flags & _ARM_HARD_FLOAT),
    )
