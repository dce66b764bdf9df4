// A leader that tells followers which were away that there is nothing to catch up with.
import { Link } from '../../../src/core/link.ts';

const scanned = Link.prototype.scanned;
Link.prototype.scanned = function (token, page, _rows, now) {
  scanned.call(this, token, page, [], now);
};
await import('../../../src/node/main.ts');
