import logging

import pytest

from stream.log import set_up_log


@pytest.fixture(scope="module", autouse=True)
def no_test_leaves_a_handler():
    """Whoever logs later would write to a stream that is closed by then."""
    before = list(logging.root.handlers)
    yield
    assert [own for own in logging.root.handlers if own not in before] == []


def test_what_happens_goes_to_stderr_if_asked_for(capsys):
    set_up_log(1)
    logging.getLogger("stream.somewhere").info("connected")
    logging.getLogger("stream.somewhere").debug("every packet")
    assert capsys.readouterr() == ("", "INFO stream.somewhere: connected\n")


def test_libraries_say_nothing_in_their_own_words(capsys):
    set_up_log(1)
    logging.getLogger("libav.mpeg").warning("non-existing PPS")
    logging.getLogger("stream.somewhere").warning("stream lost")
    assert capsys.readouterr().err == "WARNING stream.somewhere: stream lost\n"
