# SPDX-License-Identifier: MIT
"""Does each layer include only what the table of ARCHITECTURE.md allows?"""
import re

import pytest
from sources import includes, program_sources, read

# a library's headers → the layers and files that may include them
LIBRARIES = {
    r"grpc/.*(?<!\.pb-c\.h)": r"server/|client/",
    r"curl/.*": r"upstream/",
    r"openssl/.*": r"system/pem\.c|credential/hash\.c|upstream/(connector|handshake|trust_store)\.c|server/(caller_hash|channel|tls|tls_context)\.c",
    r"nghttp2/.*": r"http2/header_block\.c",
    r"event2/.*": r"system/(event_thread|file_watch|reload|task_queue|watchdog)\.[ch]|upstream/|server/|admin/|credential/|(lifecycle|sidecar)\.[ch]|pipeline/pipeline\.[ch]",
    r"pcre2.*": r"constraint/",
    r"zlib\.h": r"base/inflate\.c",
    r"utf8proc\.h": r"base/unicode\.c",
    r"protobuf-c/.*": r"schema/|constraint/|json/|rest/|client/|server/|pipeline/pipeline\.[ch]",
    r".*\.pb-c\.h": r"schema/|constraint/|rest/|server/|client/",
}


def read_layers():
    """Returns {layer, or file at the top: the layers that it may include}, from the table under "Layers"."""
    rows = re.findall(r"^\| (`[^|]*`) \|[^|]*\|([^|]*)\|$", read("ARCHITECTURE.md").partition("## Layers")[2].partition("\n## ")[0],
                      re.M)
    names = [(re.findall(r"`([^`]+)`", first), allowed.strip()) for first, allowed in rows]
    layers = {name for first, _ in names for name in first if "." not in name}

    def allowed_of(text):
        listed = set(re.findall(r"\w+", text)) & layers
        return layers - listed if text.startswith("all") else listed
    return {name: allowed_of(text) for first, text in names for name in first}


LAYERS = read_layers()


def layer_of(path):
    folder, slash, file = path.removeprefix("sidecar/").partition("/")
    return folder if slash or folder in LAYERS else folder.replace(".h", ".c")


def test_the_table_has_every_layer():
    assert {layer_of(path) for path in program_sources()} <= LAYERS.keys()


@pytest.mark.parametrize("path", program_sources())
def test_a_layer_includes_only_what_the_table_allows(path):
    layer = layer_of(path)
    allowed = LAYERS[layer] | {layer}
    wrong = [f"{path}:{number}: {layer} must not include {included}" for number, included in includes(path)
             if (target := included.partition("/")[0]) != included and target in LAYERS and target not in allowed]
    assert not wrong


@pytest.mark.parametrize("path", program_sources())
def test_a_library_is_used_in_its_layer_only(path):
    inside = path.removeprefix("sidecar/")
    wrong = [f"{path}:{number}: {included} is for {layers}"
             for number, included in includes(path) for library, layers in LIBRARIES.items()
             if re.fullmatch(library, included) and not re.match(layers, inside)]
    assert not wrong


@pytest.mark.parametrize("path", [path for path in program_sources() if path.endswith(".c")])
def test_a_file_includes_its_own_header_first_and_the_banned_functions_last(path):
    included = [name for _, name in includes(path)]
    assert included[-1] == "base/banned.h"
    own = path.removeprefix("sidecar/")[:-1] + "h"
    if own in [header.removeprefix("sidecar/") for header in program_sources()]:
        assert included[0] == own
