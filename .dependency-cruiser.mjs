// Who may import whom. The table is the rule: everything below it only turns its rows into rules for dependency-cruiser.
//
// A row names a room (a directory of src/) or a part of one, and what it may import besides its own room.
//   'core'         the room, whole
//   'core:types'   only its types (`import type`), and those of its modules that are plain data (see DATA)
//   'cluster/plan' one part of a room
// A part with a row of its own is not bound by its room's row, and does not get the rest of its room by right.
/** @type {Record<string, string[]>} */
const TABLE = {
  lib: [],
  core: ['lib'],
  store: ['lib', 'core:types'],
  wire: ['lib', 'core:types'],
  labs: ['wire', 'lib'],
  node: ['lib', 'core', 'store', 'wire', 'labs'],
  client: ['wire', 'lib'],
  'cluster/selector': ['lib'],
  'cluster/plan': ['cluster/spec', 'cluster:types', 'wire', 'lib'],
  'cluster/manifest': ['cluster/{spec,plan}', 'cluster:types', 'wire', 'lib'],
  cluster: ['client', 'wire', 'lib'],
  'workload/{keys,mix,pacer,ramp}': ['workload/{keys,mix,pacer,ramp}', 'workload:types', 'lib'],
  workload: ['client', 'wire:types', 'lib'],
  measure: ['workload:types', 'wire:types', 'lib'],
  judge: ['workload:types', 'wire:types', 'lib'],
  report: ['measure:types', 'judge:types', 'lib'],
  render: ['report', 'lib'],
  runs: ['measure:types', 'workload:types', 'lib', 'wire'],
  'experiment/{plan,planner,account,bench,durability-plan,load,step}': [
    'experiment/{plan,planner,account,bench,durability-plan,load,step}',
    'experiment:types',
    'cluster/{spec,plan,selector}',
    'cluster:types',
    'workload/{keys,mix,pacer,ramp}',
    'workload:types',
    'measure',
    'lib',
  ],
  experiment: ['cluster', 'workload', 'client', 'measure', 'runs', 'wire', 'lib'],
  scenario: ['experiment/{plan,planner,account,bench,durability-plan,load,step}', 'cluster/spec', 'measure', 'wire', 'lib'],
  sim: ['core', 'store/memory', 'store:types', 'judge', 'measure', 'lib', 'workload/{keys,mix,pacer,ramp}', 'workload:types'],
  'chaos/{plan,local-reads}': ['judge/event', 'lib'],
  chaos: ['cluster', 'workload', 'client', 'judge', 'wire', 'lib'],
  'grade/judge': ['measure', 'lib'],
  grade: ['client', 'labs', 'workload', 'measure', 'cluster', 'wire', 'lib'],
  cli: ['*'],
};

/** Modules that are plain data or arithmetic on it: whoever may import a room's types may import these with their values. */
const DATA = ['core/version', 'core/record', 'cluster/spec', 'workload/sample'];

/** These decide, and do nothing: no node: modules. Their rows let them reach values of each other, of DATA and of wire only. */
const PURE = [
  'lib',
  'core',
  'measure',
  'judge',
  'report',
  'labs',
  'cluster/{plan,selector,manifest}',
  'experiment/{plan,planner,account,bench,durability-plan,load,step}',
  'scenario',
  'chaos/{plan,local-reads}',
  'workload/{keys,mix,pacer,ramp}',
  'grade/judge',
  'sim',
];

/** Pure rooms that need no package either: mathematics has no dependencies. */
const BARE = ['lib', 'core', 'measure', 'judge', 'sim'];

const rooms = Object.keys(TABLE).filter((row) => !row.includes('/'));
const parts = Object.keys(TABLE).filter((row) => row.includes('/'));

/**
 * `workload/{keys,mix}` -> the regular expression of its files; `workload` -> of everything below it.
 * @param {string} name
 */
function pattern(name) {
  const braces = name.replace(/\{(.*)\}/, (/** @type {string} */ _, /** @type {string} */ list) => `(?:${list.replaceAll(',', '|')})`);
  return name.includes('/') ? `^src/${braces}(?:[.]ts$|/)` : `^src/${name}/`;
}

/** @type {import('dependency-cruiser').SeverityType} */
const severity = 'error';

/** @type {import('dependency-cruiser').DependencyType[]} */
const TYPE_ONLY = ['type-only', 'type-import'];

/**
 * What the row forbids: any import of src/ that none of its entries allows, then values where only types are allowed.
 * @param {string} row
 * @returns {import('dependency-cruiser').IForbiddenRuleType[]}
 */
function rulesOf(row) {
  const allowed = TABLE[row] ?? [];
  if (allowed.includes('*')) return [];
  const [room = row] = row.split('/');
  const own = row.includes('/') ? pattern(row) : pattern(room);
  const partsOfRoom = row.includes('/') ? [] : parts.filter((part) => part.startsWith(`${room}/`)).map(pattern);
  const from = { path: own, pathNot: partsOfRoom };
  const values = [own, ...allowed.filter((name) => !name.endsWith(':types')).map(pattern)];
  const typesOf = allowed.filter((name) => name.endsWith(':types')).map((name) => name.slice(0, -':types'.length));
  const data = DATA.filter((name) => typesOf.includes(name.replace(/[/].*/, ''))).map(pattern);
  const comment = `${row} may import: ${[row, ...allowed].join(', ')} (the table in .dependency-cruiser.mjs)`;
  return [
    {
      name: `room-${row}`,
      comment,
      severity,
      from,
      to: { path: '^src/', pathNot: [...values, ...data, ...typesOf.map(pattern)] },
    },
    ...(typesOf.length === 0
      ? []
      : [
          {
            name: `types-only-${row}`,
            comment,
            severity,
            from,
            to: { path: typesOf.map(pattern), pathNot: [...values, ...data], dependencyTypesNot: TYPE_ONLY },
          },
        ]),
  ];
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...Object.keys(TABLE).flatMap(rulesOf),
    {
      name: 'a-room-without-a-row',
      comment: 'Every directory of src/ needs a row in the table of .dependency-cruiser.mjs',
      severity,
      from: { path: '^src/', pathNot: rooms.map(pattern) },
      to: {},
    },
    {
      name: 'nothing-imports-cli',
      comment: 'cli is the outermost room',
      severity,
      from: { pathNot: pattern('cli') },
      to: { path: pattern('cli') },
    },
    { name: 'no-cycles', comment: 'Cut the cycle: one of the two knows too much', severity, from: {}, to: { circular: true } },
    {
      name: 'pure-does-no-io',
      comment: 'Pure rooms, and the data they may import, import no node: modules',
      severity,
      from: { path: [...PURE, ...DATA, 'wire'].map(pattern) },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'bare-needs-no-package',
      comment: 'lib, core, measure, judge and sim need no package',
      severity,
      from: { path: BARE.map(pattern) },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg'] },
    },
    {
      name: 'src-imports-src',
      comment: 'What is shipped imports neither tests, scripts nor development packages',
      severity,
      from: { path: '^(?:src|bin)/' },
      to: { path: '^(?:test|scripts)/' },
    },
    {
      name: 'no-development-packages',
      comment: 'A package that src/ imports belongs to "dependencies"',
      severity,
      from: { path: '^(?:src|bin)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: TYPE_ONLY },
    },
    { name: 'resolvable', comment: 'It imports what is not there', severity, from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '[.]d[.]mts$' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js'],
    },
  },
};
