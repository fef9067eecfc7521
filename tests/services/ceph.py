"""The smallest Ceph that carries an S3 gateway: one monitor, one store, everything in one folder.

The settings are measured: without `tcp_nodelay` many small calls cost 50 ms each, without `paxos_*` the
first boot takes 19 s in place of 5, `mon_data_avail_crit` keeps the monitor up on a fullish disk, and
without `rgw_gc_*` the bytes of deleted objects stay for two hours and fill the store. A gateway that was
killed is waited for by the next one for `osd_client_watch_timeout` seconds (30 by itself).
"""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.services.process import ServerProcess, find_program, free_port

_PACKAGES = "radosgw ceph-mon ceph-osd"

_CONFIG = """\
[global]
fsid={fsid}
mon_host=[v2:127.0.0.1:{mon_port}/0]
public_addr=127.0.0.1
cluster_addr=127.0.0.1
ms_bind_msgr1=false
keyring={folder}/keyring
auth_allow_insecure_global_id_reclaim=false
run_dir={folder}/run
admin_socket={folder}/run/$name.$pid.asok
pid_file={folder}/run/$name.pid
log_file={folder}/log/$name.log
osd_pool_default_size=1
osd_pool_default_min_size=1
osd_pool_default_pg_num=8
osd_pool_default_pg_autoscale_mode=off
osd_crush_chooseleaf_type=0
mon_allow_pool_size_one=true
mon_data_avail_crit=1
mon_data={folder}/mon
paxos_propose_interval=0.05
paxos_min_wait=0.01
osd_data={folder}/osd
osd_client_watch_timeout=10
bluestore_block_size=21474836480
bluestore_cache_autotune=false
bluestore_cache_size=134217728
rgw_gc_obj_min_wait=1
rgw_gc_processor_period=3
rgw_gc_processor_max_time=3
rgw_frontends=beast endpoint=127.0.0.1:{gateway_port} tcp_nodelay=1
"""

_KEYS: dict[str, tuple[str, ...]] = {
    "mon.": ("--cap", "mon", "allow *"),
    "client.admin": ("--cap", "mon", "allow *", "--cap", "osd", "allow *"),
    "client.rgw": ("--cap", "mon", "allow rw", "--cap", "osd", "allow rwx"),
    "osd.0": ("--cap", "mon", "allow profile osd", "--cap", "osd", "allow *"),
}


@dataclass
class Cluster:
    folder: Path
    _daemons: list[ServerProcess] = field(default_factory=list)

    @classmethod
    def create(cls, folder: Path, *, gateway_port: int) -> Cluster:
        """Format a cluster in the empty `folder` and start its monitor and its store."""
        for name in ("mon", "osd", "log", "run"):
            (folder / name).mkdir()
        fsid, mon_port = str(uuid.uuid4()), free_port()
        config = _CONFIG.format(folder=folder, fsid=fsid, mon_port=mon_port, gateway_port=gateway_port)
        (folder / "ceph.conf").write_text(config)
        cluster = cls(folder)
        cluster._format_monitor(fsid, mon_port)
        cluster._start("ceph-mon", "-f", "-i", "a").wait_for_port(mon_port)
        cluster._format_store()
        cluster._start("ceph-osd", "-f", "-i", "0")
        return cluster

    def add_user(self, access_key: str, secret_key: str) -> None:
        keys = (f"--access-key={access_key}", f"--secret-key={secret_key}")
        self._run("radosgw-admin", "-n", "client.rgw", "user", "create", "--uid=test",
                  "--display-name=test", *keys)  # fmt: skip

    def daemon(self, program: str, *arguments: str) -> ServerProcess:
        """A daemon of this cluster, not started yet. `-f` among the arguments keeps it in the foreground."""
        command = [find_program(program, package=_PACKAGES), *arguments]
        return ServerProcess(program, command, self.folder / "log" / f"{program}.out", self._environ())

    def close(self) -> None:
        for daemon in reversed(self._daemons):
            daemon.kill9()

    def _start(self, program: str, *arguments: str) -> ServerProcess:
        daemon = self.daemon(program, *arguments)
        daemon.start()
        self._daemons.append(daemon)
        return daemon

    def _format_monitor(self, fsid: str, mon_port: int) -> None:
        keyring, monmap = str(self.folder / "keyring"), str(self.folder / "monmap")
        for number, (name, caps) in enumerate(_KEYS.items()):
            create = () if number else ("-C",)
            self._run("ceph-authtool", keyring, "--gen-key", *create, "-n", name, *caps)
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{mon_port}/0]", monmap)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)

    def _format_store(self) -> None:
        identity = str(uuid.uuid4())
        self._run("ceph", "--connect-timeout", "30", "osd", "new", identity)
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", identity)

    def _run(self, program: str, *arguments: str) -> None:
        command = [find_program(program, package=_PACKAGES), *arguments]
        done = subprocess.run(
            command, env=self._environ(), check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(f"{_in_words(command)} failed:\n{done.stdout}")

    def _environ(self) -> dict[str, str]:
        return {**os.environ, "CEPH_CONF": str(self.folder / "ceph.conf")}


def _in_words(command: Iterable[str]) -> str:
    return " ".join(command)
