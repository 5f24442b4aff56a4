"""The errors of the live pipeline and what the command line returns for them.

SubfaceError                    1  (engines.errors)
  SourceError                   3  a source cannot be read
    SourceUnreachableError         it is not there, refuses, or does not answer
    SourceFormatError              what it sends is no picture that can be decoded
    SourceLostError                a live source broke off; it is reopened
  BrokerUnreachableError        4  the MQTT broker is not there or refuses
  ChildDiedError                1  a child process ended before it answered
  ChildGoneError                1  a child process died too often; it is not started again
  EarsLostError                 1  the speech process died; it is started again
  EyesLostError                 1  the perception process died over a frame; it is started again
  SharedMemoryError             1  too little of it is left for a picture
  PolicyError                   5  the declared purpose does not allow it
  BenchmarkRegressionError      6  slower than the baseline
  BenchmarkStoppedError       130  it was told to end before it was over
  AnnotatedVideoError           1  the annotated video cannot be written
  ReaderGoneError               1  whoever read our output has closed it
"""

from engines.errors import SubfaceError


class SourceError(SubfaceError):
    """A source cannot be read."""

    exit_code = 3


class SourceUnreachableError(SourceError):
    """A source is not there, refuses, or does not answer."""


class SourceFormatError(SourceError):
    """What a source sends is no picture that can be decoded."""


class SourceLostError(SourceError):
    """A live source that was open broke off; it is worth reopening."""


class BrokerUnreachableError(SubfaceError):
    """The MQTT broker is not there or refuses."""

    exit_code = 4


class ChildDiedError(SubfaceError):
    """A child process ended before it answered."""


class ChildGoneError(SubfaceError):
    """A child process died too often, or cannot be opened any more: it is not started again."""


class EarsLostError(SubfaceError):
    """The speech process died; it is started again."""


class EyesLostError(SubfaceError):
    """The perception process died over a frame, which is lost; it is started again."""


class SharedMemoryError(SubfaceError):
    """The system has too little shared memory left for a picture."""


class PolicyError(SubfaceError):
    """The declared purpose does not allow what was asked."""

    exit_code = 5


class BenchmarkRegressionError(SubfaceError):
    """A benchmark is slower than its baseline."""

    exit_code = 6


class BenchmarkStoppedError(SubfaceError):
    """A benchmark was told to end before it was over; part of one is none."""

    exit_code = 130


class AnnotatedVideoError(SubfaceError):
    """The annotated video cannot be written."""


class ReaderGoneError(SubfaceError):
    """Whoever read our output has closed it."""
