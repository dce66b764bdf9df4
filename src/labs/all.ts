/** The five labs in order: their dialects by name, and their environments. */
import type { Dialect } from './dialect.ts';
import { LAB_1, LAB_1_ENVIRONMENT } from './lab-1.ts';
import { LAB_2, LAB_2_ENVIRONMENT } from './lab-2.ts';
import { LAB_3, LAB_3_ENVIRONMENT } from './lab-3.ts';
import { LAB_4, LAB_4_ENVIRONMENT } from './lab-4.ts';
import { LAB_5, LAB_5_ENVIRONMENT } from './lab-5.ts';
import type { LabEnvironment } from './lab-environment.ts';

export const DIALECTS: ReadonlyMap<string, Dialect> = new Map(
  [LAB_1, LAB_2, LAB_3, LAB_4, LAB_5].map((dialect) => [dialect.name, dialect]),
);

export const LAB_ENVIRONMENTS: readonly LabEnvironment[] = [
  LAB_1_ENVIRONMENT,
  LAB_2_ENVIRONMENT,
  LAB_3_ENVIRONMENT,
  LAB_4_ENVIRONMENT,
  LAB_5_ENVIRONMENT,
];
