# SPDX-License-Identifier: MIT
"""Does the sidecar accept calls of exactly the callers that --allow-callers lists?"""
import os
import pathlib
import subprocess
import sys
import tempfile

import grpc
import pytest

from support import api
from support.certificate import make_certificate
from support.client import Client, details, refusal
from support.metrics import value
from support.sidecar import run
from support.upstream import response

CART = "spiffe://test/ns/shop/sa/cart"
XFCC = f"By=spiffe://test/ns/shop/sa/proxy;Hash=0a1b;Subject=\"CN=a,O=b\";URI={CART}"


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("authority"), "callers", "DNS:callers")


@pytest.fixture
def credentials(tmp_path, authority, certificate):
    """credentials(names) returns the credentials of a caller whose certificate has these names."""
    def made(names):
        caller = make_certificate(tmp_path / "caller", "caller", names, authority)
        return grpc.ssl_channel_credentials(certificate.certificate.read_bytes(), caller.key.read_bytes(),
                                            caller.certificate.read_bytes())
    return made


@pytest.fixture
def mtls(certificate, authority):
    return [f"--tls-cert-file={certificate.certificate}", f"--tls-key-file={certificate.key}",
            f"--tls-client-ca-file={authority.certificate}"]


def expect_denied(client, caller, **how):
    call = client.start(**how)
    assert call.code() is grpc.StatusCode.PERMISSION_DENIED
    assert caller in call.details() and "--allow-callers" in call.details()
    told = details(call)
    assert (told["ErrorInfo"].reason, told["ErrorInfo"].domain) == ("CALLER_NOT_ALLOWED", "apig-sidecar")
    assert "RetryInfo" not in told


def expect_welcome(client, upstream, **how):
    upstream.script(response())
    client.create(**how)


@pytest.mark.parametrize("pattern,names", [
    (CART, f"URI:{CART}"), ("spiffe://test/ns/*/sa/cart", f"URI:{CART}"), ("spiffe://test/ns/sh*/sa/c*t", f"URI:{CART}"),
    ("*.shop.svc", "DNS:cart.shop.svc"), ("cart.shop.svc", "DNS:other.svc,DNS:Cart.Shop.SVC"),
    ("uid:1,spiffe://test/ns/other/sa/x,*.shop.svc", "DNS:cart.shop.svc"),
])
def test_a_listed_caller_may_call(start, upstream, mtls, credentials, pattern, names):
    sidecar = start(*mtls, f"--allow-callers={pattern}")
    expect_welcome(sidecar.client(credentials=credentials(names)), upstream)


@pytest.mark.parametrize("pattern,names,shown", [
    ("spiffe://test/ns/*/sa/cart", "URI:spiffe://test/ns/shop/x/sa/cart", "spiffe://test/ns/shop/x/sa/cart"),
    ("spiffe://test/ns/*/sa/cart", "URI:spiffe://test/ns/shop/sa/cart/x", "spiffe://test/ns/shop/sa/cart/x"),
    ("spiffe://test/*", "URI:spiffe://other/a", "spiffe://other/a"),
    ("*.svc", "DNS:cart.shop.svc", "cart.shop.svc"),
    ("*.svc", f"URI:{CART}", CART),
    ("uid:0", "URI:uid:0", "uid:0"),
    ("*.svc", "DNS:*.svc", "anonymous"),
    ("*.svc", "email:a@b.svc", "anonymous"),
])
def test_an_unlisted_caller_is_denied_and_named(start, mtls, credentials, pattern, names, shown):
    sidecar = start(*mtls, f"--allow-callers={pattern}")
    expect_denied(sidecar.client(credentials=credentials(names)), shown)
    assert value(sidecar, "apig_sidecar_callers_denied_total", caller=shown) == 1
    [line] = sidecar.wait_log(event="call")
    assert (line["step"], line["code"], line["caller"]) == ("admit", "PERMISSION_DENIED", shown)


def test_everybody_may_call_by_default(sidecar, client, upstream):
    expect_welcome(client, upstream)
    assert sidecar.wait_log(event="call")[0]["caller"] == "anonymous"


def test_a_plaintext_caller_is_anonymous(start):
    expect_denied(start("--allow-callers=*.svc").client(), "anonymous")


def test_health_and_reflection_are_open(start):
    client = start("--allow-callers=*.svc").client()
    assert client.unary("/grpc.health.v1.Health/Check", b"", "grpc.health.v1.HealthCheckResponse").result().status == 1
    ask = api.from_dict("grpc.reflection.v1.ServerReflectionRequest", {"list_services": ""}).SerializeToString()
    stream = client.channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")(iter([ask]), timeout=30)
    assert b"ApiGroupService" in next(stream)


@pytest.mark.parametrize("listed", [f"uid:{os.getuid()}", f"gid:{os.getgid()}", f"uid:4000000000,gid:{os.getgid()}"])
def test_a_process_on_a_unix_socket_is_known_by_user_and_group(start, upstream, tmp_path, listed):
    sidecar = start(f"--allow-callers={listed}", listen=f"unix:{tmp_path}/s")
    expect_welcome(sidecar.client(), upstream)
    assert sidecar.wait_log(event="call")[0]["caller"] == f"uid:{os.getuid()},gid:{os.getgid()}"


def test_another_user_or_group_is_denied(start, tmp_path):
    sidecar = start("--allow-callers=uid:4000000000", "--allow-callers=gid:4000000001", listen=f"unix:{tmp_path}/s")
    expect_denied(sidecar.client(), f"uid:{os.getuid()},gid:{os.getgid()}")


@pytest.fixture
def open_folder():
    """A folder that every user can enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield folder


def test_a_call_of_another_user_has_that_users_identity(start, upstream, open_folder):
    tests = pathlib.Path(__file__).resolve().parents[1]
    other = {"user": 65532, "group": 65532, "extra_groups": []}
    if os.getuid() != 0 or subprocess.run(["cat", tests / "support/client.py"], capture_output=True, **other).returncode:
        pytest.skip("only root can call as another user, who has to be able to read the tests")
    sidecar = start("--allow-callers=uid:65532", listen=f"unix:{open_folder}/s")
    upstream.script(response())
    program = ("import sys; sys.path.insert(0, sys.argv[1]); from support.client import Client; "
               "Client(sys.argv[2]).create()")
    subprocess.run([sys.executable, "-c", program, tests, sidecar.address], check=True, timeout=60, **other)
    assert sidecar.wait_log(event="call")[0]["caller"] == "uid:65532,gid:65532"


@pytest.mark.parametrize("header", [
    XFCC, f"URI={CART}", f"uri={CART}", f"URI=spiffe://test/ns/other/sa/x,{XFCC}", f"URI=;DNS=a.b;URI={CART}",
])
def test_a_trusted_proxy_says_who_calls(start, upstream, header):
    sidecar = start("--allow-callers=spiffe://test/ns/shop/sa/*", "--trust-xfcc")
    expect_welcome(sidecar.client(), upstream, metadata=[("x-forwarded-client-cert", header)])
    assert sidecar.wait_log(event="call")[0]["caller"] == CART


@pytest.mark.parametrize("headers,shown", [
    ([], "anonymous"), ([f"{XFCC},URI=spiffe://test/ns/other/sa/x"], "spiffe://test/ns/other/sa/x"),
    ([f"{XFCC},Hash=00"], "anonymous"), ([f"By={CART}"], "anonymous"), ([f'Subject="URI={CART}"'], "anonymous"),
    ([f"{XFCC};"], "anonymous"), ([f'URI="{CART}'], "anonymous"), ([XFCC, XFCC], "anonymous"),
])
def test_a_malformed_header_of_a_proxy_gives_no_identity(start, headers, shown):
    sidecar = start("--allow-callers=spiffe://test/ns/shop/sa/*", "--trust-xfcc")
    expect_denied(sidecar.client(), shown, metadata=[("x-forwarded-client-cert", header) for header in headers])


def test_a_header_that_ends_with_a_space_is_malformed(start):
    """RFC 9113, section 8.2.1."""
    sidecar = start("--allow-callers=spiffe://test/ns/shop/sa/*", "--trust-xfcc")
    assert refusal(sidecar.client().start(metadata=[("x-forwarded-client-cert", f"{XFCC} ")]))[0] == "INTERNAL"


def test_a_header_of_another_peer_gives_no_identity(start, tmp_path):
    sidecar = start("--allow-callers=spiffe://test/ns/shop/sa/*")
    expect_denied(sidecar.client(), "anonymous", metadata=[("x-forwarded-client-cert", XFCC)])
    sidecar = start("--allow-callers=spiffe://test/ns/shop/sa/*", "--trust-xfcc", listen=f"unix:{tmp_path}/s")
    expect_denied(sidecar.client(), f"uid:{os.getuid()}", metadata=[("x-forwarded-client-cert", XFCC)])


def test_a_proxy_that_is_not_local_is_not_trusted(start):
    address = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()
    if not address:
        pytest.skip("this machine has only loopback addresses")
    sidecar = start("--allow-callers=spiffe://test/ns/shop/sa/*", "--trust-xfcc", "--allow-public-plaintext",
                    listen="0.0.0.0:0")
    client = Client(f"{address[0]}:{sidecar.address.rpartition(':')[2]}")
    expect_denied(client, "anonymous", metadata=[("x-forwarded-client-cert", XFCC)])
    client.close()


@pytest.mark.parametrize("pattern", [
    "*", "*.*", "spiffe://*/x", "spiffe://test", "spiffe://test/", "spiffe:///x", "uid:", "uid:*", "uid:root", "uid:-1",
    "gid:4294967295", "uid:007", "a b", "a..b,", "é.svc", "spiffe://test/a?b",
])
def test_a_malformed_pattern_ends_with_2(pattern):
    ended = run("serve", "--upstream=https://localhost:1", f"--allow-callers={pattern}")
    assert ended.returncode == 2
    assert "--allow-callers" in ended.stderr and "uid:" in ended.stderr
