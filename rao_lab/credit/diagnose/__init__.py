"""Badges: what went wrong in the trees of a step, as facts about the records."""

from rao_lab.credit.diagnose.catalogue import BADGES, Badge
from rao_lab.credit.diagnose.config import BadgeConfig
from rao_lab.credit.diagnose.find import find_badges
from rao_lab.credit.diagnose.finding import Finding, Findings
from rao_lab.tree.serial import Serial, serial_awaits
