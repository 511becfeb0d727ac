# SPDX-License-Identifier: MIT
"""Does an error that the upstream reports carry the domain of the service that gives its reason a meaning?"""
from urllib.parse import urlsplit

import pytest

from support import api
from support.client import details
from support.upstream import response, error

# The extension google.api.default_host, declared here so that the test needs no other file.
DEFAULT_HOST = 'import "google/protobuf/descriptor.proto"; extend google.protobuf.ServiceOptions { string default_host = 1049; }'
DOMAINS = {
    "option": ("""import "apig_sidecar/error_domain.proto"; option (apig_sidecar.error_domain) = "shop.example"; """ + DEFAULT_HOST,
               'option (default_host) = "other.example";', "shop.example"),
    "default_host": (DEFAULT_HOST, 'option (default_host) = "shop.example.org:7469";', "shop.example.org"),
    "upstream": ("", "", None),
}


@pytest.fixture(params=DOMAINS)
def domain(request, start, tmp_path):
    """The domain of a service's errors as its file says it, None without, and a client of the sidecar that serves it."""
    head, option, expected = DOMAINS[request.param]
    (tmp_path / "shop.proto").write_text(f"""syntax = "proto3";
package shop.v1;
import "google/api/annotations.proto";
{head}
service Shop {{ {option} rpc Show(Q) returns (Q) {{ option (google.api.http).get = "/v1/shop"; }} }}
message Q {{ string id = 1; }}
""")
    path = tmp_path / "shop.binpb"
    path.write_bytes(api.compile_set(["shop.proto"], [tmp_path]))
    return expected, start(f"--descriptor-set={path}").client()


def test_the_domain_is_that_of_the_file_of_the_service_or_of_the_upstream(domain, upstream):
    expected, client = domain
    upstream.script(response(error(404, "SHOP.1")))
    info = details(client.unary("/shop.v1.Shop/Show", b""))["ErrorInfo"]
    assert (info.domain, info.reason) == (expected or urlsplit(upstream.url).hostname, "SHOP_1")
