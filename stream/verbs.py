"""The verbs of the live path, as the command line shows them; each loads its work when called."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Profile = Annotated[
    str,
    typer.Option("--profile", "-p", metavar="NAME|FILE", help="A shipped profile or a YAML file."),
]
Override = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a key of the profile, such as reading.hop_s=1; may be repeated.",
    ),
]
Mqtt = Annotated[
    str | None,
    typer.Option(
        metavar="URL|embedded|off",
        help="mqtt://user@host or mqtts://user@host; a broker of its own on a loopback port; none.",
    ),
]
Jsonl = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write every record as a line of JSON; - is stdout."),
]


def run(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help=(
                "A file, a picture, rtsp://, rtmp://, http(s):// (HLS, TS), udp://, srt://, "
                "/dev/video0, lavfi:PATTERN; name=SOURCE to name it."
            ),
        ),
    ],
    profile: Profile = "embedded",
    overrides: Override = None,
    mqtt: Mqtt = None,
    jsonl: Jsonl = None,
    pace: Annotated[
        Literal["auto", "realtime", "fast"] | None,
        typer.Option(help="Files: in real time (auto, realtime) or as fast as they can be read."),
    ] = None,
    subject: Annotated[
        Literal["main", "all"] | None, typer.Option(help="Read the one longest seen, or everyone.")
    ] = None,
    enrol: Annotated[
        Path | None,
        typer.Option(metavar="PICTURE", help="Read whom this picture shows, as `subject`."),
    ] = None,
    transcript: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=(
                "Do not listen: these are the words of the one file that is read. Records of "
                "`subface transcribe --format jsonl`, or captions (.vtt, .srt)."
            ),
        ),
    ] = None,
    for_s: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=0.1, help="Stop after so long.")
    ] = None,
    annotated: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT.mp4",
            help=(
                "Write the video with people, keypoints and readings drawn on it; with several "
                "sources one each, OUT.NAME.mp4."
            ),
            dir_okay=False,
        ),
    ] = None,
    captions: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT.vtt",
            help="Write what is said as WebVTT; with several sources one each, OUT.NAME.vtt.",
            dir_okay=False,
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show no readings and no summary on stderr.")
    ] = False,
) -> None:
    """Watch sources and publish readings until they end.

    Files end; live sources are reopened when they break. Ctrl-C finishes what was read.

    Examples: subface run interview.mp4 --pace fast --jsonl out.jsonl

    subface run left=rtsp://10.0.0.4/live right=rtsp://10.0.0.5/live --mqtt mqtts://reader@broker
    """
    from stream.commands.run import RunOptions
    from stream.commands.run import run as work

    options = RunOptions(
        sources=sources,
        profile=profile,
        overrides=overrides or [],
        mqtt=mqtt,
        jsonl=jsonl,
        pace=pace,
        subject=subject,
        enrol=enrol,
        transcript=transcript,
        for_s=for_s,
        annotated=annotated,
        captions=captions,
        quiet=quiet,
    )
    raise typer.Exit(work(options))


def demo(
    jsonl: Jsonl = None,
    pace: Annotated[
        Literal["auto", "realtime", "fast"], typer.Option(help="auto plays it in real time.")
    ] = "auto",
) -> None:
    """Watch a sample clip with the embedded profile and a broker of its own.

    The clip is a montage of a real face and real human speech out of pinned packages, assembled
    on the first call.
    """
    from stream.commands.demo import demo as work

    raise typer.Exit(work(jsonl=jsonl, pace=pace))


def check(
    sources: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...")] = None,
    profile: Profile = "embedded",
    overrides: Override = None,
    mqtt: Mqtt = None,
    show: Annotated[
        bool, typer.Option("--show", help="Print the whole profile as YAML on stdout.")
    ] = False,
) -> None:
    """Say what is wrong and how to mend it: configuration, models, engines, sources, broker."""
    from stream.commands.check import check as work

    raise typer.Exit(
        work(
            sources=sources or [],
            profile=profile,
            overrides=overrides or [],
            mqtt=mqtt,
            show=show,
        )
    )


def watch(
    mqtt: Annotated[
        str, typer.Option(metavar="URL", help="The broker; `subface run` prints its own.")
    ] = "mqtt://127.0.0.1:1883",
    site: Annotated[str, typer.Option(help="Only this site; + for all.")] = "+",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every record as a line of JSON.")
    ] = False,
    for_s: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=0.1, help="Stop after so long.")
    ] = None,
    profile: Profile = "embedded",
    overrides: Override = None,
) -> None:
    """Subscribe to a broker and show readings, and what was said, as they come.

    The profile gives the login and the certificates: mqtt.password_env, mqtt.ca_file.
    """
    from stream.commands.watch import watch as work
    from stream.profile import load_profile

    config = load_profile(profile, overrides or []).mqtt
    raise typer.Exit(work(mqtt, site=site, as_json=as_json, for_s=for_s, config=config))


def transcribe(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="As in `subface run`: a file, a stream, a device."),
    ],
    out_format: Annotated[
        Literal["text", "vtt", "jsonl"] | None,
        typer.Option(
            "--format",
            help="A line an utterance, captions or records; by default as --out is named, or text.",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where to; - is stdout.", dir_okay=False)
    ] = Path("-"),
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FOLDER", help="A Whisper model, or a folder that CTranslate2 reads."
        ),
    ] = None,
    language: Annotated[
        str | None, typer.Option(metavar="xx", help="Such as en; by default it is detected.")
    ] = None,
    pace: Annotated[
        Literal["realtime", "fast"],
        typer.Option(help="Files: in real time, or as fast as they can be heard."),
    ] = "fast",
    for_s: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=0.1, help="Stop after so long.")
    ] = None,
    profile: Profile = "embedded",
    overrides: Override = None,
) -> None:
    """Write what is said in a file or a stream; nobody is looked at, nothing is published.

    A line is written when it no longer changes. Ctrl-C finishes what was heard.

    Examples: subface transcribe interview.mp4

    subface transcribe rtsp://10.0.0.4/live --language de --format vtt --out live.vtt
    """
    from stream.commands.transcribe import TranscribeOptions
    from stream.commands.transcribe import transcribe as work

    options = TranscribeOptions(
        source=source,
        format=out_format,
        out=out,
        model=model,
        language=language,
        profile=profile,
        overrides=overrides or [],
        pace=pace,
        for_s=for_s,
    )
    raise typer.Exit(work(options))


compare = typer.Typer(
    help="Hold two ways to look at the same clip against each other.", no_args_is_help=True
)


@compare.command("keypoints")
def compare_keypoints(
    first: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help=(
                "holistic, openpose:FOLDER, a whole-body model of `subface models list`, or a "
                "profile's name or file; behind it ,key=value for its keypoints: "
                "holistic,smooth=false."
            ),
        ),
    ],
    second: Annotated[str, typer.Argument(metavar="B", help="The other, named in the same way.")],
    clip: Annotated[str, typer.Argument(metavar="CLIP", help="A file or a picture.")],
    profile: Annotated[
        str,
        typer.Option(
            "--profile",
            "-p",
            metavar="NAME|FILE",
            help="How the clip is read and by what else it is looked at.",
        ),
    ] = "embedded",
    overrides: Override = None,
    every: Annotated[
        int, typer.Option(metavar="K", min=1, help="Look at every k-th frame only.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Print how two keypoint networks differ on a clip, and what that does to a reading.

    Distances are in shoulder widths, by part; both see the same frames, as fast as they can.

    Example: subface compare keypoints holistic openpose:recorded/0047 0047.mp4
    """
    from stream.commands.compare_keypoints import CompareOptions
    from stream.commands.compare_keypoints import compare_keypoints as work

    options = CompareOptions(
        first=first,
        second=second,
        clip=clip,
        profile=profile,
        overrides=overrides or [],
        every=every,
        as_json=as_json,
    )
    raise typer.Exit(work(options))


def schema(
    bench: Annotated[
        bool, typer.Option("--bench", help="That of a report of `subface bench --json`.")
    ] = False,
) -> None:
    """Print the JSON Schema of every record."""
    from stream.commands.schema import schema as work

    raise typer.Exit(work(bench=bench))


def calibrate(
    precision: Annotated[
        Literal["bf16", "fp16", "int8"],
        typer.Argument(metavar="PRECISION", help="bf16, fp16 or int8.", show_default=False),
    ],
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="As in `subface run`: what your cameras show, a few minutes of it.",
        ),
    ],
    profile: Profile = "embedded",
    overrides: Override = None,
    models: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this network; may be repeated."),
    ] = None,
    inputs: Annotated[
        int,
        typer.Option(
            "--frames",
            min=16,
            metavar="N",
            help="Of each network the N inputs that differ most; two in five are held out.",
        ),
    ] = 200,
    for_s: Annotated[
        float | None,
        typer.Option("--for", metavar="SECONDS", min=0.1, help="Look at each source for so long."),
    ] = None,
    limits: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What must be kept; by default configs/precision.yaml."),
    ] = None,
    keep_pictures: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep what the networks were given: pictures of people. Otherwise none is kept.",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write report.md, report.json and pictures of where both differ most.",
        ),
    ] = None,
) -> None:
    """Make networks faster by less exact arithmetic, and admit those that still do their task.

    Looks at the sources with the profile's networks in f32, keeps the most different inputs of
    each, makes each network in the precision (int8: ranges read off the first three fifths), and
    holds it against f32 on the rest: boxes by F1 and IoU, points in shoulder widths, vectors by
    cosine and nearest neighbour, classes by agreement. A network that fails keeps f32.

    bf16 is the processor's own arithmetic and needs no file; fp16 is for NVIDIA's cards; fp16 and
    int8 need `make build-env`. Nothing is used before a profile asks for it:
    perception.runtime.precision.

    Examples: subface calibrate bf16 interview.mp4

    subface calibrate int8 rtsp://10.0.0.4/live --for 300 --report int8-report
    """
    from stream.commands.calibrate import CalibrateOptions
    from stream.commands.calibrate import calibrate as work

    options = CalibrateOptions(
        precision=precision,
        sources=sources,
        profile=profile,
        overrides=overrides or [],
        models=models or [],
        inputs=inputs,
        for_s=for_s,
        limits=limits,
        keep_pictures=keep_pictures,
        report=report,
    )
    raise typer.Exit(work(options))
