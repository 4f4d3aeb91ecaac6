// What the forks of a node need of the app.

/**
 * @typedef {object} ForkHost
 * @property {{title: string, session: Record<string, any>}} traits
 * @property {{row: (row: number) => void}} choose
 * @property {() => void} update
 */

export {};
