"""Numbers and hints as people read and write them in a shell."""

import pytest

from mews_frames._cli.words import in_shell_words, read_duration, size_in_words
from mews_frames.errors import InvalidArgumentError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("90", 90),
        ("0", 0),
        ("1.5 s", 1.5),
        ("15min", 900),
        ("12h", 43200),
        ("7d", 604800),
    ],
)
def test_a_duration_is_read(text, seconds):
    assert read_duration("--max-age", text) == seconds


@pytest.mark.parametrize("text", ["", "-5", "5 weeks", "h", "1h30min", "nan", "inf"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(InvalidArgumentError, match="--max-age"):
        read_duration("--max-age", text)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (32_614_141, "32.6 MB"),
        (5 * 10**12, "5000.0 GB"),
    ],
)
def test_a_size_is_written_with_its_unit(size, words):
    assert size_in_words(size) == words


@pytest.mark.parametrize(
    ("python", "shell"),
    [
        (
            'pick it up with mf.load_export("3f-a6")',
            "pick it up with mews-frames export wait 3f-a6",
        ),
        ("mf.exports() lists them", "mews-frames export list lists them"),
        ('mf.load_entities("Bill", refresh=True)', "mews-frames load Bill --refresh"),
        (
            'mf.load_export("3f-a6", profile="sandbox") does too',
            "mews-frames export wait 3f-a6 --profile sandbox does too",
        ),
        (
            'mf.load_entities("Bill", refresh=True, profile="my-hotel")',
            "mews-frames load Bill --refresh --profile my-hotel",
        ),
        ('mf.exports(profile="my hotel")', 'mews-frames export list --profile "my hotel"'),
        ('mf.sync_entities("Bill") makes it', "mews-frames sync Bill makes it"),
        ("refresh=True for newer", "--refresh for newer"),
        ('profile="sandbox" needs none', "--profile sandbox needs none"),
        ("enterprise_ids=[...] narrows it", "--enterprise-id narrows it"),
        ("posted=(first, last) takes dates", "--posted FIRST LAST takes dates"),
    ],
)
def test_advice_can_be_followed_in_a_shell(python, shell):
    assert in_shell_words(python) == shell
