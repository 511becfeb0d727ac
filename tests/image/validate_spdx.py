# SPDX-License-Identifier: MIT
"""Prints what is wrong with an SPDX file, by spdx-tools: nothing, when it is right."""
import sys

from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

for fault in validate_full_spdx_document(parse_file(sys.argv[1])):
    print(fault.validation_message)
