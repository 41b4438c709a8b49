# SPDX-License-Identifier: MIT
"""The libraries as "make install-lib" installs them: for who has nothing of the tree but that."""

import os
import re
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
USER = Path(__file__).parent / "library_user.c"
DOC = (REPO / "docs" / "library.md").read_text(encoding="utf-8")
PREFIX = "/opt/it"
TARGET = "arm-none-eabi"
HEADERS = ("lib/clock.h", "lib/errors.h", "lib/flash.h", "lib/log.h", "lib/symbols.h", "lib/types.h",
           "mm/memblock.h", "mm/memblock_dump.h", "store/probe.h", "store/snapshot.h",
           "store/store.h")
VARIABLES = {"memblock", "memblock_tracer", "memblock_complain", "store_native", "store_classic"}
# What the compiler itself asks for, and the libraries' own.
COMPILERS = re.compile(r"__aeabi_\w+|__popcount[sd]i2|memblock(_tracer|_complain)?$")
MACHINES = pytest.mark.parametrize("machine", ["", TARGET], ids=["host", "target"])


def run(*args, **kwargs):
    return subprocess.run([*map(str, args)], check=True, text=True, capture_output=True, timeout=300,
                          **kwargs).stdout


class Installed:
    """The libraries of one machine below a root, and the tools for it."""

    def __init__(self, root, machine):
        self.root, self.prefix = root, root / PREFIX[1:] / machine
        self.tools = f"{machine}-" if machine else ""
        self.machine = machine

    def config(self, *args):
        """What pkg-config answers, as words."""
        env = dict(os.environ, PKG_CONFIG_LIBDIR=self.prefix / "lib" / "pkgconfig",
                   PKG_CONFIG_SYSROOT_DIR=self.root)
        return run("pkg-config", *args, env=env).split()

    def gcc(self, *args, **kwargs):
        """Compiles for this machine, with what pkg-config says and no folder of the tree."""
        return run(f"{self.tools}gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror",
                   *self.config("--variable=machine", "cairn-store"),
                   *self.config("--cflags", "cairn-store", "cairn-memblock"), *args, **kwargs)

    def names(self, option):
        """Global symbols of both archives: {name: letters of nm}."""
        found = {}
        for archive in ("libcairn-store.a", "libmemblock.a"):
            for line in run(f"{self.tools}nm", "-g", option, self.prefix / "lib" / archive).splitlines():
                if match := re.match(r"[0-9a-f ]* ([A-Za-z]) (\S+)$", line):
                    found[match[2]] = found.get(match[2], "") + match[1]
        return found


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A root that both libraries are installed below, for both machines."""
    path = tmp_path_factory.mktemp("root")
    run("make", "-s", "-C", REPO, "install-lib", f"DESTDIR={path}", f"PREFIX={PREFIX}")
    return path


@MACHINES
def test_what_is_installed(root, machine):
    """Headers, archives, pkg-config files: these and no others."""
    prefix = root / PREFIX[1:] / machine
    found = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()}
    expected = {f"include/cairn/{header}" for header in HEADERS}
    expected |= {"lib/libcairn-store.a", "lib/libmemblock.a"}
    expected |= {"lib/pkgconfig/cairn-store.pc", "lib/pkgconfig/cairn-memblock.pc"}
    if not machine:
        expected |= {f"{TARGET}/{file}" for file in expected}
    assert found == expected


@MACHINES
def test_pkg_config(root, machine):
    """The files are valid, and name the version and the places below the prefix."""
    installed = Installed(root, machine)
    version = run(REPO / "tools" / "version.sh", cwd=REPO).strip()
    for package, library in (("cairn-store", "cairn-store"), ("cairn-memblock", "memblock")):
        assert installed.config("--validate", package) == []
        assert installed.config("--modversion", package) == [version]
        assert installed.config("--libs", package) == [f"-L{installed.prefix}/lib", f"-l{library}"]
        assert f"-I{installed.prefix}/include/cairn" in installed.config("--cflags", package)


@MACHINES
@pytest.mark.parametrize("header", HEADERS)
def test_headers_stand_alone(root, machine, header, tmp_path):
    """Each can be the only one that a file includes."""
    (tmp_path / "only.c").write_text(f'#include "{header}"\nextern int something;\n')
    Installed(root, machine).gcc("-fsyntax-only", tmp_path / "only.c")


@MACHINES
def test_what_is_seen(root, machine, tmp_path):
    """What the headers declare is there, and nothing else: the insides have no names outside."""
    installed = Installed(root, machine)
    (tmp_path / "all.c").write_text("".join(f'#include "{header}"\n' for header in HEADERS))
    installed.gcc("-fsyntax-only", "-aux-info", tmp_path / "declared", tmp_path / "all.c")
    ours = re.compile(r"/\* \S*/cairn/\S+:\d+:N[A-Z] \*/ extern .*?(\w+) \(")
    declared = {match[1] for match in map(ours.match, (tmp_path / "declared").read_text().splitlines())
                if match}
    assert {"store_open", "memblock_add", "log_printf"} <= declared
    assert set(installed.names("--defined-only")) == declared | VARIABLES


@MACHINES
def test_what_is_needed(root, machine):
    """The libraries ask for what docs/library.md lists, and for nothing of a board."""
    needed = {name for name in Installed(root, machine).names("--undefined-only") if not COMPILERS.match(name)}
    row = re.search(rf"^\| {'target' if machine else 'host'} \|(.*)\|$", DOC, re.M)[1]
    assert needed == set(re.findall(r"`(\w+)`", row))


def test_a_program(root, tmp_path):
    """Both at work, with names that could be mistaken for theirs."""
    installed = Installed(root, "")
    installed.gcc(USER, "-o", tmp_path / "user", *installed.config("--libs", "cairn-store", "cairn-memblock"))
    lines = run(tmp_path / "user").splitlines()
    assert re.match(r"\[ +0\.000000\] memblock_add: \[0x[0-9a-f]{16}-0x[0-9a-f]{16}\] 0x[0-9a-f]+$", lines[0])
    assert re.match(r"\[ +0\.000000\] memblock_alloc_try_nid: 65536 bytes align=0x1000 nid=-1 ", lines[1])
    assert "MEMBLOCK configuration:" in lines[3]
    assert lines[-4:] == ["opened 1 times", "opened 2 times", "opened 3 times", "then: there is no such device"]


def test_prefix_must_be_a_place(tmp_path):
    """A sentence, and nothing installed."""
    done = subprocess.run(["make", "-s", "-C", REPO, "install-lib", f"DESTDIR={tmp_path}/", "PREFIX=usr"], check=False,
                          text=True, capture_output=True, timeout=300)
    assert done.returncode != 0
    assert 'install-lib: PREFIX is "usr": an absolute path was expected; nothing was installed' in done.stderr
    assert list(tmp_path.iterdir()) == []
