/** The rows of the outbox. `state`: 0 waiting, 1 published. */
export const TABLE = 'safesync_outbox';

/** (state, stream, available_at, id): what is due in a stream, and what was published when. */
export const CLAIM_INDEX = 'safesync_outbox_claim';

/** (state, order_key, id): what has to go before. */
export const ORDER_INDEX = 'safesync_outbox_order';
