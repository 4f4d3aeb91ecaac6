"""The names that other programs give to what they record, each format in one place: readers and exports share them.

Each was read off the program that writes it; `data/docs/traces.md` says which version.
"""

from __future__ import annotations


class Platoon:
    """platoon: events, a line each, and dumps of a collection of trajectories."""

    CREATED = "trajectory_created"
    TASK_SET = "trajectory_task_set"
    STEP_ADDED = "trajectory_step_added"
    FINISHED = "trajectory_finished"
    EVENTS = (CREATED, TASK_SET, STEP_ADDED, FINISHED)
    TYPE, TIME, COLLECTION = "type", "ts", "collection_id"
    TRAJECTORY, TRAJECTORY_ID, TRAJECTORIES = "trajectory", "trajectory_id", "trajectories"
    PARENT, FORK_STEP = "parent_info", "fork_step"
    """`fork_step` counts the steps that the parent had ended."""
    TASK, GOAL, MAX_STEPS = "task", "goal", "max_steps"
    STEPS, STEP = "steps", "step"
    REWARD, FINISH, ERROR, MISC = "reward", "finish_message", "error_message", "misc"
    THOUGHT, CODE, OUTPUT, FAILED = "thought", "code", "output", "error"


class Rlm:
    """rlm: the JSON lines of `RLMLogger`, and its `get_trajectory()`."""

    METADATA, ITERATION, CONTEXT = "metadata", "iteration", "run_context"
    TYPE, TIME = "type", "timestamp"
    PROMPT, RESPONSE, BLOCKS = "prompt", "response", "code_blocks"
    CODE, RESULT = "code", "result"
    STDOUT, STDERR, SECONDS, CALLS = "stdout", "stderr", "execution_time", "rlm_calls"
    ANSWER, TURN_SECONDS = "final_answer", "iteration_time"
    MODEL, USAGE, MODELS = "root_model", "usage_summary", "model_usage_summaries"
    READ, WROTE = "total_input_tokens", "total_output_tokens"
    RUN, ITERATIONS, ERROR = "run_metadata", "iterations", "error"
    ROOT_PROMPT, MOST_TURNS = "root_prompt", "max_iterations"


class Redel:
    """ReDel: events.jsonl and state.json of a session."""

    SPAWN, CHANGE, MESSAGE = "kani_spawn", "kani_state_change", "kani_message"
    ROOT, TOKENS, ROUND = "root_message", "tokens_used", "round_complete"
    TYPE, TIME, ID, PARENT = "type", "timestamp", "id", "parent"
    HISTORY, ALWAYS, STATE, NAME = "chat_history", "always_included_messages", "state", "name"
    MSG, READ, WROTE = "msg", "prompt_tokens", "completion_tokens"
    WAITING, ERRORED = "waiting", "errored"


class Messages:
    """Chat messages, one conversation an agent, and RAO Lab's own index of them (`data/docs/traces.md`)."""

    FORMAT = "rao-lab messages"
    NODES, MESSAGES, FILE = "nodes", "messages", "file"
    ID, PARENT, CALL, TURN = "id", "parent", "call", "parent_turn"
    TASK, STEP, REWARD, SOURCE = "task", "step", "reward", "source"
    PROBE = "probe"
    GOAL, VALUE, STATUS, REASON, POLICY = "goal", "value", "status", "reason", "policy"


class Verifiers:
    """verifiers: traces of version 1 alone or in episodes, and the older rollouts."""

    NODES, CALLS, REWARDS, AGENT = "nodes", "calls", "rewards", "agent"
    TRACES, TASK, GROUP, RUN = "traces", "task", "group", "run"
    PARENT, LINKS, MESSAGE, SAMPLED, TIME = "parent", "semantic_parents", "message", "sampled", "timestamp"
    IDS, MASK, LOGPROBS, ENTROPIES, ADVANTAGES = "token_ids", "mask", "logprobs", "entropies", "advantages"
    SUBAGENT_CALL, SUBAGENT_RETURN, COMPACTION = "subagent_call", "subagent_return", "compaction"
    PROMPT, COMPLETION, REWARD, EXAMPLE = "prompt", "completion", "reward", "example_id"


class Trl:
    """TRL: tables of logged completions."""

    STEP, PROMPT, COMPLETION, ADVANTAGE, REWARD = "step", "prompt", "completion", "advantage", "reward"
    OTHERS = ("image", "images", "advantage_std", "mode")
    """Columns that are no rewards."""


class Inspect:
    """Inspect: logs as .json, or as a zip (.eval) with one file a sample."""

    HEADER, SAMPLES, START = "header.json", "samples/", "_journal/start.json"
    EVENTS, EVENT, SPAN, PARENT = "events", "event", "span_id", "parent_id"
    BEGIN, END, MODEL, TOOL = "span_begin", "span_end", "model", "tool"
    DATA, POOL, REFS, ATTACHMENTS = "events_data", "messages", "input_refs", "attachments"
    ATTACHED = "attachment://"
    SCORES, VALUE, EPOCH, LIMIT, ERROR = "scores", "value", "epoch", "limit", "error"
    TIME, COMPLETED = "timestamp", "completed"


class Otel:
    """OpenTelemetry spans of the GenAI conventions (in development when this was written), and RAO Lab's own."""

    OPERATION, AGENT, MODEL = "gen_ai.operation.name", "gen_ai.agent.name", "gen_ai.request.model"
    INVOKE, WORKFLOW, TOOL = "invoke_agent", "invoke_workflow", "execute_tool"
    CHATS = ("chat", "generate_content", "text_completion")
    READ, WROTE = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
    INPUT, OUTPUT, SYSTEM = "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions"
    DETAILS = "gen_ai.client.inference.operation.details"
    TOOL_NAME, TOOL_CALL = "gen_ai.tool.name", "gen_ai.tool.call.id"
    ARGUMENTS, RESULT = "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"
    STOPPED, ERROR = "gen_ai.response.finish_reasons", "error.type"
    EVALUATION = "gen_ai.evaluation.result"
    EVALUATION_NAME, EVALUATION_SCORE = "gen_ai.evaluation.name", "gen_ai.evaluation.score.value"


class Rao:
    """Attributes of RAO Lab's own spans, beside those of the conventions."""

    NODE, DEPTH, GOAL, TASK = "rao.node_id", "rao.depth", "rao.goal", "rao.task"
    STATUS, REASON, VALUE, TURN = "rao.status", "rao.reason", "rao.value", "rao.parent_turn"
    """`rao.value` is JSON, as `tree.values` encodes it."""
    STEP, GROUP, ROLLOUT, PROBE = "rao.step", "rao.group", "rao.rollout", "rao.probe"
    S, SOURCE, REWARD = "rao.s", "rao.s_source", "rao.reward"
    R, BASELINE, ADVANTAGE, WEIGHT = "rao.R", "rao.baseline", "rao.advantage", "rao.weight"
    """Credit as it was told; a reader computes its own."""
    VERSION, ENVIRONMENT, POLICY = "rao.policy_version", "rao.environment", "rao.policy"
    CODE, PRINTED, TURN_ERROR = "rao.code", "rao.output", "rao.error"
    """Of a turn: what ran, what it printed, how it failed."""
    UNTIMED = "rao.untimed"
    """The times of the span are not known: they are those of its begin, for spans must have some."""
