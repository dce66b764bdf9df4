/** The five dialects by name, in order. */
import type { Dialect } from './dialect.ts';
import { LAB_1 } from './lab-1.ts';
import { LAB_2 } from './lab-2.ts';
import { LAB_3 } from './lab-3.ts';
import { LAB_4 } from './lab-4.ts';
import { LAB_5 } from './lab-5.ts';

export const DIALECTS: ReadonlyMap<string, Dialect> = new Map(
  [LAB_1, LAB_2, LAB_3, LAB_4, LAB_5].map((dialect) => [dialect.name, dialect]),
);
