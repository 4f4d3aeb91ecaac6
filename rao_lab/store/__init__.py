"""The run file: one SQLite file that holds a run, written by one thread, read by any number of processes.

Read `schema.py` first: it says what stands in the file and who reads it. `writer.py` and `reader.py` are the
two doors, `salvage.py` is for damaged files. Every file is distrusted: nothing in it is executed, every
decompression is bounded, and what is wrong with it is said in one line.
"""

from rao_lab.store.columns.nodes import NodeColumns
from rao_lab.store.copies import export_copy
from rao_lab.store.differences import differences
from rao_lab.store.files import spare_run_file
from rao_lab.store.journal import checkpoint_folder, checkpoint_steps
from rao_lab.store.reader import Run, open_run
from rao_lab.store.rows.live import Changes
from rao_lab.store.rows.summaries import StepSummary, TreeSummary
from rao_lab.store.rows.troubles import Trouble, trouble_of
from rao_lab.store.salvage import SalvageReport, salvage
from rao_lab.store.schema import SCHEMA_VERSION
from rao_lab.store.trace import Trace, open_trace
from rao_lab.store.tried import Tried, tried_tasks
from rao_lab.store.writer import NotedCheckpoint, RunWriter
