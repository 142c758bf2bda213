# SPDX-License-Identifier: MIT
"""rollcall check, as an operator runs it: what is printed where, and the exit code."""

import pathlib
import shutil
import subprocess

import pytest

from system.support.rollcall import BUILD, ROOT

FIXTURES = ROOT / "tests/fixtures/config"


MANY_ERRORS = """listen = {"127.0.0.1:5300"}
bogus = 3
zone "a.example" { nameservers = {"ns.a.example."} records = "x.zone" }
ec2 "a" { zone = "a.example" }
ec2 "a" { rename = {"x"} poll = 1ms }
zone "b.example" { nameservers = {"ns.b.example."}
    records = "bad.zone"
}
"""


def check(path, *options):
    return subprocess.run([str(BUILD / "rollcall"), "check", "-c", str(path), *options],
                          capture_output=True, text=True, timeout=60, check=False)


def records_line(path):
    keys = [line.split()[:1] for line in path.read_text().splitlines()]
    return keys.index(["records"]) + 1


@pytest.fixture
def product(tmp_path):
    """The example of the contract with the files that it names, to be broken."""
    for file in FIXTURES.iterdir():
        shutil.copy(file, tmp_path)
    return pathlib.Path(tmp_path) / "product.conf"


def test_what_is_printed_is_a_configuration_that_prints_the_same(product):
    first = check(product, "--print-config")
    assert first.returncode == 0
    again = product.with_name("again.conf")
    again.write_text(first.stdout)
    second = check(again, "--print-config")
    assert second.returncode == 0
    assert second.stdout == first.stdout


def test_paths_start_at_the_folder_of_the_file_not_of_the_process(product):
    found = subprocess.run([str(BUILD / "rollcall"), "check", "-c", str(product)], cwd="/",
                           capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 0, found.stderr
    assert found.stdout == f"{product}: ok: 1 zone, 2 sources\n"


def test_a_bad_zone_file_is_an_error_with_its_own_line(product):
    zone = product.with_name("static.zone")
    zone.write_text("ns1 A 10.0.0.2\nbad A 10.0.0\n")
    found = check(product)
    assert found.returncode == 1
    line = records_line(product)
    assert found.stderr.startswith(f"{product}:{line}: records: {zone}: line 2: "), found.stderr
    assert found.stdout == ""


def test_a_missing_zone_file_is_an_error(product):
    zone = product.with_name("static.zone")
    zone.unlink()
    found = check(product)
    assert found.returncode == 1
    line = records_line(product)
    assert found.stderr.splitlines()[0] == (
        f"{product}:{line}: records: {zone}: No such file or directory")


def test_errors_of_every_kind_are_told_in_one_go(tmp_path):
    path = tmp_path / "rollcall.conf"
    path.write_text(MANY_ERRORS)
    (tmp_path / "bad.zone").write_text("ok A 10.0.0.1\nbad A 10.0.0\n")
    found = check(path)
    assert (found.returncode, found.stdout) == (1, "")
    told = [line.removeprefix(f"{path}:") for line in found.stderr.splitlines()]
    assert [line.replace(f"{tmp_path}/", "") for line in told[:2]] == [
        '2: unknown key "bogus"',
        "3: records: x.zone: No such file or directory"]
    assert told[2:-1] == [
        "5: section ec2 a is there twice, first on line 4",
        '5: unknown key "rename" in section ec2',
        '5: poll "1ms": not from 200ms to 1h']
    assert told[-1].startswith(f"7: records: {tmp_path}/bad.zone: line 2: ")


def test_a_bad_zone_file_hides_no_warning(product):
    product.with_name("static.zone").unlink()
    fleet = product.with_name("fleet.json")
    fleet.unlink()
    found = check(product)
    assert found.returncode == 1
    assert f"{fleet}: warning: cannot be opened" in found.stderr


@pytest.mark.parametrize("text", ["", "{", '{"groups":[{"name":"db"}]}'])
def test_a_bad_fleet_file_is_only_a_warning(product, text):
    fleet = product.with_name("fleet.json")
    fleet.write_text(text)
    found = check(product)
    assert found.returncode == 0
    assert f"{fleet}: warning: " in found.stderr


def test_a_missing_fleet_file_is_only_a_warning(product):
    fleet = product.with_name("fleet.json")
    fleet.unlink()
    found = check(product)
    assert found.returncode == 0
    assert f"{fleet}: warning: cannot be opened" in found.stderr


def test_every_line_of_a_bad_file_is_told_in_order():
    path = FIXTURES / "bad.conf"
    found = check(path, "--print-config")
    assert found.returncode == 1
    assert found.stdout == ""
    lines = [line.split(":")[1] for line in found.stderr.splitlines()]
    assert all(line.startswith(f"{path}:") for line in found.stderr.splitlines())
    assert [int(line) for line in lines] == sorted(int(line) for line in lines)
    assert len(lines) > 30


def test_the_makers_reference_is_the_one_in_the_tree():
    found = subprocess.run([str(BUILD / "rollcall"), "check", "--print-reference"],
                           capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout == (ROOT / "server/CONFIGURATION.md").read_text()
