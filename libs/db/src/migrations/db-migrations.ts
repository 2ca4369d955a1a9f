import { CreateSafesyncCommit1764000000000 } from './1764000000000-create-safesync-commit.js';
import { CreateSafesyncLease1764000000001 } from './1764000000001-create-safesync-lease.js';

/** The tables of this library, for `migrations` of a TypeORM DataSource. */
export const DB_MIGRATIONS = [CreateSafesyncCommit1764000000000, CreateSafesyncLease1764000000001] as const;
