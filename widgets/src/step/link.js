// The way to the kernel: what was asked and is not answered, and whether the kernel can answer at all. A host
// that tells nothing of its kernel (marimo, a saved page) is judged by its answers alone.

/** @typedef {import("./types.js").AnyModel} AnyModel */
/** @typedef {"open" | "busy" | "silent" | "offline" | "gone"} LinkState */

/** ms without an answer after which it is worth a word. */
const PATIENCE = 3000;
/**
 * ms without an answer after which a kernel that says it is free is asked whether it knows this widget. If it
 * does, what was asked is sent again, each time after twice as long.
 */
const GIVEN_UP = 8000;

export class Link {
  /**
   * @param {AnyModel} model
   * @param {() => void} changed whether the kernel can answer has changed
   * @param {() => void} again sends what waits for an answer again
   */
  constructor(model, changed, again = () => {}) {
    this.model = model;
    this.changed = changed;
    this.again = again;
    /** Times that it was sent again. */
    this.tries = 0;
    /** The kernel that knew this widget is gone; it does not come back. */
    this.gone = false;
    /** @type {number | null} since when none of what was asked for has come; null: all is here */
    this.asked = null;
    this.asking = false;
    /** @type {string | undefined} */
    this.first = this.kernel?.id;
    this.onComm = () => this.lookAtComm();
    model.on("comm_live_update", this.onComm);
    this.lookAtComm();
  }

  close() {
    this.model.off("comm_live_update", this.onComm);
  }

  /** What JupyterLab and Notebook 7 tell of the kernel; undefined: nothing. */
  get kernel() {
    return this.model.widget_manager?.kernel;
  }

  /** A model without a line to its kernel came from a saved notebook, or has outlived the kernel. */
  async lookAtComm() {
    const { model } = this;
    const found = await model.widget_manager?.get_model?.(model.get("key")).catch(() => null);
    if (found && found.comm_live === false) this.lose();
  }

  lose() {
    if (this.gone) return;
    this.gone = true;
    this.asked = null;
    this.changed();
  }

  /** @param {any} content @returns {boolean} it is on its way */
  send(content) {
    if (this.gone) return false;
    try {
      this.model.send(content);
    } catch {
      this.lose(); // a comm whose kernel is dead refuses
      return false;
    }
    this.asked ??= Date.now();
    return true;
  }

  /** Nothing comes back for it. @param {any} content */
  tell(content) {
    const { asked } = this;
    this.send(content);
    if (!this.gone) this.asked = asked;
  }

  /**
   * Something came.
   * @param {boolean} owed something else was asked for that has not come
   * @param {boolean} answers it was asked for: what else is on its way has its time anew
   */
  hear(owed, answers) {
    if (!owed) this.asked = null;
    else if (answers) this.asked = Date.now();
    if (!owed || answers) this.tries = 0;
  }

  /** ms for which nothing has come of what was asked for. */
  get waited() {
    return this.asked === null ? 0 : Date.now() - this.asked;
  }

  /** A second passed. */
  tick() {
    const manager = this.model.widget_manager;
    if (this.gone || !manager || !("kernel" in manager)) return;
    const { kernel } = this;
    const other = this.first !== undefined && kernel?.id !== this.first;
    const dead = !kernel || kernel.status === "dead" || kernel.isDisposed;
    if (other || dead) this.lose();
    else if (kernel.status === "idle" && this.waited > GIVEN_UP * 2 ** this.tries) this.askKernel();
  }

  /** A kernel that is free and does not answer may not know this widget: it is asked. */
  async askKernel() {
    if (this.asking) return;
    this.asking = true;
    const told = await this.kernel.requestCommInfo({ target_name: "jupyter.widget" }).catch(() => null);
    this.asking = false;
    const { comms } = told?.content ?? {};
    if (!comms) return;
    if (!(this.model.get("key") in comms)) this.lose();
    else if (this.asked !== null) {
      this.tries += 1;
      this.again();
    }
  }

  /** @returns {LinkState} */
  get state() {
    if (this.gone) return "gone";
    const { kernel } = this;
    if (kernel && kernel.connectionStatus !== "connected") return "offline";
    if (this.waited <= PATIENCE) return "open";
    return kernel?.status === "busy" ? "busy" : "silent";
  }
}
