"""What the letters of a made mailbox are about: how a thing is said, corrected and asked for, and read out again."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

Maker = Callable[[Random], str]


def amount(rng: Random) -> str:
    return f"{rng.randint(40, 2400)}.{rng.choice(('20', '50', '80'))}"


def room(rng: Random) -> str:
    return f"{rng.choice('ABCDEF')}{rng.randint(101, 640)}"


def code(rng: Random) -> str:
    return str(rng.randint(100_000, 999_999))


def booking(rng: Random) -> str:
    return "".join(rng.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(4)) + str(rng.randint(10, 99))


def clock(rng: Random) -> str:
    return f"{rng.randint(6, 21):02d}:{rng.choice(range(0, 60, 5)):02d}"


def day(rng: Random) -> str:
    month = rng.choice(("February", "March", "May", "June", "September", "October", "November"))
    return f"{rng.randint(1, 28)} {month} {rng.randint(2025, 2027)}"


def phone(rng: Random) -> str:
    return f"0{rng.randint(151, 189)} {rng.randint(1000, 9999)} {rng.randint(100, 999)}"


def people(rng: Random) -> str:
    return str(rng.randint(4, 58))


def place(rng: Random) -> str:
    first = ("Golden", "Old", "White", "Little", "Blue", "Silver", "Green", "Merry")
    return f"{rng.choice(first)} {rng.choice(('Lion', 'Mill', 'Anchor', 'Garden', 'Bridge', 'Star', 'Oak', 'Swan'))}"


def file(rng: Random) -> str:
    return f"{rng.choice(('scan', 'draft', 'final', 'copy'))}_{rng.randint(1000, 9999)}.pdf"


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of letter. Its sentences hold {thing} and {value}, its questions {who} and {thing}."""

    name: str
    subject: str
    says: tuple[str, ...]
    corrects: str
    asks: tuple[str, ...]
    value: Maker
    things: tuple[tuple[str, str], ...]
    """Each as letters call it, and in other words."""
    attached: bool = False
    """The value is the name of a file that comes with the letter."""


_JOBS = (
    *(
        ("roof repair", "work on the roof"),
        ("garden fence", "new fence"),
        ("piano tuning", "work on the piano"),
    ),
    *(("kitchen tiles", "new floor of the kitchen"), ("chimney sweeping", "cleaning of the chimney")),
    *(("window frames", "frames of the windows"), ("heating check", "yearly look at the boiler")),
    *(("shed door", "door of the garden house"), ("wall painting", "new colour of the walls")),
)
_MATTERS = (
    *(("spring budget", "money for the spring"), ("new website", "internet pages"), ("staff survey", "poll")),
    *(("library move", "new home of the books"), ("harvest fair", "market in autumn")),
    *(("bicycle scheme", "plan for cyclists"), ("data contract", "agreement on data")),
    *(("summer course", "lessons in July"), ("lab safety", "safety in the laboratory")),
)
_DOORS = (
    *(
        ("bicycle shed", "place for the bikes"),
        ("back door", "rear entrance"),
        ("archive room", "room of the old files"),
    ),
    *(("guest network", "wireless for visitors"), ("letter box", "box for the post")),
    *(("parking gate", "barrier of the car park"), ("music room", "room with the drums")),
)
_TOWNS = (
    *(("Bergen", "Norway"), ("Graz", "Austria"), ("Porto", "Portugal"), ("Ghent", "Belgium")),
    *(("Tartu", "Estonia"), ("Basel", "Switzerland"), ("Turin", "Italy"), ("Galway", "Ireland")),
)
_FEASTS = (
    *(("team dinner", "meal of the team"), ("choir evening", "night with the singers")),
    *(("farewell lunch", "goodbye at noon"), ("birthday party", "feast for another year")),
    *(
        ("reading group", "circle of readers"),
        ("garden day", "day outdoors"),
        ("film night", "evening with a film"),
    ),
)
_CRAFTS = (
    *(
        ("plumber", "one for the pipes"),
        ("electrician", "one for the wires"),
        ("gardener", "one for the hedges"),
    ),
    *(("translator", "one for other languages"), ("locksmith", "one for locks")),
    *(("piano teacher", "one for lessons on the piano"), ("tax adviser", "one for the taxes")),
)

TOPICS = (
    Topic(
        "invoice",
        "Invoice: {thing}",
        ("The total for the {thing} is {value} euros.", "For the {thing} I have to ask {value} euros."),
        "For the {thing} it is now {value} euros, please forget the other sum.",
        ("How many euros does {who} ask for the {thing}?", "What sum does {who} want for the {thing}?"),
        amount,
        _JOBS,
    ),
    Topic(
        "room",
        "Meeting: {thing}",
        ("We talk about the {thing} in room {value}.", "Room {value} is booked for our talk on the {thing}."),
        "For the {thing} we have to go to room {value} instead.",
        ("In which room does {who} want to talk about the {thing}?",),
        room,
        _MATTERS,
    ),
    Topic(
        "code",
        "The {thing}",
        ("The code of the {thing} is {value}.", "You open the {thing} with {value}."),
        "They have changed the code of the {thing}, it is {value} from now on.",
        (
            "What is the code of the {thing} that {who} knows?",
            "With which code, says {who}, opens the {thing}?",
        ),
        code,
        _DOORS,
    ),
    Topic(
        "train",
        "Your train to {thing}",
        ("The train to {thing} leaves at {value}.", "Be at the station for {thing} before {value}."),
        "The railway has changed the train to {thing}, it leaves at {value}.",
        ("When does the train to {thing} leave that {who} found?",),
        clock,
        _TOWNS,
    ),
    Topic(
        "booking",
        "Hotel in {thing}",
        ("The hotel in {thing} is booked under {value}.", "Your booking number for {thing} is {value}."),
        "I had to book again in {thing}, the new number is {value}.",
        ("Under which number did {who} book the hotel in {thing}?",),
        booking,
        _TOWNS,
    ),
    Topic(
        "deadline",
        "Dates: {thing}",
        ("Everything for the {thing} is due on {value}.", "I need your part of the {thing} by {value}."),
        "We have other dates for the {thing}, all is due on {value}.",
        ("By which day does {who} need everything for the {thing}?",),
        day,
        _MATTERS,
    ),
    Topic(
        "place",
        "Where: {thing}",
        ("The {thing} takes place at the {value}.", "I booked the {value} for the {thing}."),
        "The {thing} has to move, we meet at the {value}.",
        ("Where, says {who}, does the {thing} take place?", "Which house did {who} find for the {thing}?"),
        place,
        _FEASTS,
    ),
    Topic(
        "guests",
        "Guests: {thing}",
        ("We expect {value} people at the {thing}.", "For the {thing} {value} people have said yes."),
        "More news of the {thing}, we count {value} people now.",
        ("How many people does {who} expect at the {thing}?",),
        people,
        _FEASTS,
    ),
    Topic(
        "phone",
        "A good {thing}",
        ("You reach the {thing} at {value}.", "The number of the {thing} is {value}."),
        "The {thing} has a new number, it is {value}.",
        ("What is the telephone number of the {thing} that {who} recommends?",),
        phone,
        _CRAFTS,
    ),
    Topic(
        "file",
        "Papers: {thing}",
        ("All about the {thing} stands in the file that I send.", "I have put the {thing} on paper."),
        "There was a mistake in the papers on the {thing}, take this file instead.",
        ("What is the file called that {who} sent about the {thing}?",),
        file,
        _MATTERS,
        attached=True,
    ),
)


def _pattern(template: str, **known: str) -> re.Pattern[str]:
    """What reads a sentence back; what is not known is a group."""
    parts = re.split(r"\{(\w+)\}", template)
    names = (re.escape(known[name]) if name in known else f"(?P<{name}>.+?)" for name in parts[1::2])
    pairs = zip(parts[::2], [*names, "$"], strict=True)
    return re.compile("".join(re.escape(text) + name for text, name in pairs), re.MULTILINE)


_ASKED = [(topic, _pattern(ask)) for topic in TOPICS for ask in topic.asks]


def read_question(text: str) -> tuple[Topic, str, str] | None:
    """The topic of a question, whom it asks about, and the thing as letters call it; None if it is none of ours."""
    plain = " ".join(text.split())
    for topic, pattern in _ASKED:
        found = pattern.fullmatch(plain) if len(plain) <= 300 else None
        if found:
            for thing, other in topic.things:
                if found["thing"] in (thing, other):
                    return topic, found["who"], thing
    return None


def read_value(topic: Topic, thing: str, letter: str) -> str | None:
    """What a letter says of a thing by itself, not in what it quotes."""
    own = "\n".join(line for line in letter.splitlines() if not line.startswith(">"))
    for template in (*topic.says, topic.corrects):
        if found := _pattern(template, thing=thing).search(own):
            files = re.search(r"^Attachments: (.*)$", own, re.MULTILINE)
            return found["value"] if not topic.attached else files[1] if files else None
    return None
