import type { Check } from '../check.ts';
import { failed, pass, unknown } from '../finding.ts';

export const RESTART: Check = {
  id: 'restart',
  title: 'A restart keeps the data',
  about: 'Data on a disk are there when everything comes back, and what is written then is newer than all of them.',
  needs: ['writes', 'control', 'durable'],
  run: async (ground) => {
    const { trouble, writes, written, lost, stuck, rewrites } = await ground.restart();
    const nodes = ground.subject.peers.length;
    if (trouble !== null) return unknown(`Cannot be told: ${trouble}.`, { requests: writes.map(({ exchange }) => exchange) });
    if (lost.length > 0) {
      const names = [...new Set(lost.map(({ peer }) => peer.name))].join(', ');
      return failed(
        `All ${nodes} nodes were stopped and started again: ${lost.length} of ${written.size * nodes} copies are gone, at ${names}.`,
        {
          requests: lost.map(({ reading }) => reading.exchange),
        },
      );
    }
    const refused = rewrites.filter(({ outcome }) => outcome !== 'success');
    if (refused.length > 0) {
      return failed(`The data are there after the restart, but ${refused.length} of ${rewrites.length} writes no longer succeed.`, {
        requests: refused.map(({ exchange }) => exchange),
      });
    }
    if (stuck.length > 0) {
      return failed(
        `The data are there after the restart, but ${stuck.length} copies do not take over what is written now: a new write counts as older than the stored one.`,
        {
          requests: stuck.map(({ reading }) => reading.exchange),
        },
      );
    }
    return pass(`All ${nodes} nodes were stopped and started again: ${written.size} keys were there at each, and could be written again.`, {
      requests: writes.map(({ exchange }) => exchange),
    });
  },
};
