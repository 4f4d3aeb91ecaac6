"""Things that models write, and what each gets: a result, or one sentence of advice that works."""

from __future__ import annotations

import time

import pytest

from rao_lab.execution.sandbox import Sandbox
from rao_lab.execution.sandbox.advice import MODULES, advice, endless, remarks
from rao_lab.execution.sandbox.aio import with_ours
from tests.support.sandboxes import Node

F = "async def f(x):\n    if x == 'bad': raise ValueError('no')\n    return await launch(x)\n"
AIO = "import asyncio\n"
COUNT = "import itertools\n"
GATHER = "`await asyncio.gather(...)` runs calls together"

WORKS = (
    # (what it prints, code)
    ("['a', 'b']\n", AIO + "print(await asyncio.gather(launch('a'), launch('b')))"),
    ("['a', 'b']\n", AIO + "print(await asyncio.gather(launch('a'), launch('b'), return_exceptions=True))"),
    ("['a', ValueError('no')]\n", AIO + F + "print(await asyncio.gather(f('a'), f('bad'), return_exceptions=True))"),
    ("no\n", AIO + F + "try:\n    await asyncio.gather(f('bad'), f('a'))\nexcept ValueError as e:\n    print(e)"),
    ("a b\n", AIO +
     "t, u = asyncio.create_task(launch('a')), asyncio.create_task(launch('b'))\nprint(await t, await u)"),
    ("['a', 'b']\n", AIO + F + "ts = [asyncio.create_task(f(x)) for x in 'ab']\nprint(await asyncio.gather(*ts))"),
    ("a\n", AIO + "print(await asyncio.ensure_future(launch('a')))"),
    ("a\n", "import asyncio as aio\nprint(await aio.create_task(launch('a'), name='x'))"),
    ("['a']\n",
     "from asyncio import (\n    gather,\n    create_task as task,\n)\nprint(await gather(task(launch('a'))))"),
    ("['a']\n", "import json, asyncio\nprint(await asyncio.gather(launch('a'), return_exceptions=True))"),
    ("['a']\n", "def g():\n    import asyncio\n    return asyncio.gather(launch('a'))\nprint(await g())"),
    ("\nimport asyncio\n\n", "s = '''\nimport asyncio\n'''\nprint(s)"),
    ("a\n", AIO + "async def main():\n    print(await launch('a'))\nasyncio.run(main())"),
    ("a\n", "if __name__ == '__main__':\n    import asyncio\n    print(*await asyncio.gather(launch('a')))"),
    ("x\n", AIO + "print(await asyncio.sleep(1, 'x'))"),
    ("['a', 'b']\n", "print([await launch(x) for x in 'ab'])"),
    ("oops\n", "import sys\nprint('oops', file=sys.stderr)"),
    ("x=3\n", "x = 3\nprint(f'{x=}')"),
    ("10\n", "if (n := 10) > 5: print(n)"),
    ("three\n", "match 3:\n    case 3: print('three')\n    case _: print('other')"),
    ("P(x=3)\n", "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nprint(P(3))"),
    ("[('a', 2)]\n", "from collections import Counter\nprint(Counter('aab').most_common(1))"),
    ("3\n", "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef f(n): return n\nprint(f(3))"),
    ("{'a': [1, 2]}\n", "import json\nprint(json.loads(json.dumps({'a': [1, 2]})))"),
    ("['1', '22']\n", "import re\nprint(re.findall(r'\\d+', 'a1b22'))"),
    ("1 [2, 3]\n", "a, *b = [1, 2, 3]\nprint(a, b)"),
    ("0.0\n", "import time\ntime.sleep(1)\nprint(time.time())"),
    ("2\n", "print(next(iter(x for x in [1, 2] if x > 1), None))"),
    ("bb\n", "import re\nprint(''.join('b' for m in re.finditer('a', 'aa')))"),
    ("4\n", COUNT + "for i in itertools.count():\n    if i > 3: break\nprint(i)"),
    ("[0, 1, 2]\n", COUNT + "print(list(itertools.islice(itertools.count(), 3)))"),
    ("[('a', 0), ('b', 1)]\n", COUNT + "print(list(zip('ab', itertools.count())))"),
)  # fmt: skip

ADVISED = (
    # (words of the advice, code)
    ("there are no timeouts here", AIO + "await asyncio.wait_for(launch('a'), 3)"),
    ("there are no timeouts here", "from asyncio import wait_for"),
    (GATHER, AIO + "for c in asyncio.as_completed([launch('a')]):\n    print(await c)"),
    (GATHER, AIO + "done, pending = await asyncio.wait([launch('a')])"),
    (GATHER, AIO + "async with asyncio.TaskGroup() as tg:\n    tg.create_task(launch('a'))"),
    (GATHER, AIO + "async with asyncio.timeout(3):\n    pass"),
    ("await the call itself", AIO + "await asyncio.shield(launch('a'))"),
    ("so leave it out", AIO + "sem = asyncio.Semaphore(3)"),
    ("use a list", AIO + "q = asyncio.Queue()"),
    ("write `await` outside of functions too", AIO + "asyncio.get_event_loop().run_until_complete(launch('a'))"),
    ("asyncio has gather, create_task, run and sleep here", AIO + "asyncio.current_task()"),
    ("begin with `import asyncio`", "await asyncio.gather(launch('a'))"),
    ("of a list, *calls", AIO + "await asyncio.gather([launch('a')])"),
    ("of a list, *calls", AIO + "await asyncio.gather(3, return_exceptions=True)"),
    ("write `value = await ...`", AIO + "t = asyncio.create_task(launch('a'))\nt.result()"),
    ("write `value = await ...`", "r = launch('a')\nprint(r['x'])"),
    ("write `value = await ...`", "for x in launch('a'): pass"),
    ("await it once, and keep its value", F + "c = f('a')\nawait c\nawait c"),
    ("leave `await` out", "await get('x')"),
    ("write `await` before it", "finish(launch('a'))"),
    ("build a list and return it", "def g():\n    yield 1"),
    ("build a list and return it", "async def g():\n    yield 1"),
    ("await in a plain loop", "print([x async for x in get()])"),
    ("await in a plain loop", "async def g():\n    async for x in get(): pass"),
    ("use .pop(...)", "x = [1]\ndel x[0]"),
    ("use .pop(...)", "d = {}\ndel d['a']"),
    ("write a class without bases", "class E(Exception): pass"),
    ("write a plain method", "class A:\n    @property\n    def y(self): return 1"),
    ("use `except`", "try:\n    1/0\nexcept* ZeroDivisionError: pass"),
    ("write X = ...", "type X = int"),
    ("name what you import", "from math import *"),
    ("nobody answers questions here", "name = input('name? ')"),
    ("call finish(value)", "exit()"),
    ("call finish(value)", "import sys\nsys.exit(0)"),
    ("call finish(value)", "raise SystemExit"),
    ("print the value itself", "print(dir(get))"),
    ("print the value itself", "print(globals())"),
    ("write `import`", "__import__('os')"),
    ("there are only asyncio, ", "import numpy as np"),
    ("there are only asyncio, ", "from concurrent.futures import ThreadPoolExecutor"),
    ("there are only asyncio, ", "import nest_asyncio\nnest_asyncio.apply()"),
    ("there are no files here", "with open('a.txt', 'w') as f: f.write('x')"),
    ("there are no files here", "import os\nprint(os.listdir('.'))"),
    ("there is no system here", "import os\nprint(os.environ['HOME'])"),
    ("there is no system here", "import os\nos.system('ls')"),
    ("use a loop", "def f(n): return f(n + 1)\nf(0)"),
    ("use a loop", "print(sorted('ab', key=get))"),
    ("do not run here", "!pip install numpy"),
    ("do not run here", "%matplotlib inline"),
    ("leave out the prompts", ">>> print(1)"),
    ("leave the fence out", "```python\nprint(1)"),
    ("with brackets", "print 'hello'"),
    ("straight quotes", "x = \u201chi\u201d"),
    ("write next(iter(...))", "print(next((x for x in [1, 2] if x > 1), None))"),
    ("give sorted a `key`", "class A: pass\nprint(sorted([A(), A()]))"),
    ("a loop over re.finditer", "import re\nprint(re.sub('a', lambda m: 'b', 'aa'))"),
    ("make plain values", "import json\nprint(json.dumps({1: 2}, default=str))"),
    ("every dict keeps its order", "from collections import OrderedDict"),
    ("write what you need yourself", "from functools import cmp_to_key"),
    ("functions have no names", "def f(): pass\nprint(f.__name__)"),
    ("write brackets after its name", "await launch"),
    ("there is no system here", "import os\nprint(os.getenv('HOME'))"),
    ("needs three quotes", "x = 'abc\ny'"),
    ("itertools.islice", COUNT + "x = list(map(str, itertools.count()))"),
    ("itertools.islice", COUNT + "for i, v in enumerate(itertools.count()):\n    break"),
    ("itertools.islice", COUNT + "g = (x for x in itertools.count())"),
    ("itertools.islice", "x = sum(1 for _ in iter(int, 1))"),
    ("itertools.islice", "class C:\n    def __iter__(self): return self\n    def __next__(self): return 1\nlist(C())"),
)  # fmt: skip

REMARKED = (
    # (words of the remark, code)
    ("write `await main(...)`", "async def main():\n    print(await launch('a'))\nmain()"),
    ("write `await main(...)`", "async def main():\n    pass\nif __name__ == '__main__':\n    main()"),
    ("`return` outside of a function only ends the block", "print(1)\nreturn 5\nprint(2)"),
    ("`await asyncio.gather(*tasks)`", AIO + F + "ts = [asyncio.create_task(f(x)) for x in 'ab']"),
    ("", AIO + F + "r = await asyncio.gather(\n    f('a'),\n    f('b'),\n)"),
    ("", "async def main():\n    pass\nawait main()"),
    ("", "def f():\n    return 3\nf()"),
    ("`finish`: your task has a function of this name", "def finish(x):\n    print('mine', x)\nfinish(1)"),
    ("`get`, `launch`: your task has", "get = 3\nasync def launch(x): return x"),
    ("", "def f(get):\n    finish = get\n    return finish\nx = f(3) == 3"),
    ("", AIO + F + "r = await asyncio.gather(\n    asyncio.create_task(f('a')),\n)"),
    ("", "s = '''\nreturn\nmain()\n'''\nasync def main():\n    pass\nawait main()"),
)  # fmt: skip


def test_the_table_holds_what_it_promises() -> None:
    assert len(WORKS) + len(ADVISED) + len(REMARKED) >= 60


@pytest.mark.parametrize(("printed", "code"), WORKS)
def test_this_works(printed: str, code: str, sandbox: Sandbox) -> None:
    ended = Node(sandbox).run(code)
    assert (ended.error, ended.output, ended.note) == (None, printed, "")


@pytest.mark.parametrize(("words", "code"), ADVISED)
def test_this_is_answered_with_advice_in_one_line(words: str, code: str) -> None:
    with Sandbox(seconds=2.0, memory_mb=32) as own:
        ended = Node(own).run(code)
    assert ended.error is not None and words in ended.error
    assert "monty" not in ended.error and "_asyncio_" not in ended.error and "\n" not in ended.error


@pytest.mark.parametrize(("words", "code"), REMARKED)
def test_code_of_which_a_part_did_nothing_is_remarked_upon(words: str, code: str, sandbox: Sandbox) -> None:
    ended = Node(sandbox).run(code)
    assert ended.error is None
    assert words in ended.note and bool(words) == bool(ended.note)


@pytest.mark.parametrize("name", MODULES)
def test_each_module_that_the_advice_names_can_be_imported(name: str, sandbox: Sandbox) -> None:
    assert Node(sandbox).run(f"import {name}").error is None


def test_endless_iterators_end_in_the_turns_limit_and_the_session_goes_on() -> None:
    with Sandbox(seconds=2.0, memory_mb=32) as own:
        node = Node(own)
        node.run("x = 3")
        ended = node.run(COUNT + "y = list(map(str, itertools.count()))")
        assert (ended.stopped, (ended.error or "").partition(":")[0]) == ("memory", "stopped")
        assert node.run("print(x)").output == "3\n"


def test_code_that_needs_much_memory_is_not_told_of_iterators() -> None:
    assert not endless("x = [0] * 10**10")
    assert not endless("words = ['count(', 'map(']\ny = 'a' * 10**10")


@pytest.mark.parametrize("last", ["", "\n1 / 0", "\nawait launch('a')"])
def test_a_function_that_code_replaced_is_given_back_for_the_next_turn(last: str, sandbox: Sandbox) -> None:
    node = Node(sandbox)
    assert (
        node.run(f"def finish(x):\n    return 'mine'\nget = finish\nprint(finish(1)){last}").output
        == "mine\n"
    )
    ended = node.run("finish(get('theirs'))")
    assert (ended.finished, ended.value) == (True, "theirs")


def test_what_keeps_the_functions_may_be_changed_without_harm(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    odd = "class A:\n    def __iter__(self):\n        get(lambda: 1)\n        return iter([1, 2, 3])\n"
    assert node.run(odd + "_functions_ = A()\nfinish = 3\nprint(4)").output == "4\n"
    assert node.run("print(get(5), finish)").output == "5 3\n"


def test_a_keeper_of_functions_that_never_ends_is_out_of_time() -> None:
    odd = "class A:\n    def __iter__(self):\n        while True: pass\n_functions_ = A()\nget = 3"
    with Sandbox(seconds=0.2) as own:
        assert Node(own).run(odd).stopped == "seconds"


def test_lines_keep_their_numbers_and_their_words_in_errors(sandbox: Sandbox) -> None:
    code = "from asyncio import (\n    gather,\n    sleep,\n)\nimport asyncio\nx = 1 / 0"
    assert (Node(sandbox).run(code).error or "").startswith(
        "ZeroDivisionError: division by zero (line 6: x = 1 / 0)"
    )
    assert "(line 1: import asyncio, numpy)" in (Node(sandbox).run("import asyncio, numpy").error or "")


def test_asyncio_stays_ours_in_later_turns_and_shadowed_names_do_no_harm(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    node.run("import asyncio\ntype = Exception_ = repr = 3")
    assert (
        node.run(
            "from asyncio import sleep, gather\nt = asyncio.create_task(launch('a'))\nprint(await t)"
        ).output
        == "a\n"
    )
    assert (
        node.run("import asyncio\nprint(await asyncio.gather(launch('b'), return_exceptions=True))").output
        == "['b']\n"
    )


PARTS = (
    *(
        "import asyncio, ",
        "from asyncio import (",
        "import a as b, ",
        "asyncio ",
        "'",
        '"""',
        "\\",
        "(",
        "f(\n",
        "f(1)\n",
    ),
    *("async def f():\n", "create_task(", "for x in ", "x for ", "iter(", "(\n", ")", " "),
)


@pytest.mark.parametrize("part", PARTS)
def test_reading_code_takes_time_linear_in_its_length(part: str) -> None:
    code = "async def f(): pass\nimport asyncio\n(\n" + part * (100_000 // len(part))
    began = time.thread_time()
    with_ours(code), remarks(code), endless(code), advice(code, code)
    assert time.thread_time() - began < 1.0
