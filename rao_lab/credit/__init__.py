"""Who earned what: the rewards, advantages and weights of a step's nodes (equations 1, 3 and 4)."""

from rao_lab.credit.attribution import WHY_NOT, Attribution, Attributions
from rao_lab.credit.config import CreditConfig
from rao_lab.credit.equations import ShareBy, attribute, attribute_table
from rao_lab.credit.table import NodeTable, signal, tabulate
