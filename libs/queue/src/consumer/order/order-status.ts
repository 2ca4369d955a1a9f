/** How an ordered group looks from here. */
export interface OrderStatus {
  /** Standbys wait until the active consumer leaves or dies. */
  readonly role: 'active' | 'standby';
  /** Keys that are blocked; 0 in a standby. */
  readonly blockedKeys: number;
  /** Messages that wait for others of their key. */
  readonly parked: number;
  /** So many wait that nothing new is read. */
  readonly isFull: boolean;
}
