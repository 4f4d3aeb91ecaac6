"""What hostile code tries, one attempt for each boundary, and what comes of it.

Each row: the boundary, what must come of the attempt, and the code. What must come of it is the type of
the error that the code gets, "limit ..." with the limits that may stop it, "harmless" if it ends without
an error and got nothing, or "finishes". `{secret}`, `{folder}` and `{port}` stand for a file with a
secret, its folder, and a listening port on this machine. The code may call `get`, `finish` and the
asynchronous `launch`. More attempts at the same boundaries are in `hostile_code_more.py`.
"""

DEEP = "x = []\nfor _ in range(10**5): x = [x]\n"
CYCLE = "x = []\nx.append(x)\n"
PATH = "from pathlib import Path; "
TWICE = "x = (0,)\nfor _ in range(60): x = (x, x)\n"
SHARED = "x = [0]\nfor _ in range(60): x = [x, x]\n"
HASHED = "class A:\n  def __hash__(self): return 1\n"


def alike(count: int) -> str:
    """Keys whose hash is 0 in this process, and any number in the sandbox."""
    return f"x = {{i * (2**61 - 1): 0 for i in range({count})}}\n"


BOUNDARIES: dict[str, tuple[str, str]] = {
    "files: reading": ("PermissionError", "open('{secret}').read()"),
    "files: writing": ("PermissionError", "open('{folder}/new', 'w').write('x')"),
    "files: an open descriptor": ("TypeError", "open(0).read()"),
    "files: a way up": ("PermissionError", "open('../../../../../../etc/hostname')"),
    "files: reading through pathlib": ("PermissionError", PATH + "Path('{secret}').read_text()"),
    "files: whether one exists": ("PermissionError", "import os; os.path.exists('{secret}')"),
    "files: listing a folder": ("PermissionError", "import os; os.listdir('{folder}')"),
    "files: walking a folder": ("harmless", "import os; list(os.walk('/'))"),
    "files: removing": ("PermissionError", "import os; os.remove('{secret}')"),
    "files: moving": ("PermissionError", "import os; os.rename('{secret}', '{folder}/moved')"),
    "files: making a link": ("AttributeError", "import os; os.symlink('{secret}', '{folder}/link')"),
    "files: the system's own open": ("AttributeError", "import os; os.open('{secret}', 0)"),
    "files: another way to open": ("ModuleNotFoundError", "import io; io.FileIO('{secret}')"),
    "network: a socket": (
        "ModuleNotFoundError",
        "import socket; socket.create_connection(('127.0.0.1', {port}))",
    ),
    "network: an address": (
        "ModuleNotFoundError",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:{port}')",
    ),
    "network: an asynchronous connection": (
        "AttributeError",
        "import asyncio; await asyncio.open_connection('127.0.0.1', {port})",
    ),
    "processes: a shell": ("AttributeError", "import os; os.system('touch {folder}/new')"),
    "processes: a child": ("ModuleNotFoundError", "import subprocess; subprocess.run(['id'])"),
    "processes: a fork": ("AttributeError", "import os; os.fork()"),
    "processes: a signal": ("AttributeError", "import os; os.kill(os.getppid(), 9)"),
    "processes: a thread": (
        "ModuleNotFoundError",
        "import threading; threading.Thread(target=print).start()",
    ),
    "processes: leaving at once": ("AttributeError", "import os; os._exit(0)"),
    "processes: leaving by an exception": ("RuntimeError", "raise SystemExit(3)"),
    "processes: the environment": ("RuntimeError", "import os; os.environ['RAO_SECRET']"),
    "processes: writing to a pipe of the host": ("AttributeError", "import os; os.write(1, b'x')"),
    "processes: raw memory": ("ModuleNotFoundError", "import ctypes; ctypes.string_at(0)"),
    "imports: the house itself": ("ModuleNotFoundError", "import rao_lab.execution.sandbox"),
    "imports: the host's libraries": ("ModuleNotFoundError", "import torch"),
    "imports: an import by name": (
        "ModuleNotFoundError",
        "import importlib; importlib.import_module('os').system('id')",
    ),
    "imports: the built-ins": ("ModuleNotFoundError", "import builtins; builtins.open('{secret}')"),
    "imports: unpickling": (
        "ModuleNotFoundError",
        "import pickle; pickle.loads(b\"cos\\nsystem\\n(S'id'\\ntR.\")",
    ),
    "imports: a neighbour": ("ImportError", "from . import secret"),
    "introspection: a class": ("AttributeError", "().__class__.__base__.__subclasses__()"),
    "introspection: a class by a name put together": (
        "AttributeError",
        "getattr((), '__cl' + 'ass__').__bases__",
    ),
    "introspection: a class through format": ("AttributeError", "'{0.__class__.__mro__}'.format(1)"),
    "introspection: globals of a function of the host": ("AttributeError", "get.__globals__"),
    "introspection: globals by name": ("NameError", "globals()['__builtins__']"),
    "introspection: code of a function": ("AttributeError", "(lambda: 0).__code__.co_code"),
    "introspection: a frame": ("AttributeError", "import sys; sys._getframe()"),
    "introspection: a frame in a traceback": (
        "AttributeError",
        "try: 1/0\nexcept ZeroDivisionError as e: e.__traceback__.tb_frame.f_globals",
    ),
    "introspection: a frame of a launch": ("AttributeError", "launch(1).cr_frame"),
    "introspection: tracing": ("AttributeError", "import sys; sys.settrace(print)"),
    "introspection: all objects": ("ModuleNotFoundError", "import gc; gc.get_objects()"),
    "introspection: code in a text": ("NameError", "eval(\"__import__('os')\")"),
    "introspection: a metaclass": ("NotImplementedError", "class M(type): pass"),
    "introspection: a method that prints itself": (
        "NotImplementedError",
        "class A:\n  def __repr__(self): return open('{secret}').read()\nprint(A())",
    ),
    "introspection: a block that swallows an exit": (
        "harmless",
        "class A:\n  def __enter__(self): return 1\n  def __exit__(self, *a): return True\nwith A(): raise SystemExit",
    ),
    "introspection: what the interpreter says of itself": (
        "harmless",
        "import sys; print(sys.executable, sys.version, __file__, __name__, __spec__)",
    ),
    "memory: a list": ("limit seconds memory", "x = [0] * 10**9"),
    "memory: growing": ("limit seconds memory", "x = []\nwhile True: x.append(x)"),
    "memory: a text": ("limit seconds memory", "x = 'a' * (1 << 40)"),
    "memory: a number": ("limit seconds memory", "x = 1 << (1 << 33)"),
    "memory: a width": ("limit seconds memory", "x = f'{3:1000000000}'"),
    "memory: a text of what is shared": ("limit seconds memory", SHARED + "repr(x)"),
    "memory: JSON": ("limit seconds memory", "import json; json.dumps([0], indent=10**9)"),
    "memory: a replacement": ("limit seconds memory", "import re; re.sub('a', 'b' * 10**6, 'a' * 10**6)"),
    "memory: code": ("limit seconds memory", "exec('def f():\\n ' + 'pass;' * 10**6)"),
    "time: a loop": ("limit seconds", "while True: pass"),
    "time: a loop that catches everything": (
        "limit seconds",
        "while True:\n  try:\n    while True: pass\n  except BaseException: pass",
    ),
    "time: a loop inside a function of Python": ("limit seconds", "sum(range(10**12))"),
    "time: a loop in a coroutine": ("limit seconds", "async def f():\n  while True: pass\nawait f()"),
    "time: arithmetic": ("limit seconds", "import math; math.factorial(3 * 10**6)"),
    "time: a comparison": (
        "limit seconds",
        "x = [0]; y = [0]\nfor _ in range(60): x = [x, x]; y = [y, y]\nx == y",
    ),
    "time: a pattern": ("harmless", "import re; re.match('(a+)+$', 'a' * 40 + 'b')"),
    "time: sleep": ("harmless", "import time; time.sleep(10**9)"),
    "time: the host's clocks": (
        "harmless",
        "import time; print(time.time(), time.monotonic(), time.perf_counter())",
    ),
    "time: a false alarm": ("TimeoutError", "raise TimeoutError('feed time limit exceeded: 2s > 2s')"),
    "recursion: a function": ("RecursionError", "def f(): return f()\nf()"),
    "recursion: a coroutine": ("RecursionError", "async def f(): await f()\nawait f()"),
    "recursion: a method of an object": (
        "RecursionError",
        "class A:\n  def __eq__(self, o): return self == o\nA() == A()",
    ),
    "recursion: text of a deep value": ("harmless", DEEP + "repr(x)"),
    "recursion: hash of a deep value": ("RecursionError", "x = ()\nfor _ in range(10**5): x = (x,)\nhash(x)"),
    "recursion: text of a circle": ("harmless", CYCLE + "repr(x)"),
    "recursion: deep code": ("SyntaxError", "eval('(' * 10**5 + ')' * 10**5)"),
    "recursion: deep JSON": ("json.JSONDecodeError", "import json; json.loads('[' * 10**5 + ']' * 10**5)"),
    "recursion: a deep pattern": ("re.PatternError", "import re; re.compile('(' * 10**5 + ')' * 10**5)"),
    "recursion: code in code": ("RecursionError", "s = 'exec(s)'\nexec(s)"),
    "output: a flood": ("limit output", "while True: print('x' * 1000)"),
    "output: a flood that catches everything": (
        "limit output",
        "try:\n  while True: print('x' * 1000)\nexcept BaseException: print('caught')",
    ),
    "output: one long text": ("limit output", "print('x' * 5_000_000)"),
    "output: the other stream": (
        "limit output",
        "import sys\nwhile True: print('x' * 1000, file=sys.stderr)",
    ),
    "output: into a file": ("PermissionError", "print('x', file=open('{folder}/new', 'w'))"),
    "output: the commands of a terminal": ("harmless", "print('\\x1b[2J\\x1b[31m\\x07\\r\\b' * 10)"),
    "output: a long error": ("ValueError", "raise ValueError('x' * 10**6)"),
    "suspensions: calls": ("limit suspensions", "while True: get(1)"),
    "suspensions: calls with everything caught": (
        "limit suspensions",
        "while True:\n  try: get(1)\n  except BaseException: pass",
    ),
    "suspensions: names that do not exist": (
        "limit suspensions",
        "while True:\n  try: nope\n  except NameError: pass",
    ),
    "suspensions: looks at the clock": ("limit suspensions", "import time\nwhile True: time.time()"),
    "launches: without an await": ("limit suspensions", "while True: launch(1)"),
    "launches: with an await": ("limit suspensions", "while True: await launch(1)"),
    "launches: many at once": (
        "limit suspensions",
        "import asyncio; await asyncio.gather(*[launch(i) for i in range(100_000)])",
    ),
    "launches: coroutines that multiply": (
        "limit suspensions",
        "import asyncio\nasync def f(): await asyncio.gather(f(), f(), launch(1))\nawait f()",
    ),
    "launches: a handle used as a value": ("TypeError", "launch(1) + 1"),
    "launches: a task in the background": (
        "harmless",
        "import asyncio; asyncio.create_task(launch(1))",
    ),
    "values: a function": ("TypeError", "get(get)"),
    "values: an object": ("TypeError", "get(object())"),
    "values: an object in disguise": ("NotImplementedError", "class A(str): pass\nget(A('x'))"),
    "values: a launch": ("TypeError", "get(launch(1))"),
    "values: a huge number": ("TypeError", "get(10 ** 5000)"),
    "values: a huge text": ("TypeError", "get('x' * 9_000_000)"),
    "values: many items": ("TypeError", "get([0] * 300_000)"),
    "values: what is shared over and over": ("TypeError", "x = [1]\nfor _ in range(60): x = [x, x]\nget(x)"),
    "values: a deep one": ("TypeError", DEEP + "get(x)"),
    "values: a circle": ("TypeError", CYCLE + "get(x)"),
    "values: names of arguments": ("harmless", "get(**{'__class__': 1})"),
    "values: a finish that is caught": ("finishes", "try: finish(7)\nexcept BaseException: print('caught')"),
    "hashes: a key that takes for ever": ("TypeError", TWICE + "get({x: 1})"),
    "hashes: keys that are all alike": ("TypeError", alike(20000) + "get(x)"),
    "hashes: a method of its own": ("TypeError", HASHED + "get({A()})"),
    "hashes: other built-ins": (
        "TypeError",
        "type = len = set = map = min = max = list = lambda *a: 0\n" + TWICE + "get({x})",
    ),
    "hashes: the guard replaced": ("TypeError", "_guard = None\n" + TWICE + "get({x})"),
    "hashes: the guard called": (
        "harmless",
        "g = _guard\ng([get], 9**9, 9**9, type, len, map, set, list, min, max)[0]([1])",
    ),
}
