/** Calls `work`, then `succeed` or `fail`: at once, unless `work` takes its time. */
export function goOn(work: () => void | Promise<void>, succeed: () => void, fail: (error: unknown) => void): void {
  let pending: void | Promise<void>;
  try {
    pending = work();
  } catch (error) {
    fail(error);
    return;
  }
  if (pending) void pending.then(succeed, fail);
  else succeed();
}
