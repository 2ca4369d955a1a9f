// The directions of the code, as errors. Right may import left: core <- db <- queue <- outbox; folders of one library likewise.
// Libraries meet through their package names only, and a library's own files never go through its index.

const SPECS = '\\.(spec|int-spec|e2e-spec)\\.ts$';

/** Which other libraries a library may import. */
const LIBRARIES = {
  core: [],
  db: ['core'],
  queue: ['db', 'core'],
  outbox: ['db', 'queue', 'core'],
  metrics: ['core'],
  cli: ['core', 'db', 'outbox'],
  testing: ['core', 'db', 'queue', 'outbox', 'metrics'],
};

/** Folders of a library in the order of the data path; a folder imports only folders before it. */
const FOLDERS = {
  db: ['sql', 'dialect', 'session', 'locking|writes'],
  queue: [
    'stream',
    'message',
    'publish',
    'registration',
    'handler',
    'delivery',
    'dead-letters',
    'retention',
    'consumer',
    'low-level',
  ],
  outbox: ['migrations', 'purge', 'inbox', 'outbox'],
};

const oneOf = (names) => `(${names.join('|')})`;

const libraryDirections = Object.entries(LIBRARIES).map(([library, allowed]) => ({
  name: `library-${library}`,
  comment: `${library} may import ${allowed.length > 0 ? allowed.join(', ') : 'no library of ours'}`,
  severity: 'error',
  from: { path: `^libs/${library}/src/`, pathNot: SPECS },
  to: { path: '^libs/', pathNot: `^libs/${oneOf([library, ...allowed])}/` },
}));

const folderDirections = Object.entries(FOLDERS).flatMap(([library, folders]) =>
  folders.slice(0, -1).map((folder, index) => ({
    name: `folders-${library}-${folder.replaceAll('|', '-')}`,
    comment: `inside ${library}: ${folders.join(' <- ')}`,
    severity: 'error',
    from: { path: `^libs/${library}/src/(${folder})/`, pathNot: SPECS },
    to: { path: `^libs/${library}/src/${oneOf(folders.slice(index + 1))}/` },
  })),
);

/** `driver` is imported for its code only from `doors`, in libraries; types may be named anywhere in the door's library. */
const door = (driver, doors, typesIn) => [
  {
    name: `door-${driver}`,
    comment: `only ${doors} runs ${driver}`,
    severity: 'error',
    from: { path: '^libs/[^/]+/src/', pathNot: `${doors}|${SPECS}` },
    to: { path: `^node_modules/${driver}/`, dependencyTypesNot: ['type-only'] },
  },
  {
    name: `door-${driver}-types`,
    comment: `only ${typesIn} knows the types of ${driver}`,
    severity: 'error',
    from: { path: '^libs/[^/]+/src/', pathNot: `${typesIn}|${SPECS}` },
    to: { path: `^node_modules/${driver}/` },
  },
];

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...libraryDirections,
    ...folderDirections,
    ...door('ioredis', '^libs/queue/src/stream/|^libs/testing/src/', '^libs/(queue|testing)/src/'),
    ...door('typeorm', '^libs/db/src/(session|migrations)/', '^libs/db/src/'),
    ...door('mysql2', '^libs/db/src/(session|sql)/|^libs/testing/src/', '^libs/(db|testing)/src/'),
    ...door('prom-client', '^libs/metrics/src/', '^libs/metrics/src/'),
    {
      name: 'core-stands-alone',
      comment: 'core knows Node and nothing else',
      severity: 'error',
      from: { path: '^libs/core/src/', pathNot: SPECS },
      to: { pathNot: '^libs/core/src/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'redis-side-knows-no-database',
      comment: 'streams and messages are Redis only; the session comes in at delivery',
      severity: 'error',
      from: { path: '^libs/queue/src/(stream|message)/' },
      to: { path: '^libs/db/|^node_modules/(typeorm|mysql2)/' },
    },
    {
      name: 'libraries-meet-at-their-index',
      comment: 'import @safesync/<lib>, never a path inside it',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: '^libs/[^/]+/(src|dist)/', pathNot: '^libs/$1/src/|^libs/[^/]+/(src|dist)/index\\.' },
    },
    {
      name: 'programs-meet-libraries-at-their-index',
      comment: 'import @safesync/<lib>, never a path inside it',
      severity: 'error',
      from: { path: '^(apps|test|bench)/' },
      to: { path: '^libs/[^/]+/(src|dist)/', pathNot: '^libs/[^/]+/(src|dist)/index\\.' },
    },
    {
      name: 'index-is-for-outsiders',
      comment: 'files of a library import files',
      severity: 'error',
      from: { path: '^libs/([^/]+)/src/' },
      to: { path: '^libs/$1/(src|dist)/index\\.' },
    },
    {
      name: 'modules-are-for-outsiders',
      comment: 'a Nest module is imported by the index, by applications and by specs',
      severity: 'error',
      from: { path: '^libs/[^/]+/src/', pathNot: `/src/index\\.ts$|${SPECS}` },
      to: { path: '^libs/[^/]+/src/.*\\.module\\.ts$' },
    },
    {
      name: 'packages-are-declared',
      comment: 'a library imports only packages that its own package.json names',
      severity: 'error',
      from: { path: '^libs/[^/]+/src/', pathNot: SPECS },
      to: {
        pathNot: '^libs/',
        // an optional peer counts as declared and as missing at once
        dependencyTypesNot: ['npm-peer'],
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
      },
    },
    {
      name: 'apps-stand-apart',
      comment: 'tests and measurements use the libraries; an application is started, not imported',
      severity: 'error',
      from: { path: '^(libs|bench)/' },
      to: { path: '^(apps|test|bench)/', pathNot: '^bench/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    exclude: { path: '^(libs|apps)/[^/]+/src/.*[.]d[.]ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default', 'types'] },
  },
};
