import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VersionSet } from '../../src/store/version-set.ts';

test('each version is new once, wherever it lies', () => {
  const near = fc.record({ epoch: fc.nat(2), seq: fc.nat(3_000) });
  const far = fc.record({ epoch: fc.constantFrom(1, 2 ** 40), seq: fc.maxSafeNat() });
  fc.assert(
    fc.property(fc.array(fc.oneof(near, far), { maxLength: 200 }), (versions) => {
      const [set, model] = [new VersionSet(), new Set<string>()];
      for (const { epoch, seq } of [...versions, ...versions.slice(0, 20)]) {
        const name = `${epoch}.${seq}`;
        expect(set.add({ epoch, seq }), name).toBe(!model.has(name));
        model.add(name);
      }
    }),
  );
});
