// Has every connection of mysql2 carry the flags of MYSQL_URL, `?flags=-FOUND_ROWS` for example. The driver reads them from an
// address, but TypeORM leaves everything after the question mark out of what it gives the driver. Loaded by jest for each test
// file, and by Node (NODE_OPTIONS, set in .ci/jest.mjs) in every process that a test starts.
const { createRequire } = require('node:module');
const { dirname, join } = require('node:path');

const given = process.env.MYSQL_URL;
const flags = given && URL.canParse(given) ? new URL(given).searchParams.get('flags') : null;
if (flags) {
  // not exported by the package, and reached by its place for that reason
  const mysql2 = dirname(createRequire(__filename).resolve('mysql2/package.json'));
  const ConnectionConfig = require(join(mysql2, 'lib', 'connection_config.js'));
  const { mergeFlags } = ConnectionConfig;
  // a connection that names flags of its own has those
  ConnectionConfig.mergeFlags = (defaults, own) => mergeFlags(defaults, own.length > 0 ? own : flags);
}
