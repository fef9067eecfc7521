"""STORAGE_MODE: which targets videos go to by themselves, and that LOCAL never makes one of the VMS."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.errors import NotFound, SettingsError
from backend.outbox.enqueue import choose_targets
from tests.services.footage import register
from tests.unit.outbox.test_places import folder, opened

VMS = {"MILESTONE_URL": "https://vms.example", "MILESTONE_USERNAME": "holdfast", "MILESTONE_PASSWORD": "hunter2"}
STORE = {"STORAGE_BACKEND": "FILESYSTEM", "FILESYSTEM_PATH": "/mnt/recordings"}
OWN = '[[target]]\nname = "vms"\nkind = "milestone"\nurl = "https://other.example"\n'


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)


def test_local_makes_no_target_of_the_vms_whatever_is_set(tmp_path: Path) -> None:
    places = opened(tmp_path, None, **VMS, **STORE)
    assert places.kinds == {"folder": "folder"}
    with pytest.raises(NotFound, match=r"known: folder\. MILESTONE_URL makes one with STORAGE_MODE=MILESTONE or BOTH"):
        places.get("milestone")


def test_milestone_is_the_only_default_of_its_mode_and_all_else_takes_what_is_named_for_it(tmp_path: Path) -> None:
    places = opened(tmp_path, folder("nas"), STORAGE_MODE="MILESTONE", **VMS, **STORE)
    assert places.default == ("milestone",)
    assert places.footage_suffices
    # What need not go there is not missed there either.
    assert (places.required, places.required_of_recordings) == (frozenset(), frozenset({"milestone"}))
    assert choose_targets(places, ("nas",), "p", "", is_recording=True) == ["nas"]
    assert places.requires("nas", named=True)
    options = places.get("milestone").config.options
    assert (options["url"], options["username"], options["password"]) == ("https://vms.example", "holdfast", "hunter2")


def test_both_means_both(tmp_path: Path) -> None:
    places = opened(tmp_path, None, STORAGE_MODE="BOTH", **VMS, **STORE)
    assert set(places.default) == {"folder", "milestone"}
    assert (places.required, places.required_of_recordings) == (frozenset({"folder"}), frozenset({"milestone"}))
    assert not places.footage_suffices
    with pytest.raises(SettingsError, match="STORAGE_MODE=BOTH needs a place for the files besides the VMS"):
        opened(tmp_path, None, STORAGE_MODE="BOTH", **VMS)


@pytest.mark.parametrize(("mode", "others"), [("MILESTONE", []), ("BOTH", ["folder"])])
def test_only_recordings_go_to_the_vms_by_themselves_and_only_of_them_it_is_required(
    tmp_path: Path, mode: str, others: list[str]
) -> None:
    places = opened(tmp_path, None, STORAGE_MODE=mode, **VMS, **STORE)
    assert choose_targets(places, None, "p", "", is_recording=True) == [*others, "milestone"]
    assert choose_targets(places, None, "p", "", is_recording=False) == others
    assert choose_targets(places, ("milestone",), "p", "", is_recording=False) == ["milestone"]
    assert places.requires("milestone", named=False, is_recording=True)
    assert not places.requires("milestone", named=False)
    assert places.requires("milestone", named=True), "an ordinary upload that was named for it"
    assert places.footage == {"milestone"}


@pytest.mark.parametrize(("mode", "others"), [("MILESTONE", ()), ("BOTH", ("nas",))])
def test_a_rule_and_upload_targets_name_the_vms_for_every_video(
    tmp_path: Path, mode: str, others: tuple[str, ...]
) -> None:
    text = folder("nas") + OWN + '[[rule]]\nproject = "gate"\ntargets = ["vms"]\n'
    ruled = opened(tmp_path, text, STORAGE_MODE=mode, **VMS)
    assert choose_targets(ruled, None, "gate", "", is_recording=False) == ["vms"]
    assert choose_targets(ruled, None, "p", "", is_recording=False) == [*others]
    named = opened(tmp_path, text, STORAGE_MODE=mode, UPLOAD_TARGETS="vms", **VMS)
    assert choose_targets(named, None, "p", "", is_recording=False) == ["vms"]
    assert named.required == {"vms", *others}
    left_out = opened(tmp_path, text, STORAGE_MODE=mode, UPLOAD_TARGETS="nas", **VMS)
    assert (left_out.required, left_out.required_of_recordings) == (frozenset({"nas"}), frozenset({"vms"}))


def test_a_second_vms_stops_the_start_in_words_and_one_that_is_disabled_does_not(tmp_path: Path) -> None:
    second = OWN.replace("vms", "annex")
    with pytest.raises(SettingsError) as refusal:
        opened(tmp_path, OWN + second)
    told = str(refusal.value)
    assert "targets 'vms' and 'annex' are all of kind milestone, and there can be one" in told
    assert "this server is one ONVIF device" in told
    assert "Set enabled = false for the others, or run another installation of Holdfast" in told
    assert list(opened(tmp_path, OWN + second + "enabled = false\n").by_name) == ["vms"]


def test_one_of_targets_toml_takes_in_mode_local_only_what_is_named_for_it(tmp_path: Path) -> None:
    rule = '[[rule]]\nproject = "gate"\ntargets = ["nas", "vms"]\n'
    places = opened(tmp_path, folder("nas") + OWN + rule)
    assert places.default == ("nas",)
    assert (places.required, places.required_of_recordings) == (frozenset({"nas"}), frozenset())
    assert choose_targets(places, None, "gate", "", is_recording=False) == ["nas", "vms"]
    named = opened(tmp_path, folder("nas") + OWN, UPLOAD_TARGETS="nas,vms")
    assert named.default == ("nas", "vms")
    assert named.required == {"nas", "vms"}
    assert choose_targets(named, None, "p", "", is_recording=False) == ["nas", "vms"]


def test_the_files_own_vms_stands_for_the_variables(tmp_path: Path) -> None:
    places = opened(tmp_path, OWN, STORAGE_MODE="MILESTONE", **VMS)
    assert places.default == ("vms",)
    assert places.get("vms").config.options["url"] == "https://other.example"
    with pytest.raises(SettingsError, match="needs a target of kind milestone, and the one of"):
        opened(tmp_path, OWN + "enabled = false\n", STORAGE_MODE="MILESTONE", **VMS)


@pytest.mark.parametrize("missing", ["MILESTONE_URL", "MILESTONE_USERNAME", "MILESTONE_PASSWORD"])
def test_a_mode_with_the_vms_needs_its_address_and_its_user(tmp_path: Path, missing: str) -> None:
    env = {name: value for name, value in VMS.items() if name != missing}
    with pytest.raises(SettingsError, match=f"STORAGE_MODE=BOTH needs {missing}") as refusal:
        opened(tmp_path, None, STORAGE_MODE="BOTH", **env, **STORE)
    assert "hunter2" not in str(refusal.value)


def test_a_vms_is_told_how_it_reaches_the_edge_device_unless_the_file_says_it(tmp_path: Path) -> None:
    env = {"EDGE_ADDRESS": "10.0.0.5", "EDGE_USERNAME": "gate", "PUBLIC_URL": "https://video.example.org"}
    (tmp_path / "metadata" / "keys").mkdir(parents=True)
    (tmp_path / "metadata" / "keys" / "edge-password").write_text("made-once\n")
    options = opened(tmp_path, None, STORAGE_MODE="MILESTONE", **VMS, **env).get("milestone").config.options
    assert (options["edge_address"], options["edge_username"]) == ("10.0.0.5:8580", "gate")
    assert (options["edge_password"], options["link"]) == ("made-once", "https://video.example.org")
    chosen = opened(
        tmp_path,
        OWN + 'edge_address = "cam:81"\nedge_password = "own"\n',
        **VMS,
        **env,
        EDGE_PASSWORD="of-the-settings",
    )
    options = chosen.get("vms").config.options
    assert (options["edge_address"], options["edge_username"], options["edge_password"]) == ("cam:81", "gate", "own")
    # An address of its own is asked with a name of its own.
    assert (options["url"], options["username"], options["password"]) == ("https://other.example", "", "")


def test_before_the_first_start_there_is_no_password_yet_and_that_stops_nothing(tmp_path: Path) -> None:
    places = opened(tmp_path, None, STORAGE_MODE="MILESTONE", **VMS)
    assert places.get("milestone").config.options["edge_password"] == ""


def test_one_that_names_no_address_has_that_of_the_variables(tmp_path: Path) -> None:
    own = '[[target]]\nname = "vms"\nkind = "milestone"\n'
    options = opened(tmp_path, own, **VMS).get("vms").config.options
    assert (options["url"], options["username"], options["password"]) == tuple(VMS.values())


def test_one_that_names_the_address_of_the_variables_has_their_user_too(tmp_path: Path) -> None:
    own = '[[target]]\nname = "vms"\nkind = "milestone"\nurl = "https://VMS.example/"\n'
    options = opened(tmp_path, own, **VMS).get("vms").config.options
    assert (options["username"], options["password"]) == ("holdfast", "hunter2")
