"""An environment of the older protocol, in its four kinds: one reply, tools, tools with a state, a conversation."""

try:
    import verifiers.legacy as vf
except ImportError:
    import verifiers as vf

try:
    from datasets import Dataset
except ImportError:  # the double takes lists
    Dataset = None


def rows(first, many):
    made = [
        {"question": f"What is {n} + 1?", "answer": str(n + 1), "info": {"n": n}}
        for n in range(first, first + many)
    ]
    return made if Dataset is None else Dataset.from_list(made)


def add(left: int, right: int = 1) -> int:
    """Adds."""
    return left + right


def put(what: str, bag: list) -> str:
    """Puts something into the bag."""
    bag.append(what)
    return f"{len(bag)} in the bag"


async def right(completion, answer):
    return completion[-1].content == answer


def filled(state, completion):
    return min(1.0, len(state["bag"]) / 2) * (completion[1].content == "1 in the bag")


def won(state):
    return bool(state.get("won"))


def broken(completion):
    raise ValueError("no such key")


def compared(completions):
    return [0.0 for _ in completions]


class Bag(vf.StatefulToolEnv):
    async def setup_state(self, state, **kwargs):
        state["bag"] = []

    def update_tool_args(self, tool_name, tool_args, messages, state, **kwargs):
        return {**tool_args, "bag": state["bag"]}


class Guess(vf.MultiTurnEnv):
    async def env_response(self, messages, state, **kwargs):
        said = messages[-1].content
        if said == state["answer"]:
            state["won"], state["final_env_response"] = True, [{"role": "user", "content": "yes"}]
            return state["final_env_response"]
        return [{"role": "user", "content": "higher" if int(said) < int(state["answer"]) else "lower"}]


def load_environment(kind="single", reward="right", weight=1.0, held_out=0):
    funcs = {"right": right, "broken": broken, "compared": compared, "filled": filled, "won": won}
    given = {"dataset": rows(0, 20), "rubric": vf.Rubric(funcs=[funcs[reward]], weights=[weight])}
    given |= {"eval_dataset": rows(100, held_out)} if held_out else {}
    match kind:
        case "tools":
            return vf.ToolEnv(tools=[add], max_turns=2, system_prompt="Use your tools.", **given)
        case "bag":
            made = Bag(**given)
            made.add_tool(put, args_to_skip=["bag"])
            return made
        case "talk":
            return Guess(max_turns=5, **given)
        case "group":
            return vf.EnvGroup(envs=[vf.SingleTurnEnv(**given)])
    return vf.SingleTurnEnv(**given)
