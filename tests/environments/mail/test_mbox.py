"""A mailbox of one's own: whatever it holds, no message is lost, and what is wrong is said in a line."""

from __future__ import annotations

import gzip
import json
import mailbox
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path
from time import process_time

import pytest

import rao_lab as rl
from rao_lab.environments.mail.letter import letter, without_tags
from rao_lab.environments.mail.mbox import read_mail
from rao_lab.environments.named import open_named
from rao_lab.errors import ConfigError, InputError, MissingError

PLAIN = (
    b"From: Ann <ann@a.example>\nTo: me\nDate: Tue, 5 Mar 2024 23:30:00 -0800\nSubject: Rent\n\nIt is 900.\n"
)
PDF = b"QUJD" * 19 + b"\n"
SENT = b"From ann@a.example Wed Mar  6 07:30:00 2024\n"


def written(folder: Path, *messages: bytes, name: str = "in.mbox") -> Path:
    path = folder / name
    path.write_bytes(b"\n".join(SENT + message for message in messages))
    return path


def asked(folder: Path, *lines: object) -> Path:
    path = folder / "asked.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


RENT = {"question": "How much is the rent?", "answer": [900, "nine hundred"]}


def test_what_the_mailbox_module_writes_is_read_whole(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "in.mbox")
    for number in range(3):
        message = EmailMessage()
        message["From"], message["Date"] = (
            f"Zoë Ünal <zoe{number}@a.example>",
            "Fri, 01 Mar 2024 10:00:00 +0000",
        )
        message["Subject"], message["Message-ID"] = f"Café № {number}", f"<{number}@a.example>"
        message.set_content(f"Hello,\nFrom here all is well: {number}\n")
        message.add_alternative("<p>No</p>", subtype="html")
        message.add_attachment(
            b"%PDF" * 300_000, maintype="application", subtype="pdf", filename=f"Plän {number}.pdf"
        )
        box.add(message)
    box.close()
    found = read_mail(tmp_path / "in.mbox")
    assert found.described == "3 messages of in.mbox"
    text = found.mailbox.text(2)
    assert text.startswith("From: Zoë Ünal <zoe1@a.example>\n") and "Subject: Café № 1\n" in text
    assert "Attachments: Plän 1.pdf\n" in text and text.endswith("Hello,\nFrom here all is well: 1")
    assert found.mailbox.search("plän 2")[0] == 3 and found.mailbox.heads[1].key == "1@a.example"
    (tmp_path / "in.mbox.gz").write_bytes(gzip.compress((tmp_path / "in.mbox").read_bytes()))
    assert read_mail(tmp_path / "in.mbox.gz").digest == found.digest


ODD = {
    "latin": (
        b"Subject: Caf\xe9\nDate: 5 Mar 2024 10:00 +0000\n\nna\xefve \x93quoted\x94\n",
        "Subject: Café",
        "naïve “quoted”",
    ),
    "wrong charset": (b"Content-Type: text/plain; charset=klingon\n\nf\xc3\xbcr\n", "From: \n", "für"),
    "slow charset": (b"Content-Type: text/plain; charset=punycode\n\nabc-\n", "From: \n", "abc-"),
    "bad base64": (b"Content-Transfer-Encoding: base64\n\nSGVsbG8gd29ybGQ\n", "From: \n", "Hello wor"),
    "html alone": (
        b"Content-Type: text/html\n\n<style>p{}</style><p>The code&nbsp;is <b>B412</b></p><script>x<1</script><p>End",
        "From: \n",
        "The code is B412\nEnd",
    ),
    "no head": (b"\njust words\n", "From: \n", "just words"),
    "empty": (b"\n", "From: \n", ""),
    "no date": (b"Date: soon\nSubject: x\n\ny", "Date: 2024-03-06", "y"),
    "escaped": (b"Subject: x\n\n>From here\n>>From there\n", "Subject: x", "From here\n>From there"),
    "acting": (
        b"Subject: =?utf-8?q?a=1b[2J=E2=80=AEb?=\n\nx\x00\x1b[31m\xe2\x80\xae",
        "Subject: a",
        "x␀␛[31m⟨202E⟩",
    ),
    "torn word": (b"Subject: =?utf-8?b?////?= =?x?q?=ff?=\n\nz", "Subject: ÿÿÿÿ", "z"),
    "unfinished": (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\npart one\n--b\nContent-Type: te",
        "",
        "part one",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_message_is_kept(name: str, tmp_path: Path) -> None:
    raw, head, text = ODD[name]
    found = read_mail(written(tmp_path, PLAIN, raw, PLAIN))
    assert len(found.mailbox) == 3
    assert head in found.mailbox.text(2) and text in found.mailbox.text(2).partition("\n\n")[2]
    assert "It is 900." in found.mailbox.text(3)
    assert found.mailbox.heads[0].date == "2024-03-05"


def test_what_the_email_package_cannot_read_is_kept_as_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000))
    found, _ = letter(deep + b"\nthe end\n")
    assert found.text
    found, _ = letter(b"Content-Type: text/plain; charset*=%ff''%00\nSubject: \xff\n\nwords\n")
    assert "words" in found.text
    assert letter(b"", "From x nothing")[1] == ["without a date"]


def test_what_is_no_mail_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "empty.mbox").write_bytes(b"")
    (tmp_path / "blank.mbox").write_bytes(b"\n\n\n")
    (tmp_path / "book.txt").write_bytes(b"\nCall me Ishmael.\n\nFrom then on\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5000))
    (tmp_path / "cut.gz").write_bytes(gzip.compress(SENT + PLAIN)[:60])
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain.mbox.gz").write_bytes(SENT + PLAIN)
    for name, kind, words in (
        ("empty.mbox", InputError, "empty.mbox holds no messages"),
        ("blank.mbox", InputError, "blank.mbox holds no messages"),
        ("book.txt", InputError, "book.txt is no mbox: its first line must begin with 'From '"),
        ("picture.png", InputError, "is no mbox"),
        ("cut.gz", InputError, "cut.gz cannot be read"),
        ("plain.mbox.gz", InputError, "plain.mbox.gz is no gzip file: rename it, or zip it again"),
        ("none.mbox", MissingError, "no file .*none.mbox"),
        ("a" * 5000, InputError, "cannot be read: File name too long"),
        ("a\0b", InputError, "cannot be read: embedded null byte"),
        ("folder", MissingError, "no messages in the folder .*folder: .eml or .mbox files, or a Maildir"),
    ):
        with pytest.raises(kind, match=words) as refused:
            read_mail(tmp_path / name)
        assert "\n" not in str(refused.value)
    with pytest.raises(ConfigError, match="a path of a file is due, not 3"):
        read_mail(3)  # type: ignore[arg-type]


def test_a_folder_of_messages_is_a_mailbox(tmp_path: Path) -> None:
    for name in ("a.eml", "sub/cur/1234.host:2,S", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(PLAIN)
    written(tmp_path, PLAIN, PLAIN, name="old.mbox")
    assert len(read_mail(tmp_path).mailbox) == 4
    assert len(read_mail(tmp_path / "a.eml").mailbox) == 1


LINES = (
    b"From here on it is quiet.",
    b"From 10:30 on, 5 March 2024, the office is closed: 2024",
    b"From Monday 4 March 2024 10:00 on",
    b"From my side, see you on Wed Mar  6 07:30:00 2024",
    b"From ann@a.example",
    b"From",
)
BEGIN = (
    SENT,
    b"From - Wed Mar 06 07:30:00 2024\r\n",
    b"From 1792@xxx Tue Mar 05 10:00:00 +0000 2024\n",
    b"From ???@??? Tue Mar 05 10:00:00 2024 +0100\n",
    b"From ann at a.example  Tue Mar  5 10:00:00 2024\n",
    b"From 1f2e3d Mon Sep 17 00:00:00 2001\n",
    b"From ann Tue Mar  5 10:00 PST 2024\n",
    b'From "Ann B"@a.example Tue, 5 Mar 2024 10:00:00 +0000\n',
    b"From ann 2024-03-05T10:00:00Z\n",
)


def test_only_a_sender_with_a_time_begins_a_message(tmp_path: Path) -> None:
    """The mailbox module splits at any "From ", and so loses what stands on the line."""
    body = b"Subject: x\n\n" + b"\n\n".join(LINES) + b"\n"
    (tmp_path / "in.mbox").write_bytes(b"\n".join(line + body for line in BEGIN))
    found = read_mail(tmp_path / "in.mbox")
    assert found.described == f"{len(BEGIN)} messages of in.mbox"
    for number in range(1, len(BEGIN) + 1):
        assert found.mailbox.text(number).endswith("\n\n" + b"\n\n".join(LINES).decode())
    theirs = mailbox.mbox(tmp_path / "in.mbox")
    assert len(theirs) > len(BEGIN)
    theirs.close()
    (tmp_path / "bare.mbox").write_bytes(b"\n".join(b"From \n" + PLAIN for _ in range(3)))
    assert len(read_mail(tmp_path / "bare.mbox").mailbox) == 3  # a file without any time


def test_every_message_of_an_id_holds_the_answer(tmp_path: Path) -> None:
    keyed = PLAIN.replace(b"To: me", b"Message-ID: <7@a>")
    later = keyed.replace(b"5 Mar", b"7 Mar").replace(b"23:30:00 -0800", b"10:00:00 +0000")
    box = written(tmp_path, keyed, b"Date: 6 Mar 2024 10:00 +0000\n\nno", later)
    env = rl.environments.Mail.from_mbox(box, asked(tmp_path, {**RENT, "message": "7@a"}))
    world = env.open(env.tasks("test")[0])
    world.enter("0", world.root())
    for path, day, right in (("0.0", "05", 900), ("0.1", "06", None), ("0.2", "07", 900)):
        days = {"after": f"2024-03-{day}", "before": f"2024-03-{day}"}
        world.enter(path, world.admit("0", (RENT["question"],), days))
        assert world.leave(path, right) == rl.Score(1.0)
        assert world.leave(path, 901) == rl.Score(0.0)


def test_fields_that_mean_nothing_are_said_once(tmp_path: Path) -> None:
    lines = [{**RENT, "author": "me"}, {"question": "Who?", "answer": "Ann", "author": "I", "page": 2}]
    with pytest.warns(UserWarning, match="fields that mean nothing here: 'author', 'page'$") as heard:
        rl.environments.Mail.from_mbox(written(tmp_path, PLAIN), asked(tmp_path, *lines))
    assert len(heard) == 1


def test_questions_are_run_scored_and_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    keyed = PLAIN.replace(b"To: me", b"Message-ID: <7@a>")
    box = written(tmp_path, keyed, b"Subject: undated\n\nnothing")
    tasks = asked(
        tmp_path, {**RENT, "message": "<7@a>"}, {"question": "Who wrote?", "answer": "Ann", "id": "who"}
    )
    env = rl.environments.Mail.from_mbox("in.mbox", "asked.jsonl")
    assert repr(env) == "Mail(2 messages of in.mbox, 2 questions)" and env.difficulties == ["file"]
    rent, who = env.tasks("test")
    assert (rent.id, who.id, who.split) == ("asked.jsonl/1", "who", "file")
    world = env.open(rent)
    world.enter("0", world.root())
    assert [world.leave("0", value).success for value in ("€900", 900, "nine hundred", 901, None)] == [
        1,
        1,
        1,
        0,
        0,
    ]
    for path, days, right in (("0.0", {"before": "2024-03-05"}, 900), ("0.1", {"after": "2024-03-06"}, None)):
        world.enter(path, world.admit("0", (RENT["question"],), days))
        assert world.leave(path, right) == rl.Score(1.0)
    [_], [read], [finish] = env.flat_plan(rent)
    assert (read.args, finish.args) == ((1,), (900,)) and "It is 900." in read.result
    assert len(env.flat_plan(who)) == 2 and env.labels(who) == {"topic": "own", "letters": 1}
    opened = dict(env.opened)
    again = open_named("mail", "chat", opened["difficulty"], box, tasks, opened["settings"])
    assert again.opened["digest"] == opened["digest"] and again.open(rent)
    tasks = asked(tmp_path, {**RENT, "answer": 901})
    with pytest.raises(InputError, match="belongs to another mailbox, or to other questions"):
        rl.environments.Mail.from_mbox(box, tasks).open(rent)
    with pytest.raises(
        InputError, match=r"has no mailbox that is made; if it is of files, give them \(--data"
    ):
        rl.environments.Mail().open(rent)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "holds no questions: write"),
        (["{"], "line 1: "),
        ([RENT, "[]"], "line 2 must be an object such as"),
        ([{"text": "Why?", "answer": 1}], 'line 1 has no "question" or "goal": it has text, answer'),
        ([{"question": 5, "answer": 1}], 'line 1: "question" must be a text, not 5'),
        ([{**RENT, "message_id": "8@a"}], "line 1 has a field 'message_id': did you mean 'message'\\?"),
        ([RENT, {"question": "Why?"}], 'line 2 has no "answer": it has question; give it, or "answer": null'),
        ([{"question": "Why?", "answer": []}], 'line 1: "answer" must list 1 to 100 right answers, not 0'),
        ([{"question": "Why?", "answer": ""}], "line 1: an answer must be a text or a number, not ''"),
        ([{"question": "Why?", "answer": {"a": 1}}], "line 1: an answer must be"),
        ([{"question": "Why?", "answer": [True]}], "line 1: an answer must be"),
        ([{"question": " ", "answer": 1}], 'line 1: "question" is empty'),
        ([{"question": "a" * 3000, "answer": 1}], "has 3,000 characters: at most 2,000 are read"),
        ([{**RENT, "id": 3}], 'line 1: "id" must be a text, not 3'),
        ([{**RENT, "message": "8@a"}], "line 1: no message has the Message-ID '8@a'"),
        ([RENT, RENT], "line 2 asks what line 1 asks"),
        (
            [{**RENT, "id": "a"}, {"question": "Why?", "answer": 1, "id": "a"}],
            "line 2 has the id 'a', as line 1 has",
        ),
    ],
)
def test_bad_questions_are_refused_in_a_line(lines: list[object], words: str, tmp_path: Path) -> None:
    box = written(tmp_path, PLAIN)
    with pytest.raises(InputError, match=words) as refused:
        rl.environments.Mail.from_mbox(box, asked(tmp_path, *lines))
    assert "\n" not in str(refused.value) and "asked.jsonl" in str(refused.value)


def test_what_is_odd_is_counted(tmp_path: Path) -> None:
    names = ("latin", "wrong charset", "bad base64", "html alone", "torn word", "no date", "escaped")
    found = read_mail(
        written(tmp_path, PLAIN, *(ODD[name][0] for name in names), "Subject: Café\n\nfür".encode())
    )
    assert found.described == "9 messages of in.mbox, 4 in a broken encoding, 1 in HTML alone"


def test_questions_of_splits_share_no_task(tmp_path: Path) -> None:
    lines = asked(tmp_path, RENT, {"question": "Who?", "answer": 1, "split": "train"})
    with pytest.warns(UserWarning, match="1 line without a split belongs to test alone"):
        env = rl.environments.Mail.from_mbox(written(tmp_path, PLAIN), lines)
    assert [[task.id for task in env.tasks(split)] for split in ("train", "dev", "test")] == [
        *(["asked.jsonl/2"], [], ["asked.jsonl/1"])
    ]


def test_a_hostile_head_is_read_in_time() -> None:
    many = 100_000
    for head in (
        b"Subject: " + b"=?utf-8?q?a?= " * many,
        b"Content-Type: multipart/mixed; " + b"a=b; " * many,
        b"Content-Disposition: attachment; "
        + b"".join(b"filename*%d=a; " % number for number in range(many)),
    ):
        began = process_time()
        assert letter(head + b"\n\nwords\n")[0].text in ("words", "")
        assert process_time() - began < 5  # unbounded they take minutes


def test_tags_are_taken_out_in_time() -> None:
    assert without_tags("a<br>b &amp; c<p><i>d</i>") == "a\nb & c\nd"
    for hostile in ("<" * 500_000, "<script>" * 60_000, "<!--" * 100_000, "<a " * 200_000, "&" * 500_000):
        without_tags(hostile)


@pytest.mark.slow
def test_a_hundred_megabytes_take_little_memory(tmp_path: Path) -> None:
    attached = (
        b"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n" + PDF * 30_000
    )
    with (tmp_path / "big.mbox").open("wb") as file:
        for number in range(2500):
            file.write(SENT + PLAIN + b"word%d " % number * 3000 + b"\n\n")
        for _ in range(20):
            file.write(SENT + b"Subject: big\n" + attached + b"\n\n")
    assert (tmp_path / "big.mbox").stat().st_size > 100e6
    code = (
        "import resource\nfrom rao_lab.environments.mail.mbox import read_mail\n"
        "box = read_mail('big.mbox').mailbox\n"
        "assert len(box) == 2520 and box.search('word1234') == [1235], box.search('word1234')\n"
        "assert box.heads[-1].attachments == ('a.pdf',)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 150_000  # KiB; an interpreter with all that is imported takes 30,000
