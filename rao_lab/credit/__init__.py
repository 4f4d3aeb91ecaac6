"""Who earned what: reward, advantage and weight of every node of a step (the paper's equations 1, 3 and 4)."""

from rao_lab.credit.attribution import WHY_NOT, Attribution, Attributions
from rao_lab.credit.config import CreditConfig
from rao_lab.credit.equations import ShareBy, attribute, attribute_table
from rao_lab.credit.rule import CreditNodes, Rule, RuleFunction
from rao_lab.credit.table import NodeTable, signal, tabulate
