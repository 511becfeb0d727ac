# SPDX-License-Identifier: MIT
"""The client programs of tests/e2e/clients: the command of each, by its name; built below build/clients."""
import shutil
import subprocess

from support import toolchain
from support.sidecar import environment
from support.toolchain import ROOT, newer, one_at_a_time, python_with, run, tool

CLIENTS = ROOT / "tests/e2e/clients"
BUILT = ROOT / "build/clients"


def python(program):
    """A current grpcio, of PyPI."""
    return [python_with(CLIENTS / "python/retrying_requirements.txt", BUILT / "retrying"), CLIENTS / f"python/{program}.py"]


def debian_python(program):
    """Debian's grpcio, with grpcio-status from PyPI."""
    return [python_with(CLIENTS / "python/requirements.txt", BUILT / "python"), CLIENTS / f"python/{program}.py"]


@one_at_a_time
def go(program):
    folder = "." if program == "details" else f"./{program}"
    run(toolchain.go(), "build", "-o", BUILT / "go" / program, folder, cwd=CLIENTS / "go")
    return [BUILT / "go" / program]


@one_at_a_time
def js(program):
    node, npm, built = tool("node"), tool("npm"), BUILT / "js"
    package = (CLIENTS / "js/package.json").read_text()
    built.mkdir(parents=True, exist_ok=True)
    shutil.copy(CLIENTS / f"js/{program}.js", built)
    stamp = built / "package.json"
    if not stamp.exists() or stamp.read_text() != package or not (built / "node_modules").exists():
        stamp.write_text(package)
        run(npm, "install", "--silent", "--no-audit", "--no-fund", cwd=built, env=environment())
    return [node, built / f"{program}.js"]


@one_at_a_time
def java(name):
    """`name` is that of the class."""
    maven, found = tool("mvn"), tool("java")
    newer("Java", subprocess.run([found, "-version"], capture_output=True, text=True).stderr, (17, 0))
    built, paths = BUILT / "java", BUILT / "java/classpath"
    run(maven, "-q", "-B", "-f", CLIENTS / "java/pom.xml", f"-Dbuilt={built}", "compile", "dependency:build-classpath",
        f"-Dmdep.outputFile={paths}")
    return [found, "-cp", f"{built / 'classes'}:{paths.read_text()}", name]


@one_at_a_time
def rust():
    cargo, built = tool("cargo"), BUILT / "rust"
    newer("Rust", run(cargo, "--version"), (1, 88))
    run(cargo, "build", "--quiet", "--locked", "--manifest-path", CLIENTS / "rust/Cargo.toml", "--target-dir", built, env=environment())
    return [built / "debug/echo"]
