/** A scenario's plan for people, and as a document: what `--dry-run` prints, and what a run says first. */
import { describeLoad } from '../../experiment/load.ts';
import { describeTarget, type ExperimentPlan, roughly } from '../../experiment/plan.ts';
import { describeAction, type Step } from '../../experiment/step.ts';
import { formatMs } from '../../lib/units.ts';

export function describeScenario(plan: ExperimentPlan): string[] {
  const bySubject = Map.groupBy(plan.expectations, ({ subject }) => subject);
  const rules = [...bySubject].map(([subject, all]) => `${subject}: ${all.map(({ threshold }) => threshold.text).join(', ')}`);
  return [
    `scenario  ${plan.name}`,
    `cluster   ${describeTarget(plan)}`,
    ...labelled('steps', plan.steps.flatMap(describeStep)),
    ...labelled('expects', rules),
    `expected  about ${roughly(plan.expectedMs)}`,
  ];
}

/** The plan as `-o json` prints it. */
export function planDocument(plan: ExperimentPlan) {
  return {
    scenario: plan.name,
    why: plan.why,
    cluster: plan.target.kind === 'own' ? plan.target.spec : plan.target.view.name,
    seed: plan.seed,
    steps: plan.steps.map((step) => ({
      step: step.step,
      kind: step.kind,
      title: step.title,
      expected_ms: Math.round(step.expectedMs),
      model_ms: step.kind === 'measure' ? step.modelMs : null,
    })),
    expectations: plan.expectations.map(({ subject, threshold }) => ({ step: subject, threshold: threshold.text })),
    expected_ms: Math.round(plan.expectedMs),
  };
}

/** A sweep says its load once, with its first row. */
function describeStep(step: Step, index: number, steps: readonly Step[]): string[] {
  if (step.kind !== 'measure') return [`${step.step}: ${step.title}`];
  const isFirst = steps.findIndex((each) => each.kind === 'measure' && each.sweep === step.sweep) === index;
  const model = step.modelMs === null ? '' : ` (the delays alone cost ${formatMs(step.modelMs)}, by the model)`;
  const during = step.during.map(({ atMs, action }) => `  at ${formatMs(atMs)}: ${describeAction(action)}`);
  return [`${step.step}${model}`, ...(isFirst ? [`  ${describeLoad(step.load)}`] : []), ...during];
}

function labelled(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `${index === 0 ? label.padEnd(10) : ' '.repeat(10)}${line}`);
}
