/** The streams of one session: whether somebody still reads rows, and what the server still sends although nobody does. */
export class RowReaders {
  private current: object | undefined;
  private left = 0;

  /** Somebody reads, and has not come to the end. */
  get isReading(): boolean {
    return this.current !== undefined;
  }

  /** Statements whose reader is done and whose last rows, or the end of them, are still on their way. */
  get draining(): number {
    return this.left;
  }

  /**
   * Somebody reads until what is returned is called, once or several times.
   *
   * @param ended settles when the server has sent all
   */
  begin(ended: Promise<unknown>): () => void {
    const reader = {};
    let isEnded = false;
    let isLeft = false;
    this.current = reader;
    const end = (): void => {
      isEnded = true;
      if (isLeft) this.left -= 1;
    };
    ended.then(end, end);
    return () => {
      // another may have begun since
      if (this.current !== reader) return;
      this.current = undefined;
      if (isEnded) return;
      isLeft = true;
      this.left += 1;
    };
  }
}
