"""Who made what, while siblings change one stock at the same time."""

from __future__ import annotations

import pytest

from rao_lab.environments.textcraft.stock import Change, Stock
from rao_lab.errors import RecordError


def test_parallel_siblings_do_not_take_each_others_credit():
    # 0.0 and 0.1 run at once. 0.0 makes 2 rope and 0.1 eats them; then 0.1 makes 3 rope.
    stock = Stock({"hemp": 10})
    for path in ("0", "0.0", "0.1"):
        stock.open(path)
    before = stock.have("rope")
    stock.book("0.0", {"hemp": -2, "rope": 2})
    stock.book("0.1", {"rope": -2, "net": 1})
    assert stock.have("rope") - before == 0  # "stock now minus stock then" says that 0.0 made nothing
    assert stock.net("0.0", "rope") == 2
    stock.book("0.1", {"hemp": -3, "rope": 3})
    assert stock.have("rope") - before == 3  # and now that it made 3
    assert stock.net("0.0", "rope") == 2
    assert stock.net("0.1", "rope") == 1
    assert stock.net("0", "rope") == 3


def test_changes_count_for_all_nodes_above_and_for_no_other():
    stock = Stock({})
    for path in ("0", "0.1", "0.1.0", "0.10"):
        stock.open(path)
    stock.book("0.1.0", {"rope": 4})
    assert [stock.net(path, "rope") for path in ("0", "0.1", "0.1.0", "0.10")] == [4, 4, 4, 0]


def test_changes_before_a_node_started_are_not_its_own():
    stock = Stock({"rope": 7})
    stock.open("0")
    stock.book("0", {"rope": 1})
    stock.open("0.0")
    assert stock.net("0.0", "rope") == 0


def test_every_change_is_stamped_with_its_node():
    stock = Stock({"hemp": 1})
    stock.open("0")
    stock.open("0.0")
    stock.book("0.0", {"hemp": -1, "rope": 1})
    assert stock.changes == [Change("0.0", "hemp", -1), Change("0.0", "rope", 1)]
    assert stock.counts == {"rope": 1}


def test_the_stock_never_falls_below_zero():
    stock = Stock({"hemp": 1, "tar": 5})
    stock.open("0")
    with pytest.raises(RecordError, match="takes 2 'hemp' of 1"):
        stock.book("0", {"tar": -1, "hemp": -2})
    assert stock.counts == {"hemp": 1, "tar": 5}


def test_a_node_starts_once_and_before_it_changes_anything():
    stock = Stock({})
    stock.open("0")
    with pytest.raises(RecordError, match="already"):
        stock.open("0")
    with pytest.raises(RecordError, match="never started"):
        stock.book("0.0", {"rope": 1})
    with pytest.raises(RecordError, match="never started"):
        stock.net("0.0", "rope")
