# SPDX-License-Identifier: MIT
"""Is the .proto file the only list of RPCs: are other services served as their annotations say, without a line of C?"""
import re

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format

from support import api
from support.client import refusal
from support.secret import TOKEN, repeated
from support.sidecar import run
from support.upstream import response, http

HEAD = """syntax = "proto3";
package test.v1;
import "buf/validate/validate.proto";
import "google/api/annotations.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/timestamp.proto";
"""
THINGS = HEAD + """
service Things {
  rpc Show(ShowRequest) returns (Thing) { option (google.api.http) = { get: "/v1/{name=shelves/*/things/*}" }; }
  rpc List(ListRequest) returns (Page) { option (google.api.http) = { get: "/v1/things" }; }
  rpc Update(UpdateRequest) returns (Thing) { option (google.api.http) = { put: "/v1/things/{id}" body: "thing" }; }
  rpc Delete(DeleteRequest) returns (Nothing) { option (google.api.http) = { delete: "/v1/things/{id}" }; }
  rpc Start(StartRequest) returns (Thing) { option (google.api.http) = { post: "/v1/{path=**}:start" body: "*" }; }
  rpc Create(Server) returns (Server) { option (google.api.http) = { post: "/v1/servers" body: "*" }; }
  rpc Find(Server) returns (Server) { option (google.api.http) = { get: "/v1/servers" }; }
  rpc UpdateBook(BookRequest) returns (Book) { option (google.api.http) = { patch: "/v1/{book.name=shelves/*}" body: "book" }; }
  rpc ReplaceBook(BookRequest) returns (Book) { option (google.api.http) = { put: "/v1/{book.name=shelves/*}" body: "*" }; }
  rpc Move(UpdateRequest) returns (Thing) { option (google.api.http) = { post: "/v1/{id=new/*}" body: "thing"
    additional_bindings { put: "/v1/old/{id}" body: "*" } additional_bindings { delete: "/v1/any" body: "thing" } }; }
  rpc Names(ListRequest) returns (Page) { option (google.api.http) = { get: "/v1/names" response_body: "things" }; }
}
message Thing { string id = 1; int64 size = 2; optional bool live = 3; map<string, double> weights = 4; bytes raw = 5; }
message ShowRequest { string name = 1; }
message Filter { string owner = 1; int32 least = 2; }
message ListRequest { int64 limit = 1; repeated string tags = 2; Filter filter = 3; optional bool all = 4; }
message Page { repeated Thing things = 1; uint64 total = 2; map<string, Named> named = 3; }
message Named { string id = 1 [(buf.validate.field).required = true]; int64 size = 2; }
message UpdateRequest { string id = 1; Thing thing = 2 [(buf.validate.field).required = true]; bool force = 3; }
message DeleteRequest { string id = 1; }
message Book { string name = 1; string title = 2; Filter filter = 3; }
message BookRequest { Book book = 1; google.protobuf.FieldMask update_mask = 2; google.protobuf.Timestamp at = 3;
  google.protobuf.Duration wait = 4; }
message Server { string flavor_ref = 1 [json_name = "flavor-ref"]; int32 max_count = 2; string owner_id = 3; }
message StartRequest { string path = 1; int32 count = 2 [(buf.validate.field).int32 = {gte: 1, lte: 5}]; }
message Nothing {}
"""


def compiled(tmp_path, text):
    (tmp_path / "things.proto").write_text(text)
    path = tmp_path / "things.binpb"
    path.write_bytes(api.compile_set(["things.proto"], [tmp_path]))
    return path


@pytest.fixture
def serve(start, tmp_path):
    """Serves the service test.v1.Things of a .proto text; returns a function that calls a method of it, see `things`."""
    return lambda text: caller(start, compiled(tmp_path, text))


@pytest.fixture
def things(serve):
    """Calls a method of the set: things(method, request) is the call, with the reply's dict in result()."""
    return serve(THINGS)


def caller(start, path):
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes()).file:
        pool.Add(file)
    methods = pool.FindServiceByName("test.v1.Things").methods_by_name
    client = start(f"--descriptor-set={path}").client()

    def call(method, **request):
        types = methods[method]
        asked = json_format.ParseDict(request, api.message_class(pool, types.input_type)())
        return client.channel.unary_unary(
            f"/test.v1.Things/{method}", response_deserializer=lambda reply: json_format.MessageToDict(
                api.message_class(pool, types.output_type).FromString(reply), preserving_proto_field_name=True),
        ).future(asked.SerializeToString(), timeout=30)
    return call


# method, request, the HTTP request
REQUESTS = [
    ("Show", {"name": "shelves/a b/things/組"}, "GET", "/v1/shelves/a%20b/things/%E7%B5%84", None),
    ("List", {}, "GET", "/v1/things", None),
    ("List", {"limit": "9007199254740993", "tags": ["a&b", "c=d"], "filter": {"owner": "o/p", "least": -1}, "all": False}, "GET",
     "/v1/things?limit=9007199254740993&tags=a%26b&tags=c%3Dd&filter.owner=o%2Fp&filter.least=-1&all=false", None),
    ("Update", {"id": "1", "thing": {"size": "9007199254740993", "live": False, "weights": {"k": 0.1}, "raw": "/+8="}, "force": True},
     "PUT", "/v1/things/1?force=true", {"size": 9007199254740993, "live": False, "weights": {"k": 0.1}, "raw": "/+8="}),
    ("Delete", {"id": "a/b"}, "DELETE", "/v1/things/a%2Fb", None),
    ("Start", {"path": "a/b/c", "count": 3}, "POST", "/v1/a/b/c:start", {"count": 3}),
    ("Create", {"flavor_ref": "s2", "max_count": 1}, "POST", "/v1/servers", {"flavor-ref": "s2", "max_count": 1}),
    ("UpdateBook", {"book": {"name": "shelves/1", "title": "t"}, "update_mask": "book.title,filter", "at": "2026-01-02T03:04:05.5Z",
                    "wait": "1.5s"},
     "PATCH", "/v1/shelves/1?update_mask=book.title%2Cfilter&at=2026-01-02T03%3A04%3A05.500Z&wait=1.500s",
     {"name": "shelves/1", "title": "t"}),
    ("ReplaceBook", {"book": {"name": "shelves/1", "filter": {"least": 1}}}, "PUT", "/v1/shelves/1",
     {"book": {"name": "shelves/1", "filter": {"least": 1}}}),
    ("Find", {"flavor_ref": "s2", "max_count": 1}, "GET", "/v1/servers?flavor-ref=s2&max_count=1", None),
    ("Move", {"id": "new/1", "thing": {"id": "a"}}, "POST", "/v1/new/1", {"id": "a"}),
    ("Move", {"id": "1", "thing": {"id": "b"}}, "PUT", "/v1/old/1", {"thing": {"id": "b"}}),
    ("Move", {"thing": {"id": "c"}, "force": True}, "DELETE", "/v1/any?force=true", {"id": "c"}),
]


@pytest.mark.parametrize("method,request_,verb,target,body", REQUESTS, ids=[row[0] + row[2] for row in REQUESTS])
def test_a_request_is_what_the_annotation_says(things, upstream, method, request_, verb, target, body):
    upstream.script(response(http(204, b"") if method == "Delete" else http(200, {})))
    things(method, **request_).result()
    [request] = upstream.requests
    assert (request.method, request.target) == (verb, target)
    assert (request.json() if request.body else None) == body
    assert ("content-length" in request.fields) == (body is not None)


def test_a_response_is_read_as_its_type_says(things, upstream):
    upstream.script(response(http(200, b'{"things":[{"id":"1","size":-9007199254740993,"weights":{"a":1e300}},{"raw":"_-8"}],'
                                     b'"total":18446744073709551615}')))
    assert things("List").result() == {
        "things": [{"id": "1", "size": "-9007199254740993", "weights": {"a": 1e300}}, {"raw": "/+8="}],
        "total": "18446744073709551615"}


@pytest.mark.parametrize("names", [("flavor-ref", "max_count", "owner_id"), ("flavor_ref", "maxCount", "owner_id"),
                                   ("flavorRef", "max_count", "ownerId")], ids=str)
def test_a_response_is_read_by_each_name_of_a_field(things, upstream, names):
    upstream.script(response(http(200, dict(zip(names, ("s2", 1, "o"))))))
    assert things("Create").result() == {"flavor_ref": "s2", "max_count": 1, "owner_id": "o"}


STYLED = HEAD + """
import "apig_sidecar/json.proto";
option (apig_sidecar.json) = { json_names: true enum_names: true int64_strings: true };
service Things {
  rpc Create(Thing) returns (Thing) { option (google.api.http) = { post: "/v1/things" body: "*" }; }
  rpc List(Key) returns (Thing) { option (google.api.http) = { get: "/v1/things" }; }
}
enum Kind { KIND_UNSPECIFIED = 0; KIND_LARGE = 1; }
message Key { int64 free_bytes = 1; Kind its_kind = 2; string owner_id = 3 [json_name = "owner_id"]; }
message Thing { int64 free_bytes = 1; Kind its_kind = 2; string owner_id = 3 [json_name = "owner_id"]; repeated Thing inner_things = 4; }
"""
STYLED_THING = {"free_bytes": "9007199254740993", "its_kind": "KIND_LARGE", "owner_id": "o"}


def test_a_file_chooses_the_style_of_its_json(serve, upstream):
    things = serve(STYLED)
    body = {"freeBytes": "9007199254740993", "itsKind": "KIND_LARGE", "owner_id": "o"}
    upstream.script(response(http(200, {**body, "innerThings": [body]})), response(http(200, {})))
    assert things("Create", **STYLED_THING, inner_things=[STYLED_THING]).result() == {
        **STYLED_THING, "inner_things": [STYLED_THING]}
    things("List", **STYLED_THING).result()
    assert upstream.requests[0].json() == {**body, "innerThings": [body]}
    assert upstream.requests[1].target == "/v1/things?freeBytes=9007199254740993&itsKind=KIND_LARGE&owner_id=o"


def test_check_lists_bindings_and_styles(tmp_path):
    ended = run("check", f"--descriptor-set={compiled(tmp_path, THINGS)}")
    assert '/test.v1.Things/Move: POST /v1/{id=new/*}, body: thing, ' in ended.stdout
    assert "    or PUT /v1/old/{id}, body: *\n    or DELETE /v1/any, body: thing\n" in ended.stdout
    assert "JSON: " not in ended.stdout
    ended = run("check", f"--descriptor-set={compiled(tmp_path, STYLED)}")
    assert "    JSON: json_names, enum_names, int64_strings\n" in ended.stdout


def test_the_style_without_an_option_is_that_of_apig(serve, upstream):
    upstream.script(response(http(200, {})))
    serve(re.sub(r"option \(apig.*", "", STYLED))("Create", **STYLED_THING).result()
    assert upstream.requests[0].json() == {"free_bytes": 9007199254740993, "its_kind": 1, "owner_id": "o"}


def test_the_token_as_a_key_of_a_map_is_in_no_status_and_no_log(things, upstream):
    upstream.script(*[response(http(200, {"named": {TOKEN[1:]: named}})) for named in ({"id": "1", "size": "?"}, {})])
    assert things("List").result(), "a member that cannot be read is logged"  # in no line with the token, as every test expects
    code, message = refusal(things("List"))
    assert code == "UNKNOWN" and "named" in message and not repeated(TOKEN, message)


def test_a_response_body_is_one_field_of_the_reply(things, upstream):
    upstream.script(response(http(200, [{"id": "1"}, {"id": "2"}])))
    assert things("Names").result() == {"things": [{"id": "1"}, {"id": "2"}]}


@pytest.mark.parametrize("method,request_,named", [
    ("Show", {"name": "things/1"}, "name"), ("Start", {"path": "a/../b", "count": 1}, "path"),
    ("Start", {"path": "a", "count": 6}, "count"), ("Update", {"id": "1"}, "thing"), ("UpdateBook", {"book": {"title": "t"}}, "book.name"),
    ("UpdateBook", {"book": {"name": "t"}}, "book.name"), ("Delete", {}, "id"),
], ids=str)
def test_a_request_that_the_annotations_forbid_is_refused_and_named(things, method, request_, named):
    code, message = refusal(things(method, **request_))
    assert code == "INVALID_ARGUMENT"
    assert named in message


def service(rpc, message="message Q { string id = 1; repeated string many = 2; A a = 3; } message A {}"):
    return f"{HEAD}service S {{ {rpc} }} {message}"


def rule(text, kind="rpc M(Q) returns (A)"):
    return f"{kind} {{ option (google.api.http) = {{ {text} }}; }}"


REFUSED = {
    "a variable without a field": (service(rule('get: "/v1/{missing}"')), "missing"),
    "a variable that is repeated": (service(rule('get: "/v1/{many}"')), "many"),
    "a variable that is a message": (service(rule('get: "/v1/{a}"')), "{a}"),
    "a template that does not parse": (service(rule('get: "/v1/{id"')), "test.v1.S.M"),
    "a body without a field": (service(rule('post: "/v1/x" body: "missing"')), "missing"),
    "a stream of requests": (service(rule('get: "/v1/x"', "rpc M(stream Q) returns (A)")), "test.v1.S.M"),
    "a stream of answers": (service(rule('get: "/v1/x"', "rpc M(Q) returns (stream A)")), "test.v1.S.M"),
    "a rule in CEL": (service(rule('get: "/v1/x"'), """message Q { string id = 1 [(buf.validate.field).cel = {id: "x"}]; }
        message A {}"""), "id"),
    "a pattern that does not compile": (service(rule('get: "/v1/x"'), """message Q { string id = 1
        [(buf.validate.field).string.pattern = "("]; } message A {}"""), "id"),
    "a rule for another type": (service(rule('get: "/v1/x"'), """message Q { string id = 1
        [(buf.validate.field).int32.gt = 1]; } message A {}"""), "id"),
    "nothing to serve": (service("rpc M(Q) returns (A);"), ""),
}


@pytest.mark.parametrize("text,named", REFUSED.values(), ids=REFUSED)
def test_a_set_of_which_nothing_can_be_served_ends_the_start_and_says_why(upstream, token, tmp_path, text, named):
    path = compiled(tmp_path, text)
    ended = run("serve", "--listen=127.0.0.1:0", "--monitor=127.0.0.1:0", "--admin=127.0.0.1:0", f"--upstream={upstream.url}",
                f"--token-file={token.path}", f"--descriptor-set={path}")
    assert ended.returncode == 1
    assert named in ended.stderr and ("things.proto" in ended.stderr or "test.v1" in ended.stderr or not named)


def test_mounted_services_come_beside_the_embedded_ones(start, upstream, tmp_path):
    client = start(f"--descriptor-set={compiled(tmp_path, THINGS)}").client()
    upstream.script(response())
    assert client.create()["id"]
    assert client.unary("/test.v1.Things/Delete", b"").code().name == "INVALID_ARGUMENT"
