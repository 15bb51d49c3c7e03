"""A headless Chromium for tests: the system's own, installed by its package manager where that can be done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver

PATIENCE = 60  # seconds for whatever a page has to do


@cache
def why_not() -> str:
    """Why there is no browser here; empty when there is one. The first call may install it."""
    if _found():
        return ""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return "there is no chromium with its chromedriver, and this user cannot install them"
    command = "apt-get update && apt-get install -y --no-install-recommends chromium chromium-driver"
    try:
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=240)
    except subprocess.TimeoutExpired:
        return "chromium could not be installed within four minutes"
    last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
    return "" if done.returncode == 0 and _found() else f"chromium could not be installed: {''.join(last)}"


def _found() -> bool:
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


@contextmanager
def browser(width: int = 1100, height: int = 1400, dark: bool = False) -> Iterator[webdriver.Chrome]:
    """A window of that size; the test is skipped, with the reason, where there is no browser."""
    if reason := why_not():
        pytest.skip(reason)
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.add_argument(f"--window-size={width},{height}")
    options.binary_location = str(shutil.which("chromium"))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=str(shutil.which("chromedriver")))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        if dark:
            features = [{"name": "prefers-color-scheme", "value": "dark"}]
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        yield driver
    finally:
        driver.quit()


def visit(driver: webdriver.Chrome, page: Path) -> None:
    """Open a file."""
    driver.get(page.resolve().as_uri())


def complaints(driver: webdriver.Chrome) -> list[str]:
    """What the page has said on the console."""
    return [str(entry["message"]) for entry in driver.get_log("browser")]


def requests(driver: webdriver.Chrome) -> list[str]:
    """The addresses that were asked for, but for data and what the page made itself."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    sent = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    return [url for url in sent if not url.startswith(("data:", "blob:"))]


def until(done: Callable[[], Any]) -> Any:
    """What `done` says as soon as it says something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := done():
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing within {PATIENCE} seconds")
