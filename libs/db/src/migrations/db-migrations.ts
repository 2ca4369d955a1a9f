import { CreateSafesyncCommit1764000000000 } from './1764000000000-create-safesync-commit.js';

/** The tables of this library, for `migrations` of a TypeORM DataSource. */
export const DB_MIGRATIONS = [CreateSafesyncCommit1764000000000] as const;
