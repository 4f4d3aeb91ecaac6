// Shapes that both ends of the wire know. Nothing runs here.

/**
 * @typedef {object} CreditConfig as in rao_lab/credit
 * @property {number} lam
 * @property {"mean" | "min" | "capped_sum"} bonus
 * @property {number | null} cap
 * @property {"rao" | "rao_root_adv" | "grpo_mean" | "root_only" | "tree_relative" | OwnRule} estimator
 * @property {"leave_one_out" | "group_mean" | "moving" | "none"} baseline
 * @property {boolean} std
 * @property {"inverse_frequency" | "per_group" | "none"} depth_weighting
 * @property {number | null} [decay] of a moving baseline; null: as usual
 */

/**
 * @typedef {object} OwnRule a function of the user, which only a kernel can call
 * @property {string} rule its name
 * @property {string} [source] a hash of its text
 */

/**
 * @typedef {object} CreditColumns one entry per row; NaN = there is no such number
 * @property {Float64Array} childMean
 * @property {Float64Array} childMin
 * @property {Float64Array} bonus
 * @property {Float64Array} R
 * @property {Float64Array} b
 * @property {Float64Array} A
 * @property {Float64Array} w
 * @property {Float64Array} c
 * @property {Float64Array} share
 * @property {Uint8Array} why index into WHY_NOT; 0 = trained
 */

/**
 * @typedef {object} GroupMeta
 * @property {string} task
 * @property {string} goal
 * @property {string} difficulty
 * @property {boolean} probe
 * @property {number} [label] what credit calls it
 * @property {string} [fork] where these trees were cut from, if they are forks
 */

/**
 * @typedef {object} Change a number before, and in the forks
 * @property {number | null} before
 * @property {number | null} mean
 * @property {number | null} low
 * @property {number | null} high
 * @property {number} forks that have it
 */

/**
 * @typedef {object} ForkSet forks that were made together
 * @property {number} tree the one that they were cut from
 * @property {number} group theirs
 * @property {string} path of the node
 * @property {number} turn
 * @property {string} edit what was changed, in a few words
 * @property {string} rest
 * @property {string} weights
 * @property {string} says what they came to, in a sentence
 * @property {string} [file] the run that they were made with; "" = none
 * @property {number | null} was s of the original
 * @property {number} succeeded sum of s
 * @property {number} scored
 * @property {number} low
 * @property {number} high
 * @property {{node: string, s: Change, R: Change, A: Change}[]} changes the root first, the node last
 */

/**
 * @typedef {object} TreeMeta
 * @property {number} group index into the step's groups
 * @property {number} rollout from 0
 * @property {number | null} ended seconds, null while it runs
 * @property {string} note why it is not reproducible, or what it was forked from; mostly empty
 */

/**
 * @typedef {object} ColumnHead
 * @property {string} name
 * @property {"i32" | "u8" | "f64"} type
 */

/**
 * @typedef {object} Snapshot
 * @property {"snapshot"} type
 * @property {number} seq
 * @property {number} step
 * @property {number} n
 * @property {ColumnHead[]} columns one buffer each, in this order
 * @property {string[]} words goals and reasons, each once
 * @property {GroupMeta[]} groups
 * @property {TreeMeta[]} trees
 * @property {CreditConfig} config the recorded rule
 * @property {"token" | "node"} share_by
 * @property {(number | null)[] | null} [moving] mean R of each depth so far, of a moving baseline
 * @property {ForkSet[]} [forks]
 * @property {boolean} scored the recorded credit is complete
 * @property {string} note what is missing here, in words
 * @property {boolean} [usual] nobody said by which rule they were trained
 * @property {boolean} [alone] weights and shares count these trees, which may be a part of a step
 * @property {string} [state] what it is without, of `states.js`
 */

/**
 * @typedef {object} Delta
 * @property {"delta"} type
 * @property {number} seq
 * @property {number} step
 * @property {string[]} fields
 * @property {(number | null)[][]} rows row number first, then one value per field
 * @property {string[]} words appended
 * @property {[number, GroupMeta][]} groups
 * @property {[number, TreeMeta][]} trees
 */

/**
 * @typedef {object} Message
 * @property {string} role
 * @property {string} content
 */

/**
 * @typedef {object} CallText
 * @property {string} name
 * @property {string} args
 * @property {string} result
 * @property {string | null} error
 * @property {string | null} child
 */

/**
 * @typedef {object} ContextPart what happened to a stretch of the context between two turns
 * @property {"kept" | "new" | "cut" | "wrote"} kind
 * @property {number} tokens
 * @property {[string, number][]} pieces text and 1 for a special token
 */

/**
 * @typedef {object} TurnText
 * @property {number} index
 * @property {Message[]} messages
 * @property {string} thought
 * @property {string} code
 * @property {string} text
 * @property {string} stop
 * @property {string} output
 * @property {string | null} error
 * @property {CallText[]} calls
 * @property {string[]} children
 * @property {number | null} started null: nobody recorded it
 * @property {number | null} sampled
 * @property {number | null} ended
 * @property {number | null} waiting
 * @property {number} read tokens added by the prompt
 * @property {number} wrote
 * @property {number} held tokens in the window at its end
 * @property {boolean} [rewritten] the chat template changed what came before
 * @property {number} version
 * @property {ContextPart[] | null} context null: no token texts
 */

/**
 * @typedef {object} NodeText
 * @property {string} goal
 * @property {string} args
 * @property {string} value
 * @property {boolean} returned
 * @property {string} reason
 * @property {string} source
 * @property {number | null} fraction
 * @property {Record<string, number>} refusals
 * @property {string} template
 * @property {boolean} has_tokens
 * @property {boolean} decoded
 * @property {TurnText[]} turns
 * @property {string} note what was cut, in words
 * @property {boolean} [unread] there are no texts: the note says why
 */

/**
 * @typedef {object} AnyModel the part of anywidget's model that is used
 * @property {(name: string) => any} get
 * @property {(name: string, callback: (...args: any[]) => void) => void} on
 * @property {(name: string, callback?: ((...args: any[]) => void) | null) => void} off
 * @property {(content: any) => void} send
 * @property {any} [widget_manager] in JupyterLab and Notebook 7, what knows the kernel and the notebook
 */

export {};
