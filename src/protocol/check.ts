/** What `checkCluster` reports: findings with a severity each. Plain data, shared by activity, workflow, client and CLI. */

/** `critical`: act now, the database or its redundancy is hurt or the next change would hurt it. `warning`: mend it soon. `notice`: know it. */
export const severities = ['critical', 'warning', 'notice'] as const;
export type Severity = (typeof severities)[number];

export interface Finding {
  severity: Severity;
  /** Identity, stable while it is the same finding, e.g. `store/7/Down`. */
  key: string;
  /** One sentence for a person. */
  message: string;
}

export interface CheckReport {
  /** Inventory name of the TiDB cluster. */
  cluster: string;
  /** ISO 8601, by the worker's clock. */
  checkedAt: string;
  /** One sentence: `shop: 1 critical, 2 warnings, 0 notices`. */
  summary: string;
  /** The gravest first. */
  findings: Finding[];
}

/** Failure type of a check that found something critical, with the report as its detail: a Schedule's history shows it. */
export const criticalFailure = 'Critical';
