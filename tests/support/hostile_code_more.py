"""More attempts at the boundaries of `hostile_code.py`: by kind, by what must come of them."""

from tests.support.hostile_code import CYCLE, DEEP, HASHED, PATH, SHARED, TWICE, alike


def each(codes: str) -> list[str]:
    """Attempts with " | " between them."""
    return codes.split(" | ")


def after(start: str, rests: str) -> list[str]:
    """Attempts that begin alike."""
    return [start + rest for rest in each(rests)]


MORE: dict[str, dict[str, list[str]]] = {
    "file": {
        "PermissionError": [
            *after(
                "open('",
                "{secret}') | /etc/passwd') | /etc/passwd', 'rb').read() | /proc/self/environ').read()"
                " | /proc/self/mem', 'rb') | /dev/tcp/127.0.0.1/{port}') | {folder}/new', 'a')"
                " | file:///etc/passwd') | a' * 100000)",
            ),
            *after(
                PATH,
                "Path('{secret}').read_bytes() | Path('{folder}/new').write_text('x')"
                " | Path('{folder}/new').write_bytes(b'x') | Path('{folder}/new').mkdir()"
                " | Path('{secret}').unlink() | Path('{folder}').rmdir()"
                " | Path('{secret}').rename('{folder}/moved') | list(Path('/').iterdir())"
                " | Path('{secret}').stat() | Path('/proc/self/exe').resolve() | Path('{secret}').exists()"
                " | Path('{secret}').is_file() | Path('{secret}').open().read()",
            ),
            *after(
                "import os; os.",
                "scandir('/') | unlink('{secret}') | mkdir('{folder}/new') | makedirs('{folder}/new/er')"
                " | stat('{secret}') | chdir('/'); os.listdir('.') | path.getsize('{secret}')",
            ),
            *each(
                "exec(open('{secret}').read()) | with open('{folder}/new', 'w') as f: f.write('x')"
                " | import csv; csv.reader(open('{secret}')) | import json; json.load(open('{secret}'))"
                " | import tomllib; tomllib.load(open('{secret}', 'rb'))"
            ),
        ],
        "ValueError": [*after("open('", "{secret}', 'r+') | {folder}/new', 'xb') | \\x00')")],
        "TypeError": ["open(1, 'w').write('x')"],
        "AttributeError": [
            *after(
                PATH,
                "Path('{folder}/new').touch() | Path('~').expanduser() | Path.home()"
                " | Path('{folder}/link').symlink_to('{secret}') | Path('{secret}').chmod(0o777)",
            )
        ],
        "harmless": [
            *after(PATH, "list(Path('{folder}').glob('**/*')) | list(Path('{folder}').walk()) | Path.cwd()")
        ],
        "ModuleNotFoundError": [
            *each(
                "import io; io.open('{secret}') | import shutil; shutil.copy('{secret}', '{folder}/copy')"
                " | import tempfile; tempfile.mkstemp() | import glob; glob.glob('/*')"
                " | import sqlite3; sqlite3.connect('{folder}/db')"
            )
        ],
    },
    "network": {
        "ModuleNotFoundError": [
            *after(
                "import ",
                "http.client | requests | httpx | aiohttp | ssl | smtplib | ftplib | xmlrpc.client"
                " | socketserver | select | antigravity",
            ),
            "from urllib import request",
            "import webbrowser; webbrowser.open('http://127.0.0.1:{port}')",
        ],
        "AttributeError": [
            "import asyncio; asyncio.get_event_loop().create_connection(None, '127.0.0.1', {port})",
            "import asyncio; await asyncio.create_subprocess_shell('id')",
        ],
    },
    "process": {
        "AttributeError": [
            *after(
                "import os; os.",
                "popen('id').read() | execv('/bin/sh', ['sh']) | spawnl(0, '/bin/sh') | kill(1, 9)"
                " | abort() | getpid() | getuid() | uname() | getlogin() | putenv('A', 'b') | cpu_count()"
                " | nice(5) | dup2(1, 2) | read(0, 10) | close(0) | pipe()",
            ),
            "import sys; sys.exit(3)",
        ],
        "RuntimeError": [
            *after(
                "import os; os.",
                "environ | getenv('RAO_SECRET') | getenv('PATH', 'none') | environ['A'] = 'b' | urandom(8)",
            )
        ],
        "ModuleNotFoundError": [
            *after(
                "import ",
                "posix | nt | multiprocessing | concurrent.futures | _thread | mmap | resource | pty | fcntl",
            ),
            *each(
                "import signal; signal.raise_signal(9) | import atexit; atexit.register(print)"
                " | import faulthandler; faulthandler._sigsegv()"
            ),
        ],
        "NameError": ["exit()", "quit()"],
        "KeyboardInterrupt": ["raise KeyboardInterrupt"],
    },
    "host": {
        "ModuleNotFoundError": [
            *after(
                "import ",
                "rao_lab | pydantic_monty | numpy | marshal | shelve | yaml | site | dis | ast | traceback"
                " | weakref | locale | cffi | __main__ | __future__",
            ),
            *each(
                'exec("import socket") | import inspect; inspect.currentframe()'
                " | import code; code.interact() | import pdb; pdb.set_trace()"
                " | import types; types.FunctionType | import platform; platform.node()"
                " | import getpass; getpass.getuser() | import pwd; pwd.getpwall()"
                " | import logging; logging.info('x')"
            ),
        ],
        "AttributeError": [
            *after(
                "import sys; sys.",
                "modules | path | stdin.read() | stdout.buffer | set_int_max_str_digits(0)"
                " | setrecursionlimit(10**9) | getrefcount(1)",
            ),
            *after(
                "get.", "__code__ | __closure__ | __self__ | __call__(1) | __class__ | __module__ | _call"
            ),
            *each(
                "setattr(get, 'x', 1) | launch.__name__ | finish.__globals__ | (lambda: 0).__globals__"
                " | (lambda: 0).__code__ | print.__self__ | print.__globals__ | len.__self__"
            ),
        ],
        "ImportError": ["from .. import secret"],
        "NotImplementedError": ["from os import *", "del get"],
        "NameError": [
            *each(
                "__import__('os').system('id') | __import__('socket') | __builtins__ | __builtins__['open']"
                " | __loader__ | input() | breakpoint() | help() | license() | compile('1', 'x', 'eval')"
                " | eval('get', {}) | globals()['get'] | globals() | vars() | dir()"
            )
        ],
        "PermissionError": ["eval(\"open('{secret}')\")", "exec(\"open('{secret}')\", {})"],
        "harmless": [
            *each(
                "exec(\"x = 1\", {'__builtins__': None}) | finish = get"
                " | import os; print(os.getcwd(), os.name)"
                " | print(locals(), id(get), hash(get), hash('a'), type(get))"
            )
        ],
        "TypeError": ["type(get)(1)"],
    },
    "introspection": {
        "AttributeError": [
            *after("().", "__class__ | __class__.__bases__ | __class__.__mro__"),
            *after(
                "object.",
                "__subclasses__() | __reduce_ex__(1, 2) | __getattribute__(1, '__class__')"
                " | __setattr__(1, 'x', 2)",
            ),
            *after("getattr(", "(), '__class__') | str, 'format')"),
            *after("launch(1)", ".send(None) | .close() | .gi_frame"),
            *each(
                "type.__subclasses__(type) | ''.__class__.__mro__[1].__subclasses__()"
                " | [].__class__.__base__ | {}.__class__.__init__.__globals__ | (1).__class__.__dict__"
                " | Exception().__traceback__ | Exception().__traceback__.tb_frame"
                " | ValueError.__init__.__globals__ | '{0.__class__}'.format(1)"
                " | '{0.__globals__}'.format(get) | f'{get.__globals__}'"
                " | str.format('{0.__init__.__globals__}', Exception()) | (1).__reduce_ex__(2)"
                " | type.__call__(type, 1) | type.mro(int) | int.__add__.__objclass__"
                " | async_fn = get; async_fn.__await__"
            ),
            "try: 1/0\nexcept ZeroDivisionError as e: print(e.__context__, e.__cause__)",
        ],
        "harmless": [
            *each("type('X', (), {}) | '%(x)s' % {'x': get} | id(get) | id(None) | hash(get)"),
            "try: get(bad=1)\nexcept BaseException as e: print(e.__traceback__)",
            "class A:\n  def __eq__(self, o): return True\nprint(A() == get)",
            "class A:\n  def __del__(self): get('deleted')\nA()",
        ],
        "TypeError": [
            *each("type('X', (object,), {'__del__': print}) | property(print) | object().__dict__"),
            "class A:\n  def __getattr__(self, n): return n\nget(A())",
            HASHED + "get({A(): 1})",
            "class A:\n  def __reduce__(self): return (print, ('x',))\nget(A())",
            "class A:\n  def __call__(self): pass\nget(A())",
        ],
        "KeyError": ["'{0[secret]}'.format({'a': 1})"],
        "limit memory": ["'{:{}}'.format(1, 10**9)"],
        "NameError": [*each("memoryview(b'abc') | super() | super(object, object) | classmethod(print)")],
        "NotImplementedError": [
            "class A(metaclass=type): pass",
            "class A(dict): pass\nget(A(a=1))",
            "class A(int): pass\nfinish(A(3))",
            "class A(list): pass\nfinish(A([3]))",
        ],
        "SystemExit": ["class A:\n  def __str__(self): raise SystemExit\nprint(str(A()))"],
    },
    "memory": {
        "limit seconds memory": [
            *after(
                "x = ",
                "[0] * (1 << 60) | b'a' * (1 << 33) | (1,) * 10**10 | list(range(10**9))"
                " | {i: i for i in range(10**8)} | [[0] * 1000 for _ in range(10**6)] | 10 ** (10 ** 8)"
                " | 2 ** (2 ** 40) | pow(7, 10**9) | '%1000000000d' % 3 | 'a'.ljust(1 << 40)"
                " | 'a'.center(10**10) | 'ab'.replace('', 'x' * 10**6) * 1000"
                " | ','.join(['a' * 10**6] * 1000) | ('a' * 10**6).split('a') * 1000 | bytes(10**10)"
                " | list(zip(range(10**9), range(10**9))) | str(list(range(10**7)))"
                " | repr('\\\\x00' * 10**8)",
            ),
            *after(
                "import json; json.",
                "dumps([['a' * 1000] * 1000] * 1000) | dumps([0] * 10**6, indent=10**6)"
                " | loads('[' + '[],' * 10**7 + '1]')",
            ),
            *after(SHARED, "print(x) | import json; json.dumps(x) | str(x) + '%s' % x | assert not x, x"),
            *after("import re; re.", "findall('', 'a' * 10**7) | split('(a?)', 'a' * 10**6)"),
            *after("import collections; collections.", "Counter('a' * 10**8) | deque(range(10**9))"),
            *after(
                "import random; random.", "randbytes(10**10) | choices([1], k=10**9) | getrandbits(10**10)"
            ),
            *each(
                "import itertools; list(itertools.repeat(1)) | sorted(range(10**9))"
                " | exec('x = 1;' * 10**6) | eval('+'.join(['1'] * 10**6)) | eval('[' + '0,' * 10**7 + ']')"
                " | '%*d' % (10**9, 1) | '{0:>{1}}'.format('a', 10**10) | f'{1.5:.{10**9}f}'"
                " | '%.1000000000f' % 1.5 | format(10**1000, ',d') * 10**6 | '\\t'.expandtabs(10**9)"
                " | 'x'.zfill(10**10) | b'x'.join([b'y' * 10**6] * 10**4) | ('\\ufb03' * 10**7).upper()"
                " | ('a' * 10**6).join(['b'] * 10**6)"
                " | import itertools; list(itertools.permutations(range(20)))"
                " | import itertools; list(itertools.tee(range(10**9), 10)[0])"
                " | import csv; list(csv.reader(['a,' * 10**6])) | 9**9**9**9 | 2**(2**31) | pow(3, 10**8)"
                " | hex(2**(10**9)) | eval('f\"' + '{1}' * 10**6 + '\"')"
                " | while True: exec('class A: pass\\nx = [A]') | 'a' * 2 * 10**7"
                " | import math; math.factorial(10**7) | import base64; base64.b64encode(b'a' * 3 * 10**7)"
                " | import os; os.listdir('a' * 2 * 10**7)"
            ),
            "x = 'a'\nwhile True: x += x",
            "x = []\nwhile True: x = [x]",
            "x = {}\nwhile True: x[len(x)] = len(x)",
            "x = set()\nwhile True: x.add(len(x))",
            "x = 'a\\n' * 10**6\ny = x.splitlines() * 100",
            "import itertools; list(itertools.product(range(1000), repeat=4))",
            "def f(n): return [0] * n + f(n * 2)\nf(10)",
            "x = [1] * 10**6\nx[::2] = [2] * 10**8",
            "x = [[]]\nx *= 10**10",
            "import itertools; itertools.product(range(10), repeat=10**9)",
            "from decimal import Decimal; format(Decimal('1e99999999'), 'f')",
            "from decimal import Decimal, getcontext; getcontext().prec = 10**9; Decimal(1) / 3",
            "import unicodedata; unicodedata.normalize('NFKC', '\\ufdfa' * 10**7)",
            "x = 1 << 10**6\nfor _ in range(100): x = x * x",
        ],
        "NameError": ["x = bytearray(10**10)"],
        "json.JSONDecodeError": ["import json; json.loads('[' * 10**6)"],
        "RecursionError": ["class A:\n  def __init__(self): self.next = A()\nA()"],
        "harmless": [*after(SHARED, "import copy; copy.deepcopy(x) | x"), "[[0]] * 10**6"],
        "OverflowError": ["import hashlib; hashlib.pbkdf2_hmac('sha256', b'a', b'b', 1, 10**10)"],
    },
    "time": {
        "limit seconds": [
            *after(
                "import math; math.",
                "comb(10**6, 5 * 10**5) | lcm(*range(1, 10**5)) | prod(range(1, 10**8))"
                " | gcd(3**10**6, 7**10**5) | isqrt(3**(5 * 10**6)) | perm(10**6, 10**6)",
            ),
            *each(
                "for i in range(10**12): pass | [i for i in range(10**12) if False] | max(range(10**12))"
                " | int('9' * 4000) ** 4000 | while True: print(end='') | pow(3, 2**200000, 2**200000 - 1)"
                " | hash(3**(10**7)) | from decimal import Decimal; int(Decimal('1e999999'))"
                " | all(range(1, 10**12)) | min(range(10**12)) | x = 3 ** (10 ** 6); y = x * x * x * x"
                " | import re; re.sub('(?=a)', 'b', 'a' * 10**6)"
            ),
            "x = 1\nwhile True: x <<= 1000",
            "while 1:\n  try: pass\n  except: pass",
            "x = 7 ** (10 ** 6)\nwhile True: x = x * x % (10 ** 100000)",
            "x = str(10 ** 4000) * 100\nwhile True: x.find('9')",
            "def f(n): return f(n - 1) + f(n - 1) if n else 1\nf(60)",
            "import asyncio\nasync def f():\n  while True: await asyncio.sleep(0)\nawait f()",
            "import asyncio\nasync def f():\n  while True: await asyncio.sl"
            "eep(0)\nawait asyncio.gather(f(), launch(1))",
            "import time\nwhile True: time.sleep(1)",
            "try:\n  while True: pass\nfinally: print('cleanup')",
            "try:\n  while True: pass\nexcept TimeoutError: print('caught')",
            "def f():\n  try: f()\n  finally: f()\nf()",
            "def f():\n  try: f()\n  except RecursionError: f()\nf()",
            "x = 10**100000\ny = x * x\nwhile True: y = y * x",
            "import hashlib; hashlib.pbkdf2_hmac('sha256', b'a', b'b', 10**9)",
            "import re\nwhile True: re.compile('a{1,200}b{1,200}')",
            "x = [i % 3 for i in range(10**6)]\nwhile True: x.sort()",
            "x = list(range(10**5))\nwhile True: x.insert(0, 1)",
            "import functools; functools.reduce(lambda a, b: a + b, range(10**9))",
        ],
        "limit seconds memory": [
            *each(
                "any(False for _ in range(10**12)) | 10**12 in (i for i in range(10**13))"
                " | list(map(len, ['a' * 1000] * 10**9)) | raise MemoryError('memory limit exceeded')"
                " | while True: exec('pass')"
            )
        ],
        "harmless": [
            *after(
                "import re; re.",
                "match('(a|aa)+$', 'a' * 60 + 'b') | match('(.*)*x', 'a' * 50)"
                " | search('(x+x+)+y', 'x' * 100)",
            ),
            *after(
                "import asyncio; await asyncio.",
                "sleep(10**9) | gather(*[asyncio.sleep(10**6) for _ in range(1000)])",
            ),
            *each(
                "'a' * 10**6 in 'a' * 10**6 + 'b'"
                " | import time; print(time.process_time(), time.thread_time())"
                " | import time; print(time.localtime())"
            ),
            "import datetime; print(datetime.datetime.now(), datetime.date.today())",
            "import datetime; print(datetime.datetime.now(datetime.timezone.utc))",
            "import datetime; print(datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=23))))",
        ],
        "limit suspensions": ["import time\nwhile time.time() < 10**9: pass"],
        "ValueError": [*after("import time; time.", "sleep(-1) | sleep(float('nan'))")],
        "OverflowError": ["import time; time.sleep(float('inf'))"],
        "TypeError": ["import datetime; datetime.datetime.max + datetime.timedelta(days=1)"],
        "RuntimeError": ["raise RuntimeError('suspension limit 3 exceeded')"],
    },
    "output": {
        "limit output": [
            *each(
                "while True: print() | for i in range(10**6): print(i, end='')"
                " | print(sep='x' * 10**6, *range(100)) | print(end='x' * 10**7) | print(repr('x' * 10**6))"
            )
        ],
        "limit memory": ["print(*range(10**6))"],
        "harmless": [
            *each(
                "print('\\u202e\\u2066\\u200b\\ufeff') | print('\\x00') | print('\\ud800')"
                " | print('\\U0010ffff' * 10) | print('x', flush=True)"
            )
        ],
        "AttributeError": [
            *after("import sys; sys.", "stdout.write('x') | stderr.write('x') | stdout = None")
        ],
        "RuntimeError": [
            "raise Exception(*range(10**5))",
            "class A:\n  def __repr__(self): return 'x' * 10**6\nraise ValueError(A())",
        ],
        "AssertionError": ["assert False, 'x' * 10**6", "assert [0] * 10**6 == 1"],
        "NameError": ["x = 'y' * 10**6; nope_"],
    },
    "suspension": {
        "limit suspensions": [
            "while True:\n  try: nope()\n  except NameError: pass",
            "while True:\n  try: open('/x')\n  except BaseException: pass",
            "while True:\n  try:\n    import nope\n  except ImportError: pass",
            "import datetime\nwhile True: datetime.datetime.now()",
            "[launch(i) for i in range(10**6)]",
            "for i in range(10**6): get(i)",
            "import os\nwhile True:\n  try: os.getenv('A')\n  except BaseException: pass",
        ],
        "NotImplementedError": [
            *each(
                "list(map(get, range(10**6))) | sorted(range(10**5), key=get)"
                " | async for x in launch(1): pass | async with launch(1): pass"
            ),
        ],
        "RecursionError": ["async def f(): return await f() + await launch(1)\nawait f()"],
        "harmless": [
            *each(
                "h = launch(1); await h; await h; await h | str(launch(1)) + 'x'"
                " | import asyncio; asyncio.run(launch(1)) | import asyncio; await asyncio.gather()"
            ),
            "h = launch(1)\nimport asyncio; await asyncio.gather(h, h)",
            "import asyncio; await asyncio.gather(launch(1), return_exceptions=True)",
        ],
        "TypeError": [
            *each(
                "await get(1) | await 5 | await None | await launch | for x in launch(1): pass"
                " | import asyncio; await asyncio.gather(1, 2)"
                " | import asyncio; asyncio.gather = finish; await asyncio.gather(launch(1))"
            )
        ],
        "AttributeError": [
            *after("import asyncio; await asyncio.", "wait_for(launch(1), 1) | wait([launch(1)])"),
            "_asyncio_ = 3\nimport asyncio; await asyncio.gather(asyncio.create_task(launch(1)))",
            *after("import asyncio; asyncio.", "Future() | Lock() | get_event_loop().run_forever()"),
        ],
        "NameError": ["import asyncio; await asyncio.gather(launch(1), boom())"],
    },
    "recursion": {
        "RecursionError": [
            *after(
                DEEP, "import copy; copy.deepcopy(x) | import json; json.dumps(x) | sorted([x, x]) | x < x"
            ),
            *after("import tomllib; tomllib.", "loads('a=' + '[' * 10**5) | loads('a.' * 10**5 + 'a=1')"),
            "def f(): f(); f()\nf()",
            "f = lambda: f()\nf()",
            "class A:\n  def __repr__(self): return repr(self)\nrepr(A())",
            "class A:\n  def __hash__(self): return hash(self)\nhash(A())",
            "class A:\n  def __str__(self): return f'{self}'\nstr(A())",
            "class A:\n  def __init__(self): A()\nA()",
            "class A:\n  def __add__(self, o): return self + o\nA() + 1",
            "class A:\n  def __iter__(self): return iter(self)\nlist(A())",
            "class A:\n  def __call__(self): return self()\nA()()",
            "x = ()\nfor _ in range(10**5): x = (x,)\n{x: 1}",
            "x = []; y = [x]; x.append(y)\nx == y",
        ],
        "AttributeError": [
            "class A:\n  def __getattr__(self, n): return getattr(self, n + 'x')\nA().x",
            "x = ValueError()\nfor _ in range(10**5):\n  y = ValueError(); y.__cause__ = x; x = y\nraise x",
            "import random; random.SystemRandom().random()",
        ],
        "harmless": [
            *after(DEEP, "print(x) | str(x) == str(x) | x = None | f'{x}'"),
            *after(CYCLE, "x == x | import copy; copy.deepcopy(x)"),
            *each(
                "f'{f\"{1}\"}' | eval('f\"' + '{' * 1000 + '1' + '}' * 1000 + '\"')"
                " | import re; re.match(r'(?=(a+)+$)', 'a' * 40 + 'c')"
            ),
            "class A:\n  def __bool__(self): return bool(self)\nif A(): pass",
            "x = int\nfor _ in range(10**5): x = x | None\nisinstance(1, x)",
            "import functools\nf = len\nfor _ in range(10**5): f = functools.partial(f)\nf([])",
            "x = iter([1])\nfor _ in range(10**5): x = map(abs, x)\nlist(x)",
            "x = iter([1])\nfor _ in range(10**4): x = (i for i in x)\nlist(x)",
        ],
        "TypeError": [
            "class A:\n  def __len__(self): return len(self)\nlen(A())",
            DEEP + "isinstance(1, x)",
            "exec('exec(' * 100 + ')' * 100)",
        ],
        "limit memory": [
            DEEP + "y = []\nfor _ in range(10**5): y = [y]\nx == y",
            "x = {}\nfor _ in range(10**5): x = {1: x}\nrepr(x)",
            "f = lambda: 1\nfor _ in range(10**5): f = (lambda g: lambda: g())(f)\nf()",
            "exec('x = ' * 10**5 + '1')",
        ],
        "RuntimeError": [DEEP + "raise ValueError(x)", "import os; os.path.expanduser('~')"],
        "AssertionError": [DEEP + "assert x == 1"],
        "ValueError": [CYCLE + "import json; json.dumps(x)"],
        "SyntaxError": [
            *each(
                "eval('[' * 1000 + ']' * 1000) | eval('-' * 10**5 + '1') | eval('not ' * 10**5 + '1')"
                " | eval('x' + '.a' * 10**5) | eval('1' + '+1' * 10**5) | eval('lambda: ' * 1000 + '1')"
                " | eval('1 if 1 else ' * 1000 + '1') | exec('if 1:\\n ' * 1000 + 'pass')"
            ),
            "exec('\\n'.join(' ' * i + 'if 1:' for i in range(1000)) + '\\n' + ' ' * 1000 + 'pass')",
        ],
        "NameError": ["eval(compile)"],
        "re.PatternError": [
            *after(
                "import re; re.",
                "compile('a' + '?' * 10**5) | compile('(a{1,1000}){1,1000}')"
                " | search(r'(a*)*\\1b', 'a' * 30) | match(r'((a+)+)\\2?$', 'a' * 40 + 'c')"
                " | match(r'(.*)\\1(.*)\\2(.*)\\3x', 'a' * 1000) | compile('(?:' * 5000 + ')' * 5000)",
            )
        ],
        "json.JSONDecodeError": ["import json; json.loads('{\"a\":' * 10**5 + '1' + '}' * 10**5)"],
        "_csv.Error": ["import csv; list(csv.reader(['\"' * 10**6]))"],
        "ModuleNotFoundError": [
            *each(
                "import zoneinfo; zoneinfo.ZoneInfo('../../etc/passwd') | import uuid; uuid.uuid1()"
                " | import secrets; secrets.token_bytes(8)"
                " | import operator; operator.attrgetter('__globals__')(get)"
            )
        ],
        "PermissionError": ["import os; os.path.realpath('/proc/self')"],
    },
    "hash": {
        "TypeError": [
            *after(
                TWICE,
                "get(x) | get(*{x}) | get(key={x}) | get([[({x},)]]) | get(frozenset([x])) | finish({x})"
                " | launch({x: x}) | await launch(**{'a': {x}}) | get({1: {2: {3: {x}}}})"
                " | class A: pass\na = A()\na.b = {x}\nget(a) | class A: b = {x}\nget(A)"
                " | from dataclasses import dataclass\n@dataclass\nclass P:\n  a: object\nget(P({x}))"
                " | from collections import namedtuple\nget(namedtuple('P', 'a')({x}))",
            ),
            *after(alike(20000), "finish(set(x)) | launch(a=x)"),
            *after(alike(5000), "get(x) | get([x] * 5)"),
            *after(
                "get(",
                "{i + 0.5 for i in range(20_000)}) | {(i,): 0 for i in range(20_000)})"
                " | {2**61 + i for i in range(20_000)}) | [{i + 0.5: 0} for i in range(20_000)]) | )()",
            ),
            "x = frozenset()\nfor _ in range(60): x = frozenset([x, (x,)])\nget({x})",
            "x = (0,) * 10**5\nget({(x, i) for i in range(10)})",
            "def type(x): return int\n" + TWICE + "get({x})",
            "get = launch = finish = None\nget(1)",
            HASHED + "import os; os.getenv({A(): 1}, 1)",
        ],
        "NameError": [
            *after(
                TWICE,
                "exec('get({x: 1})', {'x': x}) | eval('launch({x})', {'x': x}) | nope({x}) | nope.nope({x})",
            ),
            HASHED + "nope({A(): 1})",
        ],
        "RuntimeError": [
            *after(TWICE, "import os; os.getenv('a', {x: 1}) | raise ValueError({x})"),
            *after("import os; os.", "getenv('a', 10**5000) | getenv('a', launch(1)) | getenv('a', get)"),
            HASHED + "import os; os.getenv('a', {A(): 1})",
        ],
        "harmless": [
            *after(
                "get(",
                "{i: 0 for i in range(50_000)}) | {str(i) for i in range(50_000)}) | 'a coroutine')"
                " | 'elements') | None, 'keys') | verdict=1) | *[None] * 50)",
            ),
            *after("import copy; copy.", "copy(get)(1) | deepcopy(get)"),
            *each(
                "(lambda g: g(1))(get) | [g(1) for g in [get]] | f'{get}' + str(launch)"
                " | get == get, get is get, hash(get) | import functools; functools.partial(get, {1})()"
            ),
            TWICE + "{x: 1}",
            "x = (0,)\nfor _ in range(12): x = (x, x)\nget({x: 1})",
            alike(500) + "get(x)",
            "_guard([print], 1, 1, type, len, map, set, list, min, max)[0](5)",
            "class A: g = get\nA().g",
            "class A: g = get\nA.g(1)",
            "global get\nget = 5\nget",
            "def f():\n  global get\n  get = print\nf()\nget(1)",
            "for get in [1]: pass\nget",
            "import json as get\nget",
            "def get(): return 7\nget()",
            "class get: pass\nget()",
            "with_get = get\nget = 1\nwith_get(2)",
        ],
        "AttributeError": [
            *after("get.", "call | function | calls | __defaults__ | __wrapped__ | __kwdefaults__"),
            "getattr(get, '__closure__')",
        ],
        "NotImplementedError": ["sorted([{1}], key=get)"],
    },
    "value": {
        "TypeError": [
            *after(
                "get(",
                "len) | print, open) | lambda: 1) | type) | int) | ...) | 1j) | NotImplemented)"
                " | Exception('x')) | ValueError) | iter([])) | range(10**12)) | -(10 ** 5000))"
                " | [10 ** 5000]) | {10 ** 5000: 1}) | ['x' * 10**6] * 1000) | b'x' * 9_000_000)",
            ),
            *after(DEEP, "finish(x) | launch(x)"),
            *after("finish(", "1, 2) | value=1, other=2) | get) | [finish]) | finish) | launch(1))"),
            *each(
                "for _ in range(100): get('x' * 1_000_000) | import datetime; get(datetime.datetime.now())"
                " | from decimal import Decimal; get(Decimal('1e1000000'))"
                " | import re; get(re.compile('x')) | import asyncio; get(asyncio) | import os; get(os)"
            ),
            "x = (1,)\nfor _ in range(60): x = (x, x)\nfinish(x)",
            "x = {'a': 1}\nfor _ in range(60): x = {'a': x, 'b': x}\nlaunch(x)",
            "x = []\nfor _ in range(70): x = [x]\nget(x)",
            "x = {}\nx['x'] = x\nfinish(x)",
            "from dataclasses import dataclass\n@dataclass\nclass P:\n  a: int\nget(P(1))",
            "from collections import namedtuple\nget(namedtuple('P', 'a')(1))",
            PATH + "get(Path('/'))",
        ],
        "harmless": [
            *after(
                "get(",
                "i for i in []) | **{'a b': 1}) | **{'': 1}) | **{'self': 1, 'name': 2, 'args': 3})"
                " | *range(1000)) | **{str(i): i for i in range(1000)}) | '\\ud800')"
                " | '\\x00\\x1b[31m\\u202e') | float('nan'), float('inf'), -0.0)"
                " | 2**63, -2**63 - 1, 2**64) | __name__)",
            )
        ],
        "limit memory": ["x = {}\nfor _ in range(10**5): x = {1: x}\nget(x)", "get(*range(10**6))"],
        "finishes": [
            *after("finish(", ") | *[1]) | **{'x': 1})"),
            "try: finish(7)\nfinally: print('after'); get('after')",
            "[finish(i) for i in range(3)]",
            "import asyncio; await asyncio.gather(launch(1), finish(2))",
        ],
        "NotImplementedError": [
            "sorted([3, 1, 2], key=finish)",
            "from enum import Enum\nclass E(Enum):\n  A = 1\nget(E.A)",
        ],
        "NameError": [*each("nope(1) | _secret_() | on_call('get') | self | session | snapshot")],
        "AttributeError": ["getattr(get, 'x')"],
    },
}
