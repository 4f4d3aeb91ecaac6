// What the card of shapes, symbols and keys needs of the app.

/**
 * @typedef {object} HelpHost
 * @property {HTMLElement} root what it lies over
 * @property {() => void} focusNodes gives the nodes the keyboard
 */

export {};
