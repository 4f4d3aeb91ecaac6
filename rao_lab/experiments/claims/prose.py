"""What the report says beside its tables. Nothing here depends on what came out."""

SUCCESS = (
    "Temperature 1 and .5 stand under each other, since .5 flatters what was trained and not the base. The last "
    "line is the flat ceiling: the share of tasks whose shortest flat transcript fits the window **at one call "
    "a turn**, as this policy's dialect has it. It is no ceiling for a model that writes programs: there, one "
    "flat turn with a short program can look up, sum the demand and craft everything."
)
ROOM = (
    "Temperature 1. On tasks that fit, a flat agent fails for lack of skill; on the others no flat agent of "
    "this dialect can succeed."
)
BOOK = "All arms were trained on book 0. Book 7 has other items and other recipes."
SERIAL = (
    "Solved trees, replayed with the recorded ids through the model: a ratio below 1 is what running children "
    "together saves. *Left out*: trees that did not do the same in both ways; nothing else in the line counts "
    "them. *Outcome changed*: run one by one, some node ended otherwise, since siblings share one inventory; *root's*: "
    "the root did, so that a solved tree was lost, and its time counts all the same."
)
LEARNED = (
    "By tier of the target, at temperature 1 over all bands: share of roots that delegate / depth / nodes / "
    "success."
)
RULE = (
    "Delegation by the tier of a node's own goal, and by whether the shortest flat transcript of that goal fits "
    "its window: share of nodes that delegate / share of nodes that delegate every part which can be crafted "
    "(nodes). If the two lines of a tier are alike, and the second share is near 1, what was learned is one "
    "rule: delegate whatever can be crafted. Depth then follows the depth of the recipes."
)
ADAPTIVITY = (
    "(Rate of delegation where a flat transcript does not fit) minus (rate where it does). Over all tiers the "
    "two sides differ in tier, too, so that a rule which looks at the tier alone passes for adaptivity; within "
    "tiers it does not. Nothing in the reward pays for adaptivity, except in `node_cost`."
)
ABLATIONS = (
    "Each arm against `rao` on the same tasks with the same seeds; the difference at temperature 1 decides. "
    "They are many and not corrected for that. `eager_base` always delegates and was never trained by RL; "
    "`rejection` imitates what solved its task."
)
LIMITS = (
    "The share of trees that reach a limit of the evaluation, at temperature 1 ([plan.md](plan.md) has those of "
    "training, which are lower). Beyond it, depth and nodes cannot grow and success can only be lost."
)
INTERVALS = (
    "A figure stands with its 95 % interval; differences are paired by task and seed. Its variance is that of drawing "
    "target items anew plus that of drawing seeds anew, less that of drawing single pairs of both; the quantile is "
    "that of t at Satterthwaite's degrees of freedom, the shape that of the draws. A share has Wilson's interval with "
    "as many trees as this variance is worth, so 0 of many has an upper bound, too; a difference is widened by what "
    "one more tree that disagrees would add (`rao_lab.evaluation.bootstrap`). How often such intervals cover was "
    "tested with 5 seeds, not with fewer."
)
LEARNING = (
    "Means of five steps of every seed; if seeds end at different steps, the last row has the last five of each, and "
    "the plot ends with the shortest. *Groups alike*: the share of groups whose roots all earned the same, "
    "which teach the root nothing. *Bias (i)*: the share of leaves that did everything right and were made less likely "
    "all the same, since a root can earn more than a leaf; the next section has its curve."
)
BIAS = (
    "A root that delegates can reach 1 + lambda, a leaf only 1. So the better roots do, the more leaves that "
    "did everything right are pushed down: the share of leaves that succeeded, under a root that succeeded, "
    "with a negative advantage."
)
HARDER = "What the tasks of both bands ask for, and how often `rao` solves them."
GRADIENTS = (
    "From one checkpoint, against many rollouts of the same tasks. Bias: how far the mean gradient with a baseline "
    "lies from the mean gradient without one, under the same depth weights and normalizer Z."
)
SCEPTIC = "Answered from the rows at temperature 1; the sections below have the tables."
WHY = {
    "a": (
        "How much of what the flat agent fails is lack of room and how much lack of skill, *Room and skill* tells."
    ),
    "b": (
        "No flat transcript of these tasks fits the window, so a flat agent of this dialect cannot solve them, however "
        "skilled: the claim is about room alone."
    ),
    "c": "Hard and extreme tasks were never trained on; depth follows the depth of the recipes.",
    "d": (
        "What is saved is bounded by how many children are launched together; the others wait for one another in any "
        "case."
    ),
    "e": "Nothing in the reward pays for adaptivity; *Adaptivity* has the same within tiers, and for a cost of nodes.",
}
