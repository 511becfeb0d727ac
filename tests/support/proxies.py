# SPDX-License-Identifier: MIT
"""
Reverse proxies between the sidecar and APIG, each configured as usual: TLS towards the sidecar, persistent connections to the backend,
and the default for everything that may repeat a request. Only the timeouts are short.
"""
import socket
import subprocess
import time

from support.envoy import TYPES, Envoy, address, cluster, envoy_command, listener
from support.sidecar import SECONDS, environment, free_port
from support.toolchain import tool

TIMEOUT_SECONDS = 1  # for a backend that sends nothing
MODULES = ("mpm_event", "authz_core", "ssl", "proxy", "proxy_http", "proxy_balancer", "slotmem_shm", "lbmethod_byrequests")


class Process:
    """A proxy in the foreground, with all of its files in `directory`. Each kind has its `command` and `configuration`."""
    backend_tls = False

    def __init__(self, directory, certificate, sites):
        self.directory, self.certificate, self.sites = directory, certificate, sites
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.file, self.log = directory / "configuration", directory / "log"
        self.file.write_text(self.configuration())
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment())
        self.wait_listening()

    def wait_listening(self):
        latest = time.monotonic() + SECONDS
        while True:
            assert self.process.poll() is None and time.monotonic() < latest, self.log.read_text()
            try:
                return socket.create_connection(("127.0.0.1", self.port)).close()
            except ConnectionRefusedError:
                time.sleep(0.02)

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(SECONDS)
        finally:
            self.process.kill()


class Nginx(Process):
    def command(self):
        return [tool("nginx", "/usr/sbin/nginx"), "-p", self.directory, "-c", self.file, "-e", "stderr"]

    def configuration(self):
        upstreams = "".join(f"upstream site_{site.number} {{ {self.servers(site)} keepalive 8; }}\n" for site in self.sites)
        locations = "".join(f"location {site.path} {{ proxy_pass http://site_{site.number}; }}\n" for site in self.sites)
        temporary = "".join(f"{name}_temp_path {self.directory}/{name};\n"
                            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""daemon off; master_process off; pid {self.directory}/pid;
            events {{ }}
            http {{
                access_log off; {temporary}{upstreams}
                server {{
                    listen 127.0.0.1:{self.port} ssl;
                    ssl_certificate {self.certificate.certificate}; ssl_certificate_key {self.certificate.key};
                    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_read_timeout {TIMEOUT_SECONDS}s;
                    keepalive_timeout {TIMEOUT_SECONDS}s;
                    {locations}
                }}
            }}"""

    def servers(self, site):
        return " ".join(f"server 127.0.0.1:{port};" for port in site.ports)


class HAProxy(Process):
    def command(self):
        return [tool("haproxy", "/usr/sbin/haproxy"), "-db", "-f", self.file]

    def configuration(self):
        both = self.directory / "certificate_and_key.pem"
        both.write_text(self.certificate.certificate.read_text() + self.certificate.key.read_text())
        rules = "".join(f"    use_backend site_{site.number} if {{ path_beg {site.path} }}\n" for site in self.sites)
        return f"""defaults
    mode http
    option redispatch
    timeout connect 200ms
    timeout client {SECONDS}s
    timeout server {TIMEOUT_SECONDS}s
frontend front
    bind 127.0.0.1:{self.port} ssl crt {both}
{rules}""" + "".join(f"backend site_{site.number}\n    balance roundrobin\n{self.servers(site)}" for site in self.sites)

    def servers(self, site):
        return "".join(f"    server server_{port} 127.0.0.1:{port}\n" for port in site.ports)


class Apache(Process):
    def command(self):
        return [tool("apache2", "/usr/sbin/apache2"), "-DFOREGROUND", "-d", self.directory, "-f", self.file]

    def configuration(self):
        modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in MODULES)
        return f"""{modules}
            ServerName localhost
            Listen 127.0.0.1:{self.port}
            DefaultRuntimeDir {self.directory}
            PidFile {self.directory}/pid
            ErrorLog /dev/stderr
            User #65534
            Group #65534
            StartServers 1
            ServerLimit 1
            ThreadsPerChild 25
            MaxRequestWorkers 25
            SSLEngine on
            SSLCertificateFile {self.certificate.certificate}
            SSLCertificateKeyFile {self.certificate.key}
            ProxyTimeout {TIMEOUT_SECONDS}
            {"".join(self.site(site) for site in self.sites)}"""

    def site(self, site):
        members = "\n".join(f"BalancerMember http://127.0.0.1:{port}" for port in site.ports)
        name = f"balancer://site_{site.number}"
        return f"<Proxy {name}>\n{members}\n</Proxy>\nProxyPass {site.path} {name}{site.path}\n"


class PlainEnvoy:
    """Envoy without a retry policy."""
    backend_tls = False

    def __init__(self, directory, certificate, sites):
        self.certificate, self.command = certificate, envoy_command()
        self.envoys = []
        self.port = self.start(directory / "gateway", self.gateway(sites))
        self.url = f"https://localhost:{self.port}"

    def start(self, directory, resources):
        self.envoys.append(Envoy(self.command, directory, resources))
        return self.envoys[-1].port

    def gateway(self, sites):
        routes = [{"match": {"prefix": site.path}, "route": {
            "cluster": f"site_{site.number}", "timeout": f"{TIMEOUT_SECONDS}s"}} for site in sites]
        own = {"tls_certificates": [{"certificate_chain": {"filename": str(self.certificate.certificate)},
                                     "private_key": {"filename": str(self.certificate.key)}}]}
        return {
            "listeners": [listener(
                "front", {}, transport("Downstream", common_tls_context=own), codec_type="HTTP1",
                route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]})],
            "clusters": [self.backend(site) for site in sites]}

    def backend(self, site, **more):
        return cluster(f"site_{site.number}", [{"address": address(port)} for port in site.ports],
                       typed_extension_protocol_options={}, **more)

    def close(self):
        for each in self.envoys:
            each.close()


class EgressEnvoys(PlainEnvoy):
    """As deploy/overlays/istio-egress sets them up: the pod's Envoy passes the sidecar's TLS on by its server name, and the
    egress gateway's ends it and makes one of its own to APIG."""
    backend_tls = True

    def __init__(self, directory, certificate, sites):
        super().__init__(directory, certificate, sites)
        self.port = self.start(directory / "pod", pod(self.port))
        self.url = f"https://localhost:{self.port}"

    def backend(self, site):
        verified = {"validation_context": {"trusted_ca": {"filename": str(self.certificate.certificate)}}}
        return super().backend(site, transport_socket=transport("Upstream", sni="localhost", common_tls_context=verified))


def pod(port):
    """The Envoy beside the sidecar, whose gateway listens on that port."""
    inspector = {"name": "inspector", "typed_config": {"@type": TYPES + "filters.listener.tls_inspector.v3.TlsInspector"}}
    proxy = {"name": "proxy", "typed_config": {
        "@type": TYPES + "filters.network.tcp_proxy.v3.TcpProxy", "stat_prefix": "pod", "cluster": "gateway"}}
    return {
        "listeners": [{"name": "pod", "address": address(0), "listener_filters": [inspector], "filter_chains": [
            {"filter_chain_match": {"server_names": ["localhost"]}, "filters": [proxy]}]}],
        "clusters": [cluster("gateway", [{"address": address(port)}], typed_extension_protocol_options={})]}


def transport(side, **context):
    return {"name": "tls", "typed_config": {"@type": f"{TYPES}transport_sockets.tls.v3.{side}TlsContext", **context}}


PROXIES = {"nginx": Nginx, "haproxy": HAProxy, "apache": Apache, "envoy": PlainEnvoy, "istio-egress": EgressEnvoys}
