# SPDX-License-Identifier: MIT
"""echo.py ADDRESS PATH FILE: calls PATH with the file's bytes, with gzip and then without, and prints each reply."""
import pathlib
import sys

import grpc

METADATA = [("x-ascii", "a value, with = and spaces"), ("x-repeated", "first"), ("x-repeated", "second"), ("x-data-bin", bytes(range(256))),
            ("x-empty-bin", b""), ("x-repeated-bin", b"\x00"), ("x-repeated-bin", b"\xff\xfe")]
address, path, file = sys.argv[1:]
with grpc.insecure_channel(address) as channel:
    for compression in (grpc.Compression.Gzip, grpc.Compression.NoCompression):
        print(channel.unary_unary(path)(pathlib.Path(file).read_bytes(), timeout=30, metadata=METADATA, compression=compression).decode())
