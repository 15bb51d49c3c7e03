"""The report's page as text: every kind of folder, nothing unescaped, nothing from elsewhere, else a sentence."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from cli_runs import call, document
from lab_runs import EASY, NETWORK, tiny

from adversarial_crypto import lab
from adversarial_crypto.errors import AcryptoError, StoreError
from adversarial_crypto.report import page
from adversarial_crypto.report.read import subjects

RESULTS = Path(__file__).parent.parent / "results"
NAUGHTY = "<script>alert(1)</script>&\"'"


class Elements(HTMLParser):
    """The elements and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """A text between elements."""
        self.words.append(data)

    @property
    def text(self) -> str:
        """All words, one space between any two."""
        return " ".join(" ".join(self.words).split())

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of all elements of a kind."""
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run with its figure, and with an attack that has one."""
    folder = tmp_path_factory.mktemp("report") / "small"
    tiny(folder, *EASY, draw=True)
    lab.attack(folder, attacks=["linear"], engine="eager", threads=1)
    return folder


class TestWhatIsShown:
    def test_a_run_with_its_attacks(self, run: Path) -> None:
        """Verdict, measures, curves, fresh Eves, configuration, hashes and playground; then the attack's board."""
        found = Elements(page([run]))
        summary = json.loads((run / "summary.json").read_text())
        assert summary["verdict"] in found.text and "How to read Eve's number" in found.text
        for word in ("bob_bits_wrong", "fresh_eve_bits_wrong", "message_bits = 4", summary["files"]["metrics.csv"]):
            assert word in found.text
        kinds = [subject.kind for subject in subjects(run)]
        assert kinds == ["run", "attack"]
        plots = [each["data-series"] for each in found.of("div") if "data-series" in each]
        assert plots == ["s0-training_curves", "s1-board"]
        assert any("data-play" in each for each in found.of("div"))

    def test_every_figure_has_words_and_a_table(self, run: Path) -> None:
        """Each drawing is an image with a text in place of it, and the tables behind it follow."""
        found = Elements(page([run]))
        images = [each for each in found.of("div") if each.get("role") == "img"]
        assert images and all(len(each["aria-label"] or "") > 40 for each in images)
        assert len(found.of("table")) >= len(images) + 2
        assert all(each.get("scope") == "col" for each in found.of("th"))
        heads = [tag for tag, _ in found.tags if re.fullmatch("h[1-6]", tag)]
        assert heads.count("h1") == 1
        assert all(int(after[1]) - int(before[1]) <= 1 for before, after in pairwise(heads))

    @pytest.mark.parametrize(
        ("folder", "kinds"),
        [
            ("quick/seed-1", ["run"]),
            ("sweeps/learning-rate", ["sweep"]),
            ("paper/gan", ["target"]),
            ("quick", ["run", "run", "run"]),
        ],
    )
    def test_what_is_committed_can_be_shown(self, folder: str, kinds: list[str]) -> None:
        """Runs, sweeps, targets and folders of them are found, drawn and told, in their order."""
        found = subjects(RESULTS / folder)
        assert [subject.kind for subject in found] == kinds
        text = page([RESULTS / folder])
        assert all(f">{subject.name} " in text for subject in found) and "<svg" in text
        assert len(text) < 3_000_000

    def test_identities_are_unique(self, run: Path) -> None:
        """No two elements have one id, also where the same figure stands there twice."""
        found = Elements(page([run, run]))
        ids = [str(each["id"]) for _, each in found.tags if "id" in each]
        assert len(ids) > 100 and len(set(ids)) == len(ids)
        refers = re.findall(r"(?:url\(#|href=\"#)([^\")]+)", page([run, run]))
        assert set(refers) <= {*ids, "content"}

    def test_the_same_files_give_the_same_page(self, run: Path) -> None:
        """No date and nothing random is in it."""
        assert page([run], "A title") == page([run], "A title")


class TestWhatIsNot:
    def test_every_string_is_escaped(self, run: Path, tmp_path: Path) -> None:
        """Markup in a title, a folder's name, a table, a text or a fact is shown as letters and is no element."""
        folder = tmp_path / "<b>bold"
        shutil.copytree(RESULTS / "paper" / "gan", folder)
        (folder / "claims.csv").write_text(f'claim,verdict\n"{NAUGHTY.replace(chr(34), chr(34) * 2)}",agrees\n')
        (folder / "provenance.json").write_text(json.dumps({"command": NAUGHTY, NAUGHTY: 1}))
        next(iter(folder.glob("config-*.toml"))).write_text(f"# {NAUGHTY}")
        points = folder / "gan.points.csv"
        points.write_text(points.read_text().replace("\n", ",x\n", 1).replace("\n", f",{'<i>'}\n"))
        text = page([folder], title=NAUGHTY)
        found = Elements(text)
        assert "<script>alert" not in text and found.of("b") == [] and found.of("i") == []
        assert found.text.count(NAUGHTY) >= 4
        assert len(found.of("script")) == 5

    def test_nothing_comes_from_elsewhere(self, run: Path) -> None:
        """No address but names of XML, and a policy that lets only this page's own scripts be executed."""
        text = page([run])
        names = ("http://www.w3.org/", "http://purl.org/", "http://creativecommons.org/")  # of XML, never asked for
        assert all(each.startswith(names) for each in re.findall(r"https?://[^\s\"'<)]+", text))
        found = Elements(text)
        assert not any({"src", "srcset"} & set(each) for _, each in found.tags)
        policy = next(each["content"] for each in found.of("meta") if "http-equiv" in each)
        assert (
            policy is not None
            and "default-src 'none'" in policy
            and "unsafe-inline" not in policy.split("script-src")[1]
        )

    def test_data_cannot_end_its_element(self, run: Path) -> None:
        """What stands in a script element as data has no < of its own."""
        for name in ("series", "play"):
            inner = page([run]).split(f'id="{name}">')[1].split("</script>")[0]
            assert "<" not in inner and json.loads(inner)

    def test_it_imports_no_torch(self, run: Path) -> None:
        """The page is made from files alone."""
        program = "import sys; from adversarial_crypto.report import page; from pathlib import Path\n"
        program += "page([Path(sys.argv[1])]); assert 'torch' not in sys.modules"
        subprocess.run([sys.executable, "-c", program, str(run)], check=True)


class TestWhatIsRefused:
    def test_an_empty_folder(self, tmp_path: Path) -> None:
        """A folder without results, and one that is not there, have their sentence."""
        for folder in (tmp_path, tmp_path / "none"):
            with pytest.raises(StoreError, match="has nothing to report"):
                page([folder])
        with pytest.raises(AcryptoError, match="at least one folder"):
            page([])

    def test_a_damaged_file(self, run: Path, tmp_path: Path) -> None:
        """A flipped bit in a file of a run is noticed before anything is shown."""
        folder = tmp_path / "run"
        shutil.copytree(run, folder)
        content = bytearray((folder / "protocol.csv").read_bytes())
        content[50] ^= 1
        (folder / "protocol.csv").write_bytes(content)
        with pytest.raises(StoreError, match=r"protocol\.csv is damaged"):
            page([folder])

    def test_a_network_that_it_does_not_know(self, tmp_path: Path) -> None:
        """Players of a user's network are not computed, and the page says why."""
        (tmp_path / "my_net.py").write_text(NETWORK)
        tiny(tmp_path / "run", *EASY, f"networks.alice={tmp_path}/my_net.py:build")
        (found,) = subjects(tmp_path / "run")
        assert isinstance(found.playground, str) and "my_net.py" in found.playground
        assert "There is no playground here." in page([tmp_path / "run"])

    def test_another_game(self) -> None:
        """A game without a cipher has no playground."""
        (found,) = subjects(RESULTS / "paper" / "gan")
        assert found.playground is None


class TestCommand:
    def test_it_writes_the_page(self, run: Path, tmp_path: Path) -> None:
        """The file is where -o says, stdout names it, and --json tells its size."""
        file = tmp_path / "page.html"
        result = call("report", run, "-o", file, "--title", "Mine")
        assert result.exit_code == 0 and result.stdout == f"{file}\n"
        assert "<h1>Mine</h1>" in file.read_text()
        told = document(call("report", run, "-o", file, "--json"))
        assert told["schema"] == "acrypto.report/1" and told["bytes"] == file.stat().st_size

    def test_nothing_is_written_where_nothing_is_found(self, tmp_path: Path) -> None:
        """One sentence, exit code 1, and no file."""
        result = call("report", tmp_path, "-o", tmp_path / "page.html")
        assert result.exit_code == 1 and result.stderr.count("\n") == 1
        assert not (tmp_path / "page.html").exists()


def test_the_replay_has_room(run: Path) -> None:
    """Snapshots of the first replica that has them are in the page, the first and the last kept, and they fit."""
    from adversarial_crypto.report import players

    (found, *_) = subjects(run)
    assert isinstance(found.playground, dict)
    replay = found.playground["replay"]
    assert replay["steps"] == [0, 4, 8, 12] and len(replay["weights"]) == 4
    size = sum(map(len, replay["weights"][0].values()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(players, "REPLAY_ROOM", 3 * size)
        (fewer, *_) = subjects(run)
        patch.setattr(players, "REPLAY_ROOM", size)
        (none, *_) = subjects(run)
    assert isinstance(fewer.playground, dict) and fewer.playground["replay"]["steps"] == [0, 8, 12]
    assert isinstance(none.playground, dict) and none.playground["replay"] is None
