import type { Findings } from '../audit/auditor.js';
import { formatCount, formatReport, type ReportLine } from '../audit/report.js';
import { decimal } from '../plan/money.js';
import type { Collected } from './evidence.js';

export interface RunFigures {
  /** From the first request to the last acknowledgement. */
  readonly seconds: number;
  /** Requests that the client sent again because no answer, or "later", came. */
  readonly repeatedRequests: number;
  /** Deliveries of messages that had been delivered before, as the workers counted them. */
  readonly redelivered: number;
}

/** The table that ends a run, and one line for each broken invariant. */
export function verdict(evidence: Collected, findings: Findings, figures: RunFigures): string {
  const { broken } = findings;
  const judgement =
    broken.length === 0 ? ['Every invariant holds.'] : broken.map((sentence) => `BROKEN INVARIANT: ${sentence}`);
  return ['', formatReport(lines(evidence, findings, figures)), '', ...judgement, ''].join('\n');
}

function lines(evidence: Collected, findings: Findings, figures: RunFigures): ReportLine[] {
  const { state, model, deadLetters, expectedDeadLetters } = evidence;
  const rejected = state.transfers.filter(({ status }) => status === 'rejected').length;
  return [
    ['transfers accepted by HTTP', model.transfers.size],
    ['processed', state.transfers.length],
    ['of these rejected for lack of money', rejected],
    ['workers killed with SIGKILL', 1],
    ['requests sent again by the client', figures.repeatedRequests],
    ['redelivered', figures.redelivered],
    ['duplicates suppressed', evidence.duplicates],
    ['dead letters', `${deadLetters.length} of ${expectedDeadLetters.length} expected`],
    ['review cases, numbered without a gap', state.cases.length],
    undefined,
    ['sum of balances before', decimal(findings.sumBefore)],
    ['sum of balances after', decimal(findings.sumAfter)],
    ['accounts equal to the model', `${findings.accountsEqual}/${model.balances.size}`],
    ['lost', findings.lost],
    ['doubled', findings.doubled],
    undefined,
    ['messages/s', `${formatCount(model.transfers.size / figures.seconds)} (each by two groups)`],
    ['seconds', figures.seconds.toFixed(1)],
  ];
}
