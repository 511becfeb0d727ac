# SPDX-License-Identifier: MIT
"""The API's messages, made at run time from the .proto files: nothing generated is kept in the tree."""
import functools
import pathlib
import subprocess

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDES = [ROOT / "proto", "/usr/share/grpc-proto", "/usr/include"]
FAMILY = sorted(str(path.relative_to(ROOT / "proto")) for path in ROOT.glob("proto/huaweicloud/**/*.proto"))
FILES = [
    *FAMILY, "grpc/health/v1/health.proto",
    "grpc/reflection/v1/reflection.proto", "grpc/reflection/v1alpha/reflection.proto",
    "google/rpc/status.proto", "google/rpc/error_details.proto",
]
SERVICE = "huaweicloud.apig.v2.ApiGroupService"
CREATE = f"/{SERVICE}/CreateApiGroup"


def compile_set(files, includes=()):
    """A serialized FileDescriptorSet of the files and all that they import."""
    flags = [f"-I{path}" for path in (*includes, *INCLUDES)]
    return subprocess.run(["protoc", *flags, "--include_imports", "--descriptor_set_out=/dev/stdout", *files],
                          check=True, stdout=subprocess.PIPE).stdout


@functools.lru_cache(None)
def pool():
    made = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(compile_set(FILES)).file:
        made.Add(file)
    return made


def message_class(descriptors, descriptor):
    """The class of a message of a descriptor pool, with protobuf 3.21 as with current versions."""
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(descriptors).GetPrototype(descriptor)


@functools.lru_cache(None)
def message(name):
    """The class of the message of that full name, e.g. "huaweicloud.apig.v2.ApiGroup"."""
    return message_class(pool(), pool().FindMessageTypeByName(name))


@functools.lru_cache(None)
def services():
    """The descriptors of the family's services."""
    return [service for file in FAMILY for service in pool().FindFileByName(file).services_by_name.values()]


@functools.lru_cache(None)
def method(name):
    """The descriptor of the family's method of that name."""
    return next(service.methods_by_name[name] for service in services() if name in service.methods_by_name)


def to_dict(reply):
    """As the wire has it: proto names, present fields only, enums as numbers."""
    return json_format.MessageToDict(reply, preserving_proto_field_name=True, use_integers_for_enums=True)


def from_dict(name, values):
    return json_format.ParseDict(values, message(name)())
