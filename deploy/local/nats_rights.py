"""What each service may say to NATS and hear from it: its own stream, and of the others only what its work needs.

What is not named here is refused, so nobody purges a stream or deletes one. A JetStream request says in its subject
which stream and consumer it is about, and the server holds the request to that. It does not look into the settings of
a service's own stream or consumer: one that is taken over entirely could still have the server copy messages within
the account; accounts of their own would be the answer to that.
"""

from shared.bus import DEAD_LETTERS, DIRECTORY

_CENTERS = ("imaging", "ecg", "lab")
_GATEWAY = "gateway"
_API = "$JS.API"


def rights_of(service: str) -> dict[str, object]:
    """``permissions`` of a user in the server's configuration. Answers come under ``_INBOX_<service>`` only."""
    heard = [f"_INBOX_{service}.>"]
    said = [f"{_API}.INFO", f"{service}.>", *_owns(service.upper()), *_follows_directory()]
    if service == _GATEWAY:
        heard.append("live.>")
        said += _of_the_gateway()
    else:
        said += [f"deadletter.{service}.*", *_reads_replays(service)]
        # Whoever starts first makes them; to make one that is there with other settings is refused by the server.
        said += [
            f"{_API}.STREAM.{verb}.{stream}" for verb in ("CREATE", "INFO") for stream in (DIRECTORY, DEAD_LETTERS)
        ]
    return {"publish": {"allow": said}, "subscribe": {"allow": heard}}


def _of_the_gateway() -> list[str]:
    """It owns the directory and the dead letters, measures every stream, and reads the centres' by its durables."""
    said = ["directory.>", "live.>", "deadletter.>", f"{_API}.STREAM.INFO.*"]
    said += [*_owns(DIRECTORY), *_owns(DEAD_LETTERS)]
    said += [f"{_API}.STREAM.MSG.GET.{DEAD_LETTERS}", f"{_API}.STREAM.MSG.DELETE.{DEAD_LETTERS}"]
    for center in _CENTERS:
        said.append(f"{_API}.CONSUMER.INFO.{center.upper()}.*")
        for durable in (f"gateway_cases_{center}", f"gateway_reports_{center}"):
            created = f"{_API}.CONSUMER.CREATE.{center.upper()}.{durable}"
            said += [created, f"{created}.>", *_pulls(center.upper(), durable)]
    return said


def _owns(stream: str) -> list[str]:
    made = [f"{_API}.STREAM.{verb}.{stream}" for verb in ("CREATE", "UPDATE", "INFO")]
    read = [
        f"{_API}.CONSUMER.CREATE.{stream}",
        f"{_API}.CONSUMER.CREATE.{stream}.>",
        f"{_API}.CONSUMER.INFO.{stream}.*",
    ]
    return [*made, *read, f"{_API}.CONSUMER.MSG.NEXT.{stream}.*", f"$JS.ACK.{stream}.>"]


def _follows_directory() -> list[str]:
    """By a nameless consumer, which nobody acknowledges."""
    return [
        f"{_API}.CONSUMER.CREATE.{DIRECTORY}",
        f"{_API}.CONSUMER.MSG.NEXT.{DIRECTORY}.*",
    ]


def _reads_replays(center: str) -> list[str]:
    """The filter is part of the subject: else the consumer could be made to read everybody's dead letters."""
    durable = f"replay_{center}_{center}_reading"
    filtered = f"{_API}.CONSUMER.CREATE.{DEAD_LETTERS}.{durable}.deadletter.replay.{center}.*"
    return [filtered, *_pulls(DEAD_LETTERS, durable)]


def _pulls(stream: str, durable: str) -> list[str]:
    return [f"{_API}.CONSUMER.MSG.NEXT.{stream}.{durable}", f"$JS.ACK.{stream}.{durable}.>"]
