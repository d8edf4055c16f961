"""Ceph's object gateway from Debian: a second real S3 server that checks version 4 signatures, besides Swift.

It owns the three processes that it takes, a monitor, one storage daemon that keeps everything in memory, and radosgw, and
their configuration and users in the scratch folder of the test file. It needs neither root nor anything below /etc/ceph,
/var/lib/ceph or /run/ceph, and writes nothing there. docs/stores.md tells what it checks.
"""

import subprocess
import uuid

import harness
from objectstores import S3Store, free_port, program
from realservers import Process

COMMAND_SECONDS = 60
GATEWAY = "client.rgw"

# One copy of everything, in pools of one placement group each. Nobody is asked who he is between the processes, and no
# admin sockets are made: their paths would be too long in some folders. The monitor decides at once instead of waiting for
# more to decide on; the gateway looks again soon when the storage daemon is not up yet, and leaves out its housekeeping.
CONFIGURATION = """
[global]
fsid = {fsid}
monmap = {folder}/monmap
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr2 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
admin_socket =
run_dir = {folder}
crash_dir = {folder}
log_file =
log_to_stderr = false
err_to_stderr = true
mon_cluster_log_to_file = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
[mon]
mon_data = {folder}/mon
mon_allow_pool_size_one = true
mon_data_avail_crit = 0
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
[osd]
osd_data = {folder}/osd
osd_objectstore = memstore
osd_class_load_list = *
osd_class_default_list = *
[client]
objecter_tick_interval = 0.2
rgw_frontends = beast endpoint=127.0.0.1:{port}
rgw_dns_name = localhost
rgw_thread_pool_size = 16
rgw_enable_lc_threads = false
rgw_enable_gc_threads = false
rgw_enable_quota_threads = false
rgw_run_sync_thread = false
"""


class Daemon(Process):
    """One of Ceph's processes. It is killed, also by the kernel: told to end, it would first wait for those that ended before it."""

    def __init__(self, name, argv, port, folder):
        super().__init__(name, ["setpriv", "--pdeathsig", "KILL", *argv], port, folder)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Ceph(S3Store):
    """Ceph 16 with its S3 interface: signatures 2 and 4, multipart with parts of at least 5 MiB, versions, tags.

    `stranger` is a pair of keys that are right and may do nothing with the buckets of others."""

    access_key, secret_key = "tester", "testing"
    stranger = {"access_key": "stranger", "secret_key": "stranger"}
    versioned = True

    def start(self):
        monitor = free_port()
        (self.folder / "osd").mkdir()
        fsid = uuid.uuid4()
        self.conf = self.folder / "ceph.conf"
        self.conf.write_text(CONFIGURATION.format(folder=self.folder, fsid=fsid, port=self.port), encoding="ascii")
        self.command("monmaptool", "--create", "--fsid", str(fsid), "--addv", "a", f"[v1:127.0.0.1:{monitor}]", self.folder / "monmap")
        self.command("ceph-mon", *self.words("mon.a"), "--mkfs")
        self.command("ceph-osd", *self.words("osd.0"), "--mkfs", "--osd-uuid", str(uuid.uuid4()))
        # The storage daemon chooses its ports itself; when the monitor answers is all that can be waited for.
        self.processes = [Daemon(name, [program(name), *self.words(who), "-f"], port, self.folder)
                          for name, who, port in (("ceph-mon", "mon.a", monitor), ("ceph-osd", "osd.0", monitor), ("radosgw", GATEWAY, self.port))]

    def words(self, who):
        """What each of the programs is told. Without the last word it would ask the monitor for more configuration first, and
        afterwards believe that its cluster has no id until it hears of it again: a storage daemon that speaks up in
        between is refused for a wrong one, and ends."""
        return ["-c", self.conf, "-n", who, "--no-mon-config"]

    def answers(self):
        return super().answers() and all(self.user(**keys) for keys in (
            {"access_key": self.access_key, "secret_key": self.secret_key}, self.stranger))

    def user(self, access_key, secret_key):
        """A new user of the gateway, named as its key."""
        self.command("radosgw-admin", *self.words(GATEWAY), "user", "create", f"--uid={access_key}", f"--display-name={access_key}",
                     f"--access-key={access_key}", f"--secret-key={secret_key}")
        return True

    def command(self, name, *words):
        done = subprocess.run([program(name), *words], cwd=self.folder, env=harness.environment(), timeout=COMMAND_SECONDS,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
