"""What the made-up encyclopedia tells of things: the kinds of things, and the relations between them.

A relation has one value for each subject. It is asked for in a question, named in a phrase that can stand inside
another question, and told in sentences. Each is a template with {x} for the subject and {o} for the value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

KINDS = ("person", "company", "product", "town", "province", "school", "book")
NUMBER = "number"
"""The kind of a value that is a whole number: a year, or how many people live somewhere."""


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation. The first question and the first phrase are those that questions are drawn with; the others are
    understood too."""

    name: str
    subjects: tuple[str, ...]
    """Kinds of its subjects."""
    value: str
    """The kind of its values."""
    questions: tuple[str, ...]
    phrases: tuple[str, ...]
    sentences: tuple[str, ...]
    word: str
    """What to search for beside the subject's name."""
    counted: str = ""
    """ "How many of {list} ... {v}?"; "" = it is not counted by."""
    orders: tuple[str, str] | None = None
    """ "Which of {list} ...?": of the smallest value and of the largest; None = it does not order things."""
    told_there: bool = False
    """Its sentence may stand in the article of the value, and nowhere else."""


_ALL = (
    Relation(
        "maker",
        ("product",),
        "company",
        ("Which company makes {x}?", "Who makes {x}?", "What company makes {x}?"),
        ("the company that makes {x}", "the maker of {x}"),
        (
            "{x} is made by {o}.",
            "{o} builds and sells {x}.",
            "Every {x} leaves the workshops of {o}.",
            "{x} comes from the workshops of {o}.",
        ),
        "made workshops",
        "are made by {v}",
        told_there=True,
    ),
    Relation(
        "founder",
        ("company",),
        "person",
        ("Who founded {x}?", "Which person founded {x}?"),
        ("the founder of {x}", "the person who founded {x}"),
        (
            "{x} was founded by {o}.",
            "{o} founded {x} with borrowed money.",
            "{x} goes back to {o}, who set it up.",
            "It was {o} who started {x}.",
        ),
        "founded started",
        told_there=True,
    ),
    Relation(
        "seat",
        ("company",),
        "town",
        ("In which town does {x} have its seat?", "Where does {x} have its seat?"),
        ("the town where {x} has its seat", "the seat of {x}"),
        (
            "{x} has its seat in {o}.",
            "The head office of {x} is in {o}.",
            "{x} is run from {o}.",
        ),
        "seat office",
        "have their seat in {v}",
    ),
    Relation(
        "founded",
        ("company", "school"),
        NUMBER,
        ("When was {x} founded?", "In which year was {x} founded?", "In what year was {x} founded?"),
        ("the year when {x} was founded", "the founding year of {x}"),
        (
            "{x} was founded in {o}.",
            "The founding of {x} dates from {o}.",
            "{x} opened its doors in {o}.",
        ),
        "founded founding opened",
        "were founded before {v}",
        ("was founded first", "was founded last"),
    ),
    Relation(
        "birthplace",
        ("person",),
        "town",
        ("In which town was {x} born?", "Where was {x} born?", "In what town was {x} born?"),
        ("the town where {x} was born", "the birthplace of {x}"),
        (
            "{x} was born in {o}.",
            "{x} came into the world in {o}.",
            "The cradle of {x} stood in {o}.",
            "{x} is a child of {o}.",
        ),
        "born cradle",
        "were born in {v}",
    ),
    Relation(
        "born",
        ("person",),
        NUMBER,
        ("When was {x} born?", "In which year was {x} born?", "In what year was {x} born?"),
        ("the year when {x} was born", "the birth year of {x}"),
        (
            "{x} was born in the year {o}.",
            "The birth of {x} fell in {o}.",
            "In {o} {x} was born.",
        ),
        "born birth year",
        "were born before {v}",
        ("was born first", "was born last"),
    ),
    Relation(
        "school",
        ("person",),
        "school",
        ("At which school did {x} study?", "Where did {x} study?"),
        ("the school where {x} studied", "the school of {x}"),
        (
            "{x} studied at {o}.",
            "{x} spent four years at {o}.",
            "{x} left {o} with honours.",
        ),
        "studied honours",
        "studied at {v}",
    ),
    Relation(
        "teacher",
        ("person",),
        "person",
        ("Who taught {x}?", "Who was the teacher of {x}?"),
        ("the teacher of {x}", "the person who taught {x}"),
        (
            "{x} was taught by {o}.",
            "{o} taught {x}.",
            "{x} learned the trade from {o}.",
        ),
        "taught learned",
        "were taught by {v}",
        told_there=True,
    ),
    Relation(
        "place",
        ("school",),
        "town",
        ("In which town does {x} stand?", "Where does {x} stand?"),
        ("the town where {x} stands", "the place of {x}"),
        (
            "{x} stands in {o}.",
            "The halls of {x} overlook {o}.",
            "{x} is the pride of {o}.",
        ),
        "stands halls pride",
        "stand in {v}",
    ),
    Relation(
        "head",
        ("school",),
        "person",
        ("Who heads {x}?", "Who is the head of {x}?"),
        ("the head of {x}", "the person who heads {x}"),
        (
            "{x} is headed by {o}.",
            "{o} heads {x}.",
            "The keys of {x} are in the hands of {o}.",
        ),
        "headed heads keys",
        told_there=True,
    ),
    Relation(
        "province",
        ("town",),
        "province",
        ("In which province does {x} lie?", "In which province is {x}?"),
        ("the province where {x} lies", "the province of {x}"),
        (
            "{x} lies in {o}.",
            "{x} belongs to {o}.",
            "{x} is a town of {o}.",
        ),
        "province lies belongs",
        "lie in {v}",
    ),
    Relation(
        "people",
        ("town",),
        NUMBER,
        ("How many people live in {x}?", "What is the population of {x}?"),
        ("the number of people in {x}", "the population of {x}"),
        (
            "{o} people live in {x}.",
            "{x} counts {o} people.",
            "{x} has {o} inhabitants.",
        ),
        "people inhabitants",
        "",
        ("has the fewest people", "has the most people"),
    ),
    Relation(
        "capital",
        ("province",),
        "town",
        ("Which town is the capital of {x}?", "What is the capital of {x}?"),
        ("the capital of {x}", "the town that is the capital of {x}"),
        (
            "The capital of {x} is {o}.",
            "{x} is governed from {o}.",
            "The parliament of {x} meets in {o}.",
        ),
        "capital governed parliament",
    ),
    Relation(
        "author",
        ("book",),
        "person",
        ("Who wrote {x}?", "Who is the author of {x}?"),
        ("the author of {x}", "the person who wrote {x}"),
        (
            "{x} was written by {o}.",
            "{o} wrote {x}.",
            "{x} is from the pen of {o}.",
        ),
        "written wrote pen",
        "were written by {v}",
        told_there=True,
    ),
    Relation(
        "appeared",
        ("book",),
        NUMBER,
        ("When did {x} appear?", "In which year did {x} appear?", "When was {x} published?"),
        ("the year when {x} appeared", "the year when {x} was published"),
        (
            "{x} appeared in {o}.",
            "The first edition of {x} is of {o}.",
            "{x} was first printed in {o}.",
        ),
        "appeared edition printed",
        "appeared before {v}",
        ("appeared first", "appeared last"),
    ),
)
RELATIONS: Mapping[str, Relation] = {each.name: each for each in _ALL}
