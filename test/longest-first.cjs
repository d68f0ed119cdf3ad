/** The files that take longest begin first: otherwise the last of them would run alone. */
const { default: Sequencer } = require('@jest/test-sequencer');

const longest = [
  'upgrade-three', 'fidelity', 'procedures', 'troubles', 'six-components', 'migrate-troubles', 'check-and-restart',
  'holds', 'migrate', 'api-faults', 'exit', 'people', 'straight-upgrade', 'crashes', 'migrate-killed', 'check',
  'any-run', 'lab', 'interrupt', 'client', 'commands', 'gates', 'lab-leaving', 'pause', 'ends',
];
const rankOf = ({ path }) => (longest.findIndex((name) => path.endsWith(`/${name}.test.ts`)) + longest.length + 1) % (longest.length + 1);

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    return [...tests].sort((one, other) => rankOf(one) - rankOf(other));
  }
};
