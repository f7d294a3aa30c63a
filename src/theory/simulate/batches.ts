/** A batch at work: its messages in order, and how many of them are done. */
export interface Batch {
  /** Its number, by which events refer to it; reused. */
  readonly no: number;
  items: number[];
  done: number;
  /** Its thread. */
  thread: number;
}

/** Batches by number. */
export class Batches {
  private readonly all: Batch[] = [];
  private readonly spare: Batch[] = [];

  begin(items: number[], thread: number): Batch {
    let batch = this.spare.pop();
    if (batch === undefined) {
      batch = { no: this.all.length, items, done: 0, thread };
      this.all.push(batch);
    }
    batch.items = items;
    batch.done = 0;
    batch.thread = thread;
    return batch;
  }

  of(no: number): Batch {
    return this.all[no] as Batch;
  }

  /** Ends a batch; returns its emptied list, for reuse. */
  end(batch: Batch): number[] {
    this.spare.push(batch);
    const { items } = batch;
    items.length = 0;
    return items;
  }
}
