// What the forks of a node need of the app.

/**
 * @typedef {object} ForkHost
 * @property {{session: Record<string, any>, forks: boolean, saved: string}} traits
 * @property {{
 *   forking: import("../step/client.js").Forking, fork: (asked: Record<string, any>) => void,
 *   link: {gone: boolean}
 * }} client what the kernel says of forks that it makes, and the way to ask for some
 * @property {{row: (row: number) => void}} choose
 * @property {() => void} update
 */

export {};
