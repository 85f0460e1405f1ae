// Scrolls a list that is taller than browsers let an element be.

/** Chromium's limit is 33 million pixels, Firefox' is 17 million. */
const maxElementHeight = 8_000_000;

/**
 * The position in a list of any height. The element that scrolls has a limited height; a line stands at
 * its place in the list plus `shift`. Short ways are scrolled pixel by pixel, so that no line is skipped;
 * a long way (the scrollbar) leads to the same part of the list as of the element.
 */
export class TallScroll {
  /** The height of the list. */
  #height = 0;
  /** The height of its visible part. */
  #visible = 0;
  /** The first visible pixel of the list. */
  #top = 0;
  /** The first visible pixel of the element. */
  #scrollTop = 0;

  resize(height: number, visible: number): void {
    this.#height = height;
    this.#visible = visible;
    if (!this.#isTall) this.#scrollTop = this.#top;
  }

  get top(): number {
    return this.#top;
  }

  get scrollTop(): number {
    return this.#scrollTop;
  }

  get elementHeight(): number {
    return Math.min(this.#height, maxElementHeight);
  }

  get isAtEnd(): boolean {
    return this.#top >= this.#maxTop - 1;
  }

  /** From a line's place in the list to that in the element. */
  get shift(): number {
    return this.#scrollTop - this.#top;
  }

  get #isTall(): boolean {
    return this.#height > maxElementHeight;
  }

  get #maxTop(): number {
    return Math.max(0, this.#height - this.#visible);
  }

  get #maxScrollTop(): number {
    return Math.max(0, this.elementHeight - this.#visible);
  }

  /** The reader has scrolled the element. Returns whether the position has changed. */
  scrolled(scrollTop: number): boolean {
    const way = scrollTop - this.#scrollTop;
    // Browsers round positions.
    if (Math.abs(way) < 1) return false;
    this.#scrollTop = scrollTop;
    if (!this.#isTall) this.#top = scrollTop;
    else if (scrollTop <= 0) this.#top = 0;
    else if (scrollTop >= this.#maxScrollTop - 1) this.#top = this.#maxTop;
    else if (Math.abs(way) <= this.#visible) this.#top = Math.min(Math.max(this.#top + way, 0), this.#maxTop);
    else this.#top = (scrollTop / this.#maxScrollTop) * this.#maxTop;
    return true;
  }

  /** Shows another part of the list: the element has to scroll to `scrollTop`. */
  moveTo(top: number): void {
    this.#top = Math.min(Math.max(top, 0), this.#maxTop);
    this.settle();
  }

  /**
   * After short ways, the element is not where the scrollbar should be. Returns whether it has to scroll
   * to `scrollTop`.
   */
  settle(): boolean {
    const before = this.#scrollTop;
    this.#scrollTop = this.#isTall ? Math.round((this.#top / this.#maxTop) * this.#maxScrollTop) : this.#top;
    return this.#scrollTop !== before;
  }
}
