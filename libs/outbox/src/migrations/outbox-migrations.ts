import { CreateSafesyncInbox1764100000000 } from './1764100000000-create-safesync-inbox.js';
import { CreateSafesyncOutbox1764100000001 } from './1764100000001-create-safesync-outbox.js';

/** The tables of this library, for `migrations` of a TypeORM DataSource. */
export const OUTBOX_MIGRATIONS = [CreateSafesyncInbox1764100000000, CreateSafesyncOutbox1764100000001] as const;
