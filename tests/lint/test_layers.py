# SPDX-License-Identifier: MIT
"""May a room include what it includes? ARCHITECTURE.md draws the arrows; this table is what holds."""
import re

import pytest
from sources import includes, program_sources

# room → the rooms whose headers it may include beside its own
ROOMS = {
    "base": "",
    "config": "base",
    "schema": "base",
    "rest": "base schema",
    "upstream": "base",
    "credential": "base",
    "server": "base config schema",
    "admin": "base config schema",
    "client": "base config schema rest",
    "": "base config schema rest upstream credential server admin client",  # road, sidecar, main
}
# a library's headers → the rooms and files that may include them
LIBRARIES = {
    r"grpc/.*(?<!\.pb-c\.h)": r"server/|client/",
    r"curl/.*": r"upstream/",
    r"openssl/.*": r"credential/|upstream/connect",
    r"event2/.*": r"upstream/|credential/|server/|admin/|sidecar\.[ch]|road\.[ch]",
    r"pcre2.*": r"schema/",
    r"zlib\.h": r"server/",
    r"protobuf-c/.*": r"schema/|rest/|client/|server/|road\.[ch]",
    r".*\.pb-c\.h": r"schema/|server/|client/",
}


def room_of(path):
    folder, slash, _ = path.removeprefix("sidecar/").partition("/")
    return folder if slash else ""


@pytest.mark.parametrize("path", program_sources())
def test_a_room_includes_only_rooms_below_it(path):
    room = room_of(path)
    allowed = {room, *ROOMS[room].split()}
    wrong = [f"{path}:{number}: {room or 'the top'} must not include {included}"
             for number, included in includes(path)
             if (target := included.partition("/")[0]) in ROOMS and "/" in included and target not in allowed]
    assert not wrong


@pytest.mark.parametrize("path", program_sources())
def test_a_library_is_used_in_its_room_only(path):
    inside = path.removeprefix("sidecar/")
    wrong = [f"{path}:{number}: {included} is for {rooms}"
             for number, included in includes(path) for library, rooms in LIBRARIES.items()
             if re.fullmatch(library, included) and not re.match(rooms, inside)]
    assert not wrong


@pytest.mark.parametrize("path", [path for path in program_sources() if path.endswith(".c")])
def test_a_file_includes_its_own_header_first_and_the_banned_functions_last(path):
    included = [name for _, name in includes(path)]
    assert included[-1] == "base/banned.h"
    own = path.removeprefix("sidecar/")[:-1] + "h"
    if own in [header.removeprefix("sidecar/") for header in program_sources()]:
        assert included[0] == own
