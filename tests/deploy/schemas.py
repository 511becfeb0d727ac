# SPDX-License-Identifier: MIT
"""JSON schemas of custom resources, made from the definitions that their projects publish as Go modules."""
import json

import yaml

from support.toolchain import go_module

MODULES = {
    "istio.io/api@v1.27.0": "kubernetes/customresourcedefinitions.gen.yaml",
    "sigs.k8s.io/gateway-api@v1.4.0": "config/crd/standard/*.yaml",
    "github.com/cert-manager/cert-manager@v1.18.2": "deploy/crds/*.yaml",
    "github.com/prometheus-operator/prometheus-operator@v0.83.0":
        "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
    "github.com/external-secrets/external-secrets@v0.16.2": "config/crds/bases/external-secrets.io_*.yaml",
}


def strict(schema):
    """Returns the schema with unknown fields refused; a cluster only warns about them and drops them."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    if made.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
    if isinstance(made.get("properties"), dict) and made.get("type") == "object" \
            and not made.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    return made


def write(directory):
    """Writes a file for each kind and version under the name that kubeconform looks up; returns the location for kubeconform."""
    for module, pattern in MODULES.items():
        for path in go_module(module).glob(pattern):
            for definition in yaml.safe_load_all(path.read_text()):
                if definition and definition["kind"] == "CustomResourceDefinition":
                    write_versions(directory, definition["spec"])
    return f"{directory}/{{{{.Group}}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json"


def write_versions(directory, spec):
    folder = directory / spec["group"]
    folder.mkdir(parents=True, exist_ok=True)
    for version in spec["versions"]:
        schema = strict(version["schema"]["openAPIV3Schema"])
        schema["properties"] = {**schema["properties"], "apiVersion": {"type": "string"}, "kind": {"type": "string"},
                                "metadata": {"type": "object"}}
        (folder / f"{spec['names']['kind'].lower()}_{version['name']}.json").write_text(json.dumps(schema))
