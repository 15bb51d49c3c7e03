"""The report in a browser: it asks for nothing, says nothing on the console, and its networks are PyTorch's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from browser import browser, complaints, requests, until, visit
from lab_runs import EASY, tiny
from selenium import webdriver
from selenium.webdriver.common.by import By

from adversarial_crypto.ciphers import quantise
from adversarial_crypto.networks import NETWORKS, Init
from adversarial_crypto.report import page
from adversarial_crypto.report.forms import FORMS, layers, weights

RUN = Path(__file__).parent.parent / "results" / "paper-n16-b512"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the paper's training at batch 512, whose players are kept."""
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(page([RUN]), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def opened(report: Path) -> Iterator[webdriver.Chrome]:
    """The page in a window."""
    with browser() as driver:
        visit(driver, report)
        yield driver


def bits_of(driver: webdriver.Chrome, row: str) -> list[str]:
    """What the cells of a row of the playground show."""
    return [cell.text for cell in driver.find_elements(By.CSS_SELECTOR, f'.cells[aria-label^="{row}"] .cell')]


def button(driver: webdriver.Chrome, words: str) -> Any:
    """The button with this text."""
    return driver.find_element(By.XPATH, f'//button[starts-with(., "{words}")]')


def test_it_needs_nothing_and_complains_of_nothing(report: Path) -> None:
    """No request but for itself and no word on the console, in light and dark, wide and narrow; at most 3 MB."""
    assert report.stat().st_size < 3_000_000
    for width, dark in ((1100, False), (420, True)):
        with browser(width, dark=dark) as driver:
            visit(driver, report)
            until(lambda driver=driver: bits_of(driver, "bits of the message"))
            assert complaints(driver) == [] and requests(driver) == [report.resolve().as_uri()]
            # Nothing is wider than the window but what has a scroll bar of its own.
            assert driver.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
            ink, paper = (
                driver.execute_script(f"return getComputedStyle(document.body).{name}")
                for name in ("color", "backgroundColor")
            )
            light = [sum(map(int, colour[colour.index("(") + 1 : -1].split(",")[:3])) for colour in (ink, paper)]
            assert (light[0] > light[1]) == dark


@pytest.mark.parametrize("network", list(FORMS))
def test_the_networks_are_pytorchs(opened: webdriver.Chrome, network: str) -> None:
    """Every network that the page computes gives what PyTorch gives, to 1e-5, for odd widths too."""
    width, out = (7, 5) if network != "dense" else (6, 4)
    module = NETWORKS[network](width, out, Init(torch.tensor([[3, 0], [3, 1]]), "eve", "xavier"))
    for weight in module.parameters():
        weight.data += 0.3 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
    arrays = {f"eve.{name}": weight.detach().numpy() for name, weight in module.named_parameters()}
    inputs = torch.rand(2, 20, width, generator=torch.Generator().manual_seed(2)) * 2 - 1
    with torch.no_grad():
        expected = module(inputs)[1].numpy()
    found = opened.execute_script(
        """const play = player(arguments[0], numbersOf(arguments[1]));
        return arguments[2].map((x) => Array.from(play(x)));""",
        layers(network, "eve", arrays),
        weights(network, "eve", arrays, 1),
        inputs[1].tolist(),
    )
    assert np.abs(np.array(found) - expected).max() < 1e-5


def test_the_quantiser_is_the_laboratorys(opened: webdriver.Chrome) -> None:
    """Q_b of the page and of ciphers.quantise agree, at the edges of the bins too."""
    values = torch.cat([torch.linspace(-1, 1, 65), torch.tensor([-1.005, 1.005, 0.1, -0.7])])
    for bits in (1, 3, 12):
        found = opened.execute_script(
            "return arguments[0].map((x) => quantised(x, arguments[1]));", values.double().tolist(), bits
        )
        assert np.allclose(found, quantise(values.reshape(1, 1, -1), bits).flatten().numpy(), atol=1e-6)


class TestPlayground:
    def test_bob_reads_what_is_typed(self, opened: webdriver.Chrome) -> None:
        """Typed letters become the message's bits, Bob reads them all, and Eve does not."""
        text = opened.find_element(By.CSS_SELECTOR, ".playground input[type=text]")
        text.clear()
        text.send_keys("Ok")
        expected = list("".join(f"{byte:08b}" for byte in b"Ok"))
        assert bits_of(opened, "bits of the message") == expected == bits_of(opened, "Bob reads")
        assert "Ok  0 wrong" in opened.find_element(By.CSS_SELECTOR, '.cells[aria-label="Bob reads"]').text
        assert bits_of(opened, "Eve reads") != expected and len(bits_of(opened, "A fresh Eve reads")) == 16

    def test_flipped_bits_move_the_ciphertext(self, opened: webdriver.Chrome) -> None:
        """A key bit changes what travels, and elements that moved are framed; a message bit changes the text too."""
        before = bits_of(opened, "elements of the ciphertext")
        opened.find_element(By.CSS_SELECTOR, 'button[aria-label="key bit 3"]').click()
        after = bits_of(opened, "elements of the ciphertext")
        moved = opened.find_elements(By.CSS_SELECTOR, ".cell.moved")
        assert before != after and 1 <= len(moved) <= 16
        assert bits_of(opened, "Bob reads") == bits_of(opened, "bits of the message")
        first = opened.find_element(By.CSS_SELECTOR, 'button[aria-label="message bit 8"]')
        pressed = first.get_attribute("aria-pressed")
        first.click()
        assert first.get_attribute("aria-pressed") != pressed
        assert bits_of(opened, "Bob reads") == bits_of(opened, "bits of the message")

    def test_with_one_bit_an_element_bob_cannot_read(self, opened: webdriver.Chrome) -> None:
        """The slider cuts what is sent: at one bit there are two values, and Bob errs; at all of them he does not."""
        slider = opened.find_element(By.CSS_SELECTOR, ".playground input[type=range]")
        send = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'));"
        opened.execute_script(send, slider, 1)
        assert set(bits_of(opened, "elements of the ciphertext")) <= {"0.50", "-0.50"}
        assert "Bits sent of each element: 1" in opened.find_element(By.CLASS_NAME, "controls").text
        opened.execute_script(send, slider, 13)
        assert bits_of(opened, "Bob reads") == bits_of(opened, "bits of the message")

    def test_trying_all_keys_finds_the_message(self, opened: webdriver.Chrome) -> None:
        """Within a minute all 65,536 keys are tried on the ciphertext alone, and the message falls out."""
        button(opened, "Try all 65,536 keys").click()
        found = until(lambda: opened.find_element(By.CSS_SELECTOR, ".playground p[role=status]").text)
        assert "that is the message" in found and "".join(bits_of(opened, "bits of the message")) in found
        assert complaints(opened) == []

    def test_another_replica_is_another_cipher(self, opened: webdriver.Chrome) -> None:
        """Choosing a replica changes what travels for the same words, and its Bob reads it."""
        before = bits_of(opened, "elements of the ciphertext")
        opened.execute_script(
            "const s = arguments[0]; s.selectedIndex = 1; s.dispatchEvent(new Event('change'));",
            opened.find_element(By.CSS_SELECTOR, ".playground select"),
        )
        assert bits_of(opened, "elements of the ciphertext") != before
        assert bits_of(opened, "Bob reads") == bits_of(opened, "bits of the message")


def test_a_pointer_is_told_the_value(opened: webdriver.Chrome) -> None:
    """Over a point of a curve the page says which curve, where and how much; away from all it says nothing."""
    told = opened.execute_script(
        """
        const plot = document.querySelector('[data-series$="training_curves"]');
        const line = JSON.parse(document.getElementById("series").textContent)[plot.dataset.series]
          .find((each) => each.label === "Bob");
        const svg = plot.querySelector("svg"), box = svg.getBoundingClientRect(), view = svg.viewBox.baseVal;
        const move = (px, py) => plot.dispatchEvent(new PointerEvent("pointermove", {
          clientX: box.left + px / view.width * box.width, clientY: box.top + py / view.height * box.height }));
        const told = document.getElementById("told"), i = line.x.length - 1;
        move(line.px[i], line.py[i]);
        const said = [told.hidden, told.textContent, line.x[i], line.y[i]];
        move(1, 1);
        return [...said, told.hidden];
        """
    )
    assert told[0] is False and told[4] is True
    assert told[1].startswith("Bob · ") and f"{told[2]:,.0f}" in told[1] and told[1].endswith(f"· {told[3]}")


def test_the_training_can_be_watched_again(tmp_path: Path) -> None:
    """The slider goes through the snapshots: their ciphers, their errors, and at its end the trained ones again."""
    tiny(tmp_path / "run", *EASY)
    (tmp_path / "page.html").write_text(page([tmp_path / "run"]), encoding="utf-8")
    moments, travels = [], []
    with browser() as driver:
        visit(driver, tmp_path / "page.html")
        slider = driver.find_elements(By.CSS_SELECTOR, ".playground input[type=range]")[1]
        for place in (3, 0, 1, 3):
            driver.execute_script(
                "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'));", slider, place
            )
            moments.append(slider.find_element(By.XPATH, "..").text)
            travels.append(bits_of(driver, "elements of the ciphertext"))
        assert complaints(driver) == []
    assert [moment.split(" (")[0] for moment in moments] == [
        *("Training: trained", "Training: step 0", "Training: step 4", "Training: trained")
    ]
    assert all(" of 4 bits wrong)" in moment for moment in moments)
    assert travels[0] == travels[3] and travels[0] != travels[1] != travels[2]
