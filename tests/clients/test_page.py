"""The page about clients shows the files that are tested."""

from scripts import client_page
from tests.clients.test_examples import TRANSCRIPT
from tests.clients.toolchains import LANGUAGES


def test_the_page_shows_the_files_of_the_examples():
    assert client_page.page() == client_page.PAGE.read_text(), "python -m scripts.client_page writes it anew"


def test_the_page_shows_every_language():
    assert [(one.name, one.file) for one in LANGUAGES] == [(one.language, one.file) for one in client_page.SHOWN]


def test_the_page_shows_the_transcript_that_is_tested():
    assert f"```text\n{TRANSCRIPT}```" in client_page.HEAD
