/** Performs an order of the bench; orders come one after the other. */
export type Perform<Order, Result> = (order: Order) => Promise<Result>;

/**
 * One kind of work, inside a contender's process: makes the contender's module ready and says how orders are performed.
 * A file exports it as `host`. Orders, results and setup cross the process border as JSON.
 */
export type Host<Module, Setup, Order, Result> = (
  contender: Module,
  setup: Setup,
  onProgress: (done: number) => void,
) => Promise<Perform<Order, Result>>;

/** What the contender's process tells the bench. */
export type ContenderReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly done: number }
  | { readonly kind: 'performed'; readonly result: unknown };
