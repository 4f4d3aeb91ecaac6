// The view over the whole window: on a projector, a cell of a notebook is too narrow for all zones.

export class FullWindow {
  /** @param {HTMLElement} root @param {() => void} changed */
  constructor(root, changed) {
    this.root = root;
    this.changed = changed;
    this.isOpen = false;
  }

  toggle() {
    const { root } = this;
    this.isOpen = !this.isOpen;
    root.classList.toggle("window", this.isOpen);
    // The top layer lies over everything, also if a host moves the cell by a transform.
    if (this.isOpen && root.showPopover) {
      root.popover = "manual";
      root.showPopover();
    } else if (!this.isOpen && root.hidePopover && root.popover) {
      root.hidePopover();
      root.popover = null;
    }
    this.changed();
  }

  close() {
    if (this.isOpen) this.toggle();
  }
}
