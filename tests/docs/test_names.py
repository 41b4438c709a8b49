# SPDX-License-Identifier: MIT
"""What a page names is there: files, targets, variables, options, functions, parameters."""

import re
import subprocess

import pytest

from pages import NAMES, REPO, split

SOURCES = ("boot", "drivers", "dts", "lib", "linker", "mm", "shell", "store", "tests", "tools")
SUFFIXES = (".c", ".h", ".S", ".py", ".sh", ".awk", ".ld", ".dts", ".dtsi")
PATHS = re.compile(rf"(?<![\w/.-])(?:(?:{'|'.join((*SOURCES, 'docs'))})/[\w./*\[\]-]+|[\w-]+\.md\b)")
ARTEFACTS = {"cairn.bin", "cairn.elf", "cairn.img", "cairn.uimg"}
WAIT = 60


def named(name):
    """What stands between backquotes in a page's text."""
    return re.findall(r"`([^`\n]+)`", split(name)[0])


def commands(name):
    """That, and the lines of its blocks of commands."""
    lines = [line for block in split(name)[1] if block.language in ("sh", "console") for line in block.text.splitlines()]
    return named(name) + [re.sub(r"^\$ | +# .*", "", line) for line in lines]


@pytest.fixture(scope="session")
def sources():
    """All text that programs and tests are made of."""
    files = [REPO / "Makefile", REPO / "qemu-run.sh"]
    for folder in SOURCES:
        files += [path for path in (REPO / folder).rglob("*") if path.suffix in SUFFIXES and path.parent.name != "docs"]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@pytest.fixture(scope="session")
def words(sources):
    return set(re.findall(r"\w+", sources))


@pytest.fixture(scope="session")
def targets():
    database = subprocess.run(["make", "-C", REPO, "-npq", "none"], text=True, capture_output=True, timeout=WAIT,
                              check=False).stdout
    return set(re.findall(r"^([a-z][\w-]*):", database, re.M))


@pytest.fixture(scope="session")
def options():
    """Those of qemu-run.sh."""
    usage = subprocess.run([REPO / "qemu-run.sh", "--help"], text=True, capture_output=True, timeout=WAIT, check=True).stdout
    return set(re.findall(r"(?<![\w-])(--?[a-z-]+)", usage))


@pytest.mark.parametrize("name", NAMES)
def test_files(name, sources):
    """Files of the tree, or keys of the store; pages by their name alone."""
    for path in PATHS.findall("\n".join([*named(name), *re.findall(r"\b[\w/]+\.md\b", split(name)[0])])):
        path = path.rstrip(".")
        there = list(REPO.glob(path)) + list((REPO / name).parent.glob(path))
        assert there or re.search(r"/[A-Z]+\b", path) or f'"{path}"' in sources, f"{name}: {path}"


@pytest.mark.parametrize("name", NAMES)
def test_make(name, targets, words):
    """Targets, and variables that are given to them."""
    for command in commands(name):
        for given in re.findall(r"(?:^|; |\()make ([^;|)]*)", command):
            for word in re.sub(r"'[^']*'|\"[^\"]*\"", "", given).split():
                if "=" in word:
                    assert word.split("=")[0] in words, f"{name}: {command}"
                elif re.fullmatch(r"[a-z][\w-]*", word):
                    assert word in targets, f"{name}: {command}"


@pytest.mark.parametrize("name", NAMES)
def test_variables(name, words):
    """Of the environment, where somebody may set them."""
    for command in commands(name):
        for variable in re.findall(r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)=", command):
            assert variable in words, f"{name}: {command}"


@pytest.mark.parametrize("name", NAMES)
def test_programs(name):
    """Tests that somebody may run alone."""
    for command in commands(name):
        for program in re.findall(r"build/(?:host|fuzz)/((?:test|store|fuzz)_[a-z_]+)", command):
            assert list((REPO / "tests").rglob(program + ".c")), f"{name}: {program}"


@pytest.mark.parametrize("name", NAMES)
def test_options(name, options):
    for command in commands(name):
        for given in re.findall(r"\./qemu-run\.sh(.*?)(?: -- |$)", command):
            for option in re.findall(r"(?<![\w-])(--?[a-z-]+)", re.sub(r"'[^']*'", "", given)):
                assert option in options, f"{name}: {command}"


@pytest.mark.parametrize("name", NAMES)
def test_functions(name, words):
    """Functions, structures and tests."""
    for span in named(name):
        found = re.match(r"(\w{3,})\([^)]*\)$|struct (\w+)$|((?:test|store|cairn)_\w+)$", span)
        if found:
            word = next(filter(None, found.groups()))
            assert word in words or list((REPO / "tests").rglob(word + ".*")), f"{name}: {span}"


@pytest.mark.parametrize("name", NAMES)
def test_parameters(name, sources):
    """Of the command line."""
    for parameter in re.findall(r"\bcairn\.[a-z_]+", "\n".join(commands(name))):
        assert parameter in ARTEFACTS or f'"{parameter}"' in sources, f"{name}: {parameter}"
